"""Which files are rules: one answer, for every command."""

import io
import os
import sys
from pathlib import Path

import pytest

from alertdrill import rules
from alertdrill.errors import RulesError

RULE = "groups: [{name: g, rules: [{alert: %s, expr: up}]}]\n"
OBJECT = "apiVersion: v1\nkind: PrometheusRule\nspec:\n  " + RULE
TEST = "rule_files: [a.yaml]\ntests: []\n"


def write(folder: Path, **files: str) -> None:
    """Write files by their names, with _ for a dot and __ for a slash."""
    for name, text in files.items():
        file = folder / name.replace("__", "/").replace("_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def test_of_a_folder_all_yaml_that_is_rules_is_read(tmp_path: Path) -> None:
    """Rules are told by what is in a file, not by its name; other Kubernetes objects are passed over."""
    write(
        tmp_path,
        a_rules_yaml=RULE % "A",
        b_rules_yml=RULE % "B",
        c_yml=RULE % "C",
        d_yaml=OBJECT % "D",
        kustomization_yaml="apiVersion: v1\nkind: Kustomization\n",
        e_test_yaml=TEST,
        f_yaml=TEST,
        g_test_yml=RULE % "G",
        README_md="text",
        within__h_yaml=RULE % "H",
        tests__i_yaml=RULE % "I",
        within__tests__j_yaml=RULE % "J",
        _hidden__k_yaml=RULE % "K",
        chart__l_yaml="groups: [{{- .Values.groups }}\n",
    )
    (tmp_path / "within" / "h.yaml").unlink()
    found = rules.load([tmp_path])
    assert (["A", "B", "C", "D", "G"], ()) == (sorted(found.alerts), found.remarks)


def test_rules_in_folders_within_are_told(tmp_path: Path) -> None:
    """Of a folder that was named nobody would miss what is deeper in it; who names that, too, has it."""
    write(
        tmp_path,
        a_yaml=RULE % "A",
        sub__b_yml=OBJECT % "B",
        sub__c_yaml=RULE % "C",
        sub__deep__d_yaml=RULE % "D",
        sub__e_test_yaml=TEST,
    )
    sub, deep = tmp_path / "sub", tmp_path / "sub" / "deep"
    told = [
        (sorted(found.alerts), [str(one).partition("; ")[0] for one in found.remarks])
        for found in map(rules.load, ([tmp_path], [tmp_path, sub], [tmp_path, sub, deep]))
    ]
    said = [
        f"{one}: warning: rules in it were not read, such as {one}/{file}"
        for one, file in ((sub, "b.yml"), (deep, "d.yaml"))
    ]
    assert [(["A"], said[:1]), (["A", "B", "C"], said[1:]), (["A", "B", "C", "D"], [])] == told


def test_tests_are_those_of_a_folder_and_of_its_tests(tmp_path: Path) -> None:
    """Tests are told by what is in them; where that can't be read, by their name."""
    write(
        tmp_path,
        a_yaml=RULE % "A",
        b_test_yaml=TEST,
        c_yml=TEST,
        d_test_yml="tests: [",
        tests__e_test_yaml=TEST,
        tests__f_yml=TEST,
        tests__g_yaml=RULE % "G",
    )
    found = rules.find([tmp_path])
    there = ["b.test.yaml", "c.yml", "d.test.yml", "tests/e.test.yaml", "tests/f.yml"]
    assert there == [str(path.relative_to(tmp_path)) for path in found.tests]


def test_what_is_none_of_it_is_said(tmp_path: Path) -> None:
    """YAML that is neither rules nor Kubernetes' may be rules with a typing error, so it is told."""
    write(tmp_path, a_yaml=RULE % "A", b_yaml="group: []\n")
    (remark,) = rules.load([tmp_path]).remarks
    assert (f"{tmp_path}/b.yaml", 1) == (remark.file, remark.line)
    assert remark.sentence.startswith("this is no rule file: it has group, and neither `groups` nor a")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a_rules_yaml": "group: []"}, "a.rules.yaml:1: this is no rule file: it has group"),
        ({"a_rules_yaml": TEST}, ": no rules are in this folder"),
        ({"a_yml": "a: ["}, "a.yml:1: this is no YAML"),
        (
            {"a_yaml": "apiVersion: v1\nkind: Service\n"},
            ": no rules are in this folder: looked for *.yaml and",
        ),
        ({"tests__a_test_yaml": TEST}, ": no rules are in this folder"),
        ({}, ": no rules are in this folder"),
    ],
)
def test_a_folder_that_may_have_lost_rules_is_refused(
    files: dict[str, str], said: str, tmp_path: Path
) -> None:
    """A rule file that can't be read, or none at all, is an error of its own and not a smaller rule set."""
    write(tmp_path, **files)
    with pytest.raises(RulesError) as caught:
        rules.load([tmp_path])
    assert said in str(caught.value)


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    """A folder and a file of it are no repetition."""
    write(tmp_path, a_yaml=RULE % "A")
    found = rules.load([tmp_path, tmp_path / "a.yaml"])
    assert (1, ()) == (len(found.rules), found.remarks)


def test_the_standard_input_is_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is what kustomize writes, and its lines are told."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((OBJECT % "A").encode())))
    (rule,) = rules.load([Path("-")]).rules
    assert ("A", "stdin", 4) == (rule.name, rule.file, rule.line)


@pytest.mark.parametrize("path", ["", "none.yaml", "/dev/null"])
def test_nothing_to_read_is_a_rules_error(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No path, a missing file and a device are refused with a sentence."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RulesError, match=r"name at least one|No such file|no regular file"):
        rules.load([Path(path)] if path else [])


def test_a_pipe_that_lies_in_a_folder_is_not_waited_for(tmp_path: Path) -> None:
    """Nobody may ever write into it; one that is named is read."""
    write(tmp_path, a_yaml=RULE % "A")
    os.mkfifo(tmp_path / "b.yaml")
    assert ["A"] == sorted(rules.load([tmp_path]).alerts)
