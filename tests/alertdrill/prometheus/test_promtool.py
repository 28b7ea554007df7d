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
    assert promtool.Checked(files=1, rules=1, tests=0) == promtool.check_folder(tmp_path)


def test_a_folder_without_rules_is_refused(tmp_path: Path) -> None:
    """An empty folder proves nothing, so it is an error."""
    with pytest.raises(
        RulesError, match=r"no \*.rules.yaml file is here: name the folder that holds the rules"
    ):
        promtool.check_folder(tmp_path)


def test_what_can_t_be_read_does_not_reach_promtool(tmp_path: Path) -> None:
    """A mistake that alertdrill finds itself is said in its own words, with its line."""
    file = write(tmp_path, GOOD.replace("up == 0", "up =="))
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
        promtool.check_folder(tmp_path)
    assert str(file) == caught.value.file
