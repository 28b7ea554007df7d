"""The quick way against the plain one: each damaged rule by itself, before promtool, with a whole file."""

import shutil
from pathlib import Path

import msgspec
import pytest

from alertdrill import data, rules
from alertdrill.mutate import cases, mutants, rule_tests
from alertdrill.mutate.mutants import Mutant
from alertdrill.prometheus import promtool
from alertdrill.rules import RuleSet

pytestmark = pytest.mark.slow

# Whatever makes it hard to ask many at once: names that several rules have, rules that read rules, alerts
# that read alerts, metrics that are not named, texts that say a name, what can't be evaluated or comes late.
RULES = """
groups:
  - name: second
    rules:
      - alert: Down
        expr: job:down:most > 0
        for: 5m
        annotations: {summary: "{{ $value }} are down"}
      - alert: Down
        expr: job:down:most > 1
        labels: {severity: critical}
      - alert: Named
        expr: up == 0
        annotations:
          summary: >-
            {{ with query "ALERTS{alertname='Named'}" }}still{{ else }}new{{ end }}
      - alert: Unwanted
        expr: up{job="a"} != wanted{job="a"}
      - alert: Joined
        expr: up * on (job, instance) group_left (team) owner == 0
  - name: first
    rules:
      - record: job:down:count
        expr: count by (job) (up{job="a"} == 0)
      - record: job:down:count
        expr: count by (job) (up{job="b"} == 0)
        labels: {of: b}
      - record: job:down:most
        expr: max without (of) (job:down:count)
      - record: job:up:count
        expr: count by (job) (up == 1)
"""
READERS = """
groups:
  - name: readers
    rules:
      - alert: Hot
        expr: temperature > 30
      - alert: Cold
        expr: temperature < 0
      - alert: Storm
        expr: count(ALERTS{alertstate="firing"}) > 1
      - alert: Twice
        expr: count({job="a"}) > 4
"""
TESTS = """
rule_files: [a.rules.yaml]
evaluation_interval: 1m
group_eval_order: [first, second]
tests:
  - name: one of each job is down, and later two
    interval: 1m
    input_series:
      - {series: 'up{job="a", instance="1"}', values: 1x4 0x60}
      - {series: 'up{job="a", instance="2"}', values: 1x30 0x30}
      - {series: 'up{job="b", instance="1"}', values: 1x4 0x60}
      - {series: 'wanted{job="b", instance="1"}', values: 1x60}
      - {series: 'wanted{job="a", instance="2"}', values: 1x60}
      - {series: 'owner{job="a", instance="1", team="x"}', values: 1x60}
      - {series: 'owner{job="a", instance="2", team="y"}', values: 1x60}
    alert_rule_test:
      - {eval_time: 9m, alertname: Down, exp_alerts: []}
      - eval_time: 10m
        alertname: Down
        exp_alerts:
          - {exp_labels: {job: a}, exp_annotations: {summary: 1 are down}}
          - {exp_labels: {job: b}, exp_annotations: {summary: 1 are down}}
      - eval_time: 40m
        alertname: Down
        exp_alerts:
          - {exp_labels: {job: a}, exp_annotations: {summary: 2 are down}}
          - {exp_labels: {job: a, severity: critical}}
          - {exp_labels: {job: b}, exp_annotations: {summary: 1 are down}}
      - {eval_time: 10m, alertname: Unwanted, exp_alerts: []}
      - {eval_time: 40m, alertname: Unwanted, exp_alerts: [{exp_labels: {job: a, instance: "2"}}]}
      - eval_time: 10m
        alertname: Joined
        exp_alerts: [{exp_labels: {job: a, instance: "1", team: x}}]
    promql_expr_test:
      - expr: job:down:count{job="b"}
        eval_time: 8m
        exp_samples: [{labels: 'job:down:count{job="b", of="b"}', value: 1}]
      - expr: sum(job:up:count)
        eval_time: 2m
        exp_samples: [{value: 3}]
  - name: one that says its name
    interval: 1m
    input_series: [{series: 'up{job="c"}', values: 0x10}]
    alert_rule_test:
      - eval_time: 3m
        alertname: Named
        exp_alerts: [{exp_labels: {job: c}, exp_annotations: {summary: still}}]
    promql_expr_test:
      - {expr: 'ALERTS{alertname="Down"}', eval_time: 3m, exp_samples: []}
      - expr: count(ALERTS)
        eval_time: 3m
        exp_samples: [{value: 1}]
"""
TESTS_OF_READERS = """
rule_files: [b.rules.yaml]
tests:
  - name: two are hot
    interval: 1m
    input_series:
      - {series: 'temperature{job="a", room="1"}', values: 20x4 40x10}
      - {series: 'temperature{job="a", room="2"}', values: 20x4 40x10}
    alert_rule_test:
      - {eval_time: 4m, alertname: Storm, exp_alerts: []}
      - {eval_time: 7m, alertname: Storm, exp_alerts: [{exp_labels: {}}]}
      - {eval_time: 4m, alertname: Twice, exp_alerts: []}
      - {eval_time: 7m, alertname: Twice, exp_alerts: [{exp_labels: {}}]}
"""


