"""Whole rule sets at speed."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from alertdrill import data, durations, rules
from alertdrill.compress import Compressed, compress
from alertdrill.errors import UsageError
from alertdrill.rules import Group, Rule, RuleSet

ROOT = Path(__file__).parents[3]
DURATION = st.sampled_from(["", "0s"]) | st.integers(1, 20).map(lambda count: durations.text(count * 1440))
EXPR = st.sampled_from(
    [
        "up == 0",
        "rate(a[1d]) > 0.5",
        "hour() > 8",
        "made > 3",
        "made_rate > 0.5",
        "max_over_time(b[2d:4h]) > 1",
    ]
)
ALERTS = st.builds(
    Rule,
    kind=st.just("alert"),
    name=st.sampled_from("ABCDE"),
    expr=EXPR,
    hold=DURATION,
    keep_firing_for=DURATION,
    labels=st.just({"severity": "page"}),
    annotations=st.just({"summary": "{{ $value }}"}),
)
RECORDS = st.builds(
    Rule,
    kind=st.just("record"),
    name=st.sampled_from(["made", "made_rate"]),
    expr=st.sampled_from(["rate(a[1d])", "sum(b)", "hour()", "made_rate"]),
)
GROUPS = st.builds(
    Group,
    name=st.just("g"),
    interval=DURATION,
    query_offset=DURATION,
    limit=st.integers(0, 5),
    rules=st.lists(ALERTS | RECORDS, max_size=5).map(tuple),
)
RULESETS = st.builds(
    RuleSet, files=st.dictionaries(st.sampled_from(["a", "b"]), st.lists(GROUPS, max_size=2).map(tuple))
)
EXACT = st.sampled_from([2, 3, 4, 6])


def ruleset(text: str) -> RuleSet:
    """Return the rules of one file called f."""
    return RuleSet(files={"f": rules.parse(text, "f")})


def one_group(*rule_lines: str) -> RuleSet:
    """Return a rule set of one group, a rule a line from line 4 on."""
    return ruleset(
        "\n".join(["groups:", "- name: g", "  rules:", *(f"  - {line}" for line in rule_lines), ""])
    )


def refusals(compressed: Compressed) -> list[tuple[int, str]]:
    """Return the line and the rule of each refusal."""
    return [(refusal.line, refusal.alert) for refusal in compressed.refusals]


@given(RULESETS)
def test_speed_one_is_the_identity(before: RuleSet) -> None:
    """At the speed of life nothing changes and nothing is refused."""
    assert Compressed(rules=before) == compress(before, 1)


@given(RULESETS, EXACT, EXACT)
@settings(deadline=None)
def test_compressing_twice_is_compressing_once(before: RuleSet, one: int, other: int) -> None:
    """At speed a and then b the rules are those at speed a times b."""
    assert compress(before, one * other).rules == compress(compress(before, one).rules, other).rules


@given(RULESETS, st.floats(1.001, 1e6))
@settings(deadline=None)
def test_every_rule_is_scaled_or_refused(before: RuleSet, speed: float) -> None:
    """No rule is lost: each is in the result, or refused with a reason."""
    after = compress(before, speed)
    told = sorted([rule.name for rule in after.rules.rules] + [one.alert for one in after.refusals])
    assert sorted(rule.name for rule in before.rules) == told
    assert all(refusal.reason for refusal in after.refusals)


def test_the_rules_that_a_lab_of_ours_loads_can_all_be_played() -> None:
    """What ships, or is drilled by the suite, is scaled at the usual speed without a refusal."""
    ours = rules.load([data.path("rules"), data.path("fixtures", "rules"), ROOT / "suite/e2e/rules"])
    assert () == compress(ours, 20).refusals


def test_what_is_scaled_is_a_rule_file() -> None:
    """All durations of a group and a rule shrink, and everything else stays."""
    before = ruleset("""
groups:
- name: g
  interval: 30s
  query_offset: 1m
  limit: 3
  labels: {team: a}
  rules:
  - alert: A
    expr: rate(k8s_pod_status_restartCount[5m]) > 2
    for: 1h
    keep_firing_for: 10m
    labels: {severity: page}
    annotations: {summary: 'at {{ $value }} for 1h'}
""")
    assert yaml.safe_load("""
groups:
- name: g
  interval: 1s500ms
  query_offset: 3s
  limit: 3
  labels: {team: a}
  rules:
  - alert: A
    expr: rate(k8s_pod_status_restartCount[15s]) > 40
    for: 3m
    keep_firing_for: 30s
    labels: {severity: page}
    annotations: {summary: 'at {{ $value }} for 1h'}
""") == yaml.safe_load(compress(before, 20).rules.to_yaml())


def test_a_refusal_names_the_line_to_edit() -> None:
    """The line is that of the field that can't be scaled, and the rule is left out."""
    before = ruleset("""
groups:
- name: g
  rules:
  - alert: Calendar
    labels: {a: b}
    expr: hour() > 8
  - alert: Brief
    expr: up
    for: 1ms
  - alert: Fine
    expr: up
""")
    after = compress(before, 20)
    assert [(7, "Calendar"), (10, "Brief")] == refusals(after)
    assert frozenset({"Fine"}) == after.rules.alerts
    assert (
        "f:7: Calendar: hour() reads the calendar, and the calendar can't be made faster; play it with"
        " --speed 1" == str(after.refusals[0])
    )


