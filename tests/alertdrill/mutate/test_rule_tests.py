"""Mutants before promtool's rule tests: who notices is what promtool itself says."""

import textwrap
from pathlib import Path

import pytest

from alertdrill import rules
from alertdrill.errors import RulesError
from alertdrill.mutate import cases, mutants, rule_tests

RULES = """
groups:
  - name: g
    rules:
      - record: down:count
        expr: count(up == 0)
      - alert: Down
        expr: down:count > 0
        for: 5m
        labels: {severity: critical}
        annotations: {summary: "{{ $value }} are down"}
      - alert: Other
        expr: ALERTS{alertname="Down"} == 1
"""
TESTS = """
rule_files: [a.rules.yaml]
evaluation_interval: 1m
tests:
  - name: one that is down
    interval: 1m
    input_series:
      - {series: 'up{job="a"}', values: '1x10 0x20'}
    alert_rule_test:
      - {eval_time: 12m, alertname: Down, exp_alerts: []}
      - eval_time: 17m
        alertname: Down
        exp_alerts: [{exp_labels: {severity: critical}, exp_annotations: {summary: "1 are down"}}]
  - name: one that is up
    interval: 1m
    input_series:
      - {series: 'up{job="a"}', values: '1x20'}
    alert_rule_test:
      - {eval_time: 10m, alertname: Down, exp_alerts: []}
  - name: about another alert
    alert_rule_test:
      - {eval_time: 10m, alertname: Other, exp_alerts: []}
"""


def killed(
    folder: Path, tests: str = TESTS, ruleset: str = RULES, *, every: bool = True
) -> dict[str, set[str]]:
    """Return by alert and change the cases that notice it."""
    (folder / "a.rules.yaml").write_text(textwrap.dedent(ruleset))
    (folder / "a.test.yaml").write_text(textwrap.dedent(tests))
    found, _ = mutants.of(rules.load([folder / "a.rules.yaml"]))
    kills = rule_tests.kills(found, cases.read([folder / "a.test.yaml"]), every=every)
    return {
        f"{one.original.name} {one.what}": {case.rpartition(": ")[2] for case in cases}
        for one, cases in zip(found, kills, strict=True)
    }


DOWN, UP = "one that is down", "one that is up"


def test_a_case_notices_what_makes_it_fail(tmp_path: Path) -> None:
    """A mutant is killed by the cases that fail with it, and survives those that pass."""
    found = killed(tmp_path)
    assert {DOWN} == found["Down > → < before 0"]
    assert {DOWN, UP} >= found["down:count == → != before 0"] >= {UP}
    assert {DOWN} == found["Down for 5m → nothing"] == found["Down annotation summary → nothing"]
    assert {DOWN} == found["Down severity critical → warning"]
    assert set() == found["Down > → >= before 0"]
    assert set() == found["Down for 5m → 2m30s"]


def test_who_has_been_noticed_is_not_asked_about_again(tmp_path: Path) -> None:
    """By default one case is enough for each; as many are noticed as by all."""
    whole, first = killed(tmp_path), killed(tmp_path, every=False)
    assert {name for name, cases in whole.items() if cases} == {
        name for name, cases in first.items() if cases
    }
    assert all(cases <= whole[name] for name, cases in first.items())


def test_rules_that_fail_as_they_are_kill_nothing(tmp_path: Path) -> None:
    """Where a test fails before anything is mutated, nothing can be said, and it is told which does."""
    wrong = TESTS.replace("1 are down", "2 are down")
    with pytest.raises(RulesError, match=r"a.test.yaml: the rules, as they are, don't do what the test says"):
        killed(tmp_path, wrong)


def test_what_is_expected_after_hours_is_asked_too(tmp_path: Path) -> None:
    """A mutant that the first two hours of a case pass is tried on all of them."""
    late = """
    rule_files: [a.rules.yaml]
    evaluation_interval: 1m
    tests:
      - name: late
        interval: 1m
        input_series: [{series: 'up{job="a"}', values: '1x150 0x60'}]
        alert_rule_test:
          - {eval_time: 10m, alertname: Down, exp_alerts: []}
          - eval_time: 157m
            alertname: Down
            exp_alerts: [{exp_labels: {severity: critical}, exp_annotations: {summary: "1 are down"}}]
    """
    found = killed(tmp_path, late)
    assert {"late"} == found["Down for 5m → 10m"]
    assert set() == found["Down for 5m → 2m30s"]


def test_an_alert_that_another_reads_is_there_for_it(tmp_path: Path) -> None:
    """A rule that passes only together with the others is tried together with them."""
    both = """
    rule_files: [a.rules.yaml]
    evaluation_interval: 1m
    tests:
      - name: both
        interval: 1m
        input_series: [{series: 'up{job="a"}', values: '0x20'}]
        alert_rule_test:
          - eval_time: 10m
            alertname: Other
            exp_alerts: [{exp_labels: {severity: critical, alertstate: firing}}]
    """
    found = killed(tmp_path, both)
    assert {"both"} == found["Other == 1 → == 2"]


@pytest.mark.parametrize(
    ("text", "why"),
    [("a: [", "a.test.yaml: this is no YAML"), ("tests: 1", "a.test.yaml: this is no file of rule tests")],
)
def test_a_damaged_test_file_is_told(tmp_path: Path, text: str, why: str) -> None:
    """What is no test is the user's mistake, with the file's name."""
    with pytest.raises(RulesError, match=why):
        killed(tmp_path, text)