def plainly(found: list[Mutant], tests: list[Path], folder: Path) -> list[set[str]]:
    """Return for each mutant the cases that fail with it, where nothing else is changed on disk."""
    return [
        {f"{test}: {name}" for test in tests for name in _failed(mutant, test, folder / str(place))}
        for place, mutant in enumerate(found)
    ]


def _failed(mutant: Mutant, test: Path, folder: Path) -> set[str]:
    file = Path(mutant.original.file).resolve()
    beside = list(cases.read([test])[0].rules)
    if file not in beside:
        return set()
    for path in (*beside, test.resolve()):
        copy = folder / path.relative_to(path.anchor)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    groups = tuple(
        msgspec.structs.replace(
            group, rules=tuple(mutant.changed if rule == mutant.original else rule for rule in group.rules)
        )
        for group in rules.load([file]).groups
    )
    changed = folder / file.relative_to(file.anchor)
    changed.write_text(RuleSet(files={str(file): groups}).to_yaml())
    copy = folder / test.resolve().relative_to(file.anchor)
    return set(promtool.failures([copy], folder / "junit.xml")[copy])


def held_against_the_plain_way(found: list[Mutant], tests: list[Path], folder: Path) -> None:
    """Hold that both ways find the same cases, and that who is asked only until noticed is noticed by one."""
    plain = plainly(found, tests, folder)
    whole = rule_tests.kills(found, cases.read(tests), every=True)
    first = rule_tests.kills(found, cases.read(tests), every=False)
    names = [f"{one.original.name}: {one.what}" for one in found]
    assert dict(zip(names, plain, strict=True)) == dict(zip(names, map(set, whole), strict=True))
    assert [bool(one) for one in plain] == [bool(one) for one in first]
    assert [] == [
        name for name, one, noticed in zip(names, found, plain, strict=True) if one.same and noticed
    ]
    assert all(some <= every for some, every in zip(first, whole, strict=True))


@pytest.mark.parametrize(
    ("name", "ruleset", "tests"), [("a", RULES, TESTS), ("b", READERS, TESTS_OF_READERS)]
)
def test_many_at_once_are_noticed_as_each_alone(tmp_path: Path, name: str, ruleset: str, tests: str) -> None:
    """Of rules that are hard to tell apart promtool says the same when it is asked about all at once."""
    (tmp_path / f"{name}.rules.yaml").write_text(ruleset)
    test = tmp_path / f"{name}.test.yaml"
    test.write_text(tests)
    found, unread = mutants.of(rules.load([tmp_path / f"{name}.rules.yaml"]))
    assert not unread
    held_against_the_plain_way(list(found), [test], tmp_path / "plain")


@pytest.mark.parametrize("group", ["claims", "jobs"])
def test_our_own_rules_are_noticed_as_each_alone(tmp_path: Path, group: str) -> None:
    """The shipped rules of a group, and the tests that are with them."""
    found, _ = mutants.of(rules.load([data.path("rules") / f"{group}.rules.yaml"]))
    held_against_the_plain_way(
        list(found), [data.path("rules") / "tests" / f"{group}.test.yaml"], tmp_path / "plain"
    )
