"""promtool's complaints come back as sentences with a place."""

from pathlib import Path

import pytest

from alertdrill.errors import LabError, RulesError
from alertdrill.prometheus import promtool

GOOD = "groups:\n  - name: g\n    rules:\n      - alert: Down\n        expr: up == 0\n"


def write(folder: Path, text: str | bytes, name: str = "a.rules.yaml") -> Path:
    """Write one rule file."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def test_good_rules_are_counted(tmp_path: Path) -> None:
    """A folder of good rules says how many it has."""
    write(tmp_path, GOOD)
    assert promtool.Checked(files=1, rules=1, tests=0) == promtool.check([tmp_path])


def test_a_folder_without_rules_is_refused(tmp_path: Path) -> None:
    """An empty folder proves nothing, so it is an error."""
    with pytest.raises(RulesError, match=r"no rules are in this folder: .*; name the folder that holds them"):
        promtool.check([tmp_path])


@pytest.mark.parametrize(
    ("files", "rules", "tests", "said"),
    [
        (6, 14, 6, "14 rules in 6 files are good, and 6 files of rule tests pass"),
        (1, 1, 1, "1 rule in 1 file is good, and 1 file of rule tests passes"),
        (2, 3, 0, "3 rules in 2 files are good, and there are no rule tests"),
        (1, 0, 0, "there are no rules in 1 file, and there are no rule tests"),
        (0, 0, 2, "2 files of rule tests pass"),
    ],
)
def test_what_was_not_checked_does_not_read_like_success(
    files: int, rules: int, tests: int, said: str
) -> None:
    """Where there are no tests, that is what is said."""
    assert said == str(promtool.Checked(files=files, rules=rules, tests=tests))


RULE = "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {name: a}\nspec:\n"
OBJECT = RULE + "".join(f"  {line}\n" for line in GOOD.splitlines())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (GOOD, 5),
        (OBJECT, 9),
        (f"{OBJECT}---\n{OBJECT.replace('up == 0', 'up')}", 9),
        (f"{OBJECT.replace('up == 0', 'up')}---\n{OBJECT}", 19),
        ("namespace: a\n" + GOOD, 6),
        (GOOD.replace("rules:", "partial_response_strategy: warn\n    rules:"), 6),
    ],
)
def test_prometheus_has_the_last_word_on_promql_in_every_form(text: str, line: int, tmp_path: Path) -> None:
    """What only Prometheus can tell to be no PromQL is said with the line of the expression."""
    file = write(tmp_path, text)
    promtool.check([file])
    write(tmp_path, text.replace("up == 0", "up =="))
    with pytest.raises(RulesError) as caught:
        promtool.check([file])
    assert str(caught.value).startswith(f"{file}:{line}: Down: could not parse expression: ")


def test_what_prometheus_can_read_and_alertdrill_can_t_is_good_and_told(tmp_path: Path) -> None:
    """A rule that promtool takes is good, and whoever wants to drill it knows before that it can't be."""
    deep = "(" * 250 + "up" + ")" * 250
    file = write(tmp_path, GOOD.replace("up == 0", deep))
    (remark,) = promtool.check([file]).remarks
    assert (str(file), 5, "Down can be neither scaled nor mutated") == (
        remark.file,
        remark.line,
        remark.sentence.partition(":")[0],
    )


def test_rules_and_tests_may_be_named_themselves(tmp_path: Path) -> None:
    """A file of tests is run wherever it stands, with the rules it names."""
    file = write(tmp_path, GOOD)
    tests = write(tmp_path, "rule_files: [a.rules.yaml]\ntests: [{name: none}]\n", "tests.yml")
    assert ["1 rule in 1 file is good, and 1 file of rule tests passes", "1 file of rule tests passes"] == [
        str(promtool.check([file, tests])),
        str(promtool.check([tests])),
    ]