def test_a_refusal_is_one_line() -> None:
    """However long the expression is that it speaks of, and so is printed in lines."""
    since = 'max by (namespace, job_name, cluster) (kube_job_status_start_time{job="kube-state-metrics"})'
    before = ruleset(f"""
groups:
- name: g
  rules:
  - alert: Late
    expr: time() - {since} > 3600
""")
    (refusal,) = compress(before, 20).refusals
    assert 1 == len(refusal.reason.splitlines())


def test_a_group_that_would_vanish_refuses_its_rules() -> None:
    """An interval that would be less than a millisecond takes every rule of the group with it."""
    before = ruleset("groups:\n- name: g\n  interval: 1ms\n  rules:\n  - alert: A\n    expr: up\n")
    after = compress(before, 20)
    assert ([(3, "A")], ()) == (refusals(after), after.rules.rules)


@pytest.mark.parametrize("order", [1, -1])
def test_a_recording_rule_is_followed(order: int) -> None:
    """What a recording rule makes of a rate is compared as a rate, wherever in the file it stands."""
    lines = [
        "{record: made, expr: 'sum(rate(k8s_pod_status_restartCount[5m]))'}",
        "{record: of_made, expr: made * 60}",
        "{alert: A, expr: of_made > 2}",
    ]
    after = compress(one_group(*lines[::order]), 20)
    expressions = {rule.name: rule.expr for rule in after.rules.rules}
    assert {
        "made": "sum(rate(k8s_pod_status_restartCount[15s]))",
        "of_made": "made * 60",
        "A": "of_made > 40",
    } == expressions


def test_who_reads_a_refused_recording_rule_is_refused() -> None:
    """A consumer of what can't be scaled is refused with the place of what it reads."""
    after = compress(one_group("{record: made, expr: hour()}", "{alert: A, expr: made > 2}"), 20)
    assert [(4, "made"), (5, "A")] == refusals(after)
    assert "the recording rule made (f:4) can't be scaled: hour()" in after.refusals[1].reason


def test_recording_rules_that_disagree_are_refused_to_their_reader() -> None:
    """One name for a rate and for a number can't be compared."""
    after = compress(
        one_group(
            "{record: made, expr: 'rate(x[5m])'}",
            "{record: made, expr: y, labels: {a: b}}",
            "{alert: A, expr: made > 2}",
        ),
        20,
    )
    assert [(6, "A")] == refusals(after)


def test_a_recording_rule_that_reads_itself_is_refused() -> None:
    """A circle has no beginning from which to know what it measures."""
    after = compress(one_group("{record: a, expr: b}", "{record: b, expr: a}", "{alert: A, expr: a > 1}"), 20)
    assert {"a", "b", "A"} == {refusal.alert for refusal in after.refusals}


@pytest.mark.parametrize("speed", [0, -1, 0.5, float("nan"), float("inf")])
def test_an_impossible_speed_is_a_usage_error(speed: float) -> None:
    """Slower than life, backwards and infinitely fast are refused."""
    with pytest.raises(UsageError, match="must be 1 or more"):
        compress(RuleSet(), speed)


@pytest.mark.parametrize(
    ("selector", "is_lost"),
    [
        ('ALERTS{alertname="A"}', True),
        ('ALERTS_FOR_STATE{alertname=~"A|C"}', True),
        ('ALERTS{alertstate="firing"}', True),
        ('ALERTS{alertname!="C"}', True),
        (r'ALERTS{alertname=~"\\p{Lu}"}', True),
        ('ALERTS{alertname="C"}', False),
        ('ALERTS{alertname!="A"}', False),
        ('ALERTS{alertname!~"A.*"}', False),
    ],
)
def test_who_reads_an_alert_that_is_left_out_is_left_out(selector: str, is_lost: bool) -> None:  # noqa: FBT001
    """Without that alert it would be silent in the lab, whatever happens; and so on, through other rules."""
    scaled = compress(
        ruleset(
            "groups: [{name: g, rules: ["
            f"{{alert: D, expr: 'ALERTS{{alertname=\"B\"}} == 1'}}, {{alert: B, expr: '{selector} == 1'}},"
            "{alert: A, expr: hour() > 8}, {alert: C, expr: up == 0}]}]"
        ),
        20,
    )
    assert ({"C"} if is_lost else {"B", "C", "D"}) == scaled.rules.alerts
    told = [f"{one.alert}: {one.reason}" for one in scaled.refusals[:-1]]
    expected = [
        "D: it reads the alert B, which can't be scaled",
        "B: it reads the alert A, which can't be scaled",
    ]
    assert (expected if is_lost else []) == told