def test_rule_tests_run_where_the_folder_for_temporary_files_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another folder is found, as it is for everything else: the tests did not fail."""
    monkeypatch.setenv("TMPDIR", "/dev/null/none")
    write(tmp_path, GOOD)
    write(tmp_path, "rule_files: [a.rules.yaml]\ntests: [{name: none}]\n", "a.test.yml")
    assert promtool.Checked(files=1, rules=1, tests=1) == promtool.check([tmp_path])


def test_what_can_t_be_read_does_not_reach_promtool(tmp_path: Path) -> None:
    """A mistake that alertdrill finds itself is said in its own words, with its line."""
    file = write(tmp_path, GOOD.replace("up == 0", "''"))
    with pytest.raises(RulesError) as caught:
        promtool.check([file])
    assert str(caught.value).startswith(f"{file}:5: ")


def test_what_only_promtool_sees_is_all_reported(tmp_path: Path) -> None:
    """Two templates without a condition, in two files, are two sentences with the lines of their alerts."""
    bad = GOOD + "        annotations: {a: '{{ if }}x{{ end }}'}\n"
    files = [write(tmp_path, bad.replace("Down", name), f"{name}.rules.yaml") for name in ("One", "Two")]
    with pytest.raises(RulesError) as caught:
        promtool.check(files)
    first, second = str(caught.value).splitlines()
    assert first.startswith(f'{files[0]}:4: One: annotation "a": ')
    assert second.startswith(f'{files[1]}:4: Two: annotation "a": ')
    assert first.endswith("missing value for if")
    assert (str(files[0]), 4) == (caught.value.file, caught.value.line)


def test_an_answer_nobody_understands_is_the_lab_s_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When promtool fails without a word about a file, the rules are not called good."""
    monkeypatch.setattr("alertdrill.machine.tools.promtool", lambda: "/bin/false")
    with pytest.raises(LabError, match="could not read its answer"):
        promtool.check([write(tmp_path, GOOD)])


def test_no_promtool_is_the_lab_s_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When promtool can't be started, the rules are not called good."""
    monkeypatch.setattr("alertdrill.machine.tools.promtool", lambda: tmp_path / "nosuch")
    with pytest.raises(LabError, match=r"asking promtool to check rules: .*No such file"):
        promtool.check([write(tmp_path, GOOD)])


CASE = "tests: [{{name: one, {}, alert_rule_test: [{{eval_time: 5m, alertname: Down}}]}}]"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "rule_files: [b.rules.yaml]\n" + CASE.format("interval: 1m"),
            ": it tests the rules of {}/b.rules.yaml, which is no file",
        ),
        (CASE.format("inputs: []"), ":1: field inputs not found"),
        ("tests: [{", ":1: did not find expected node content"),
        (
            CASE.format("input_series: [{series: 'up{', values: 1}]"),
            ": promtool can't run the test one: 2:5: parse error: unexpected character inside braces: '1'",
        ),
    ],
    ids=["no rules", "an unknown field", "no YAML", "no series"],
)
def test_a_file_that_tests_nothing_is_told_in_one_line(tmp_path: Path, text: str, sentence: str) -> None:
    """To promtool rules that are not there are a warning, and a mistake is told over several lines."""
    file = write(tmp_path, text, "a.test.yaml")
    with pytest.raises(RulesError) as caught:
        promtool.check([file])
    assert f"{file}{sentence.format(tmp_path)}" == str(caught.value)


def test_a_failing_rule_test_says_what_was_expected(tmp_path: Path) -> None:
    """An expectation that isn't met is reported with its file, what was expected and what came."""
    write(tmp_path, GOOD)
    file = write(
        tmp_path,
        "rule_files: [../a.rules.yaml]\n"
        "tests:\n"
        "  - name: silence\n"
        "    input_series: [{series: up, values: 1x9}]\n"
        "    alert_rule_test: [{eval_time: 5m, alertname: Down, exp_alerts: [{exp_labels: {a: b}}]}]\n",
        "tests/a.test.yaml",
    )
    with pytest.raises(
        RulesError, match=r"(?s)the rules don't do what the test says:.*Down.*exp.*got"
    ) as caught:
        promtool.check([tmp_path])
    assert str(file) == caught.value.file
