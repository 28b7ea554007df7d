"""What rules read, and how far back: found in their trees, through recording rules to raw samples."""

import json

import pytest

from alertdrill import rules
from alertdrill.backtest import needs
from alertdrill.backtest.needs import Needs
from alertdrill.rules import RuleSet


def of(*stated: str) -> Needs:
    """Return what rules need; each is one line of a rule file."""
    return needs.find(ruleset(*stated))


def ruleset(*stated: str) -> RuleSet:
    """Return rules that all stand in one line."""
    text = f"groups: [{{name: g, rules: [{', '.join(stated)}]}}]"
    return RuleSet(files={"a.yaml": rules.parse(text, "a.yaml")})


def told(found: Needs) -> dict[str, float]:
    """Return selector → seconds of all that is to be fetched."""
    merged = needs.merged(one for those in found.of_rules.values() for one in those)
    return {str(selector): back for selector, back in merged.items()}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("up == 0", {"up": 300}),
        ("rate(a[10m]) > 0", {"a": 600}),
        ("a offset 1h > 0", {"a": 3900}),
        ("max_over_time(rate(a[5m])[1h:1m] offset 10m) > 0", {"a": 4500}),
        ("a and b", {"a": 300, "b": 300}),
        ("""a{x='"', y!~'z'} > 0""", {"""a{x="\\"",y!~"z"}""": 300}),
        ("{__name__=~'a.+'} > 0", {'{__name__=~"a.+"}': 300}),
        ("{'a.b', 'c.d'='e'} > 0", {'{__name__="a.b","c.d"="e"}': 300}),
        ("vector(1)", {}),
    ],
)
def test_how_far_back_an_expression_looks(expression: str, expected: dict[str, float]) -> None:
    """Windows, offsets and subqueries add up, and a sample counts for five minutes."""
    assert expected == told(of(f"{{alert: A, expr: {json.dumps(expression)}}}"))


def test_what_is_recorded_is_not_fetched_but_made() -> None:
    """A rule that reads recorded series needs what these are made of, as much longer ago."""
    found = of(
        "{record: 'a:rate', expr: 'rate(a[5m])'}",
        "{record: 'a:max', expr: 'max(a:rate)'}",
        "{alert: A, expr: 'avg_over_time(a:max[1h]) > 0'}",
    )
    assert {"a": 3600 + 300 + 300} == told(found)
    assert 3900 == found.recorded


def test_a_selector_is_fetched_with_the_one_that_covers_it() -> None:
    """What is part of something larger comes with it, as far back as either needs it."""
    found = of("{alert: A, expr: 'rate(a{x=\"1\"}[1h]) > 0'}", "{alert: B, expr: 'a > 0'}")
    assert {"a": 3600} == told(found)


def test_every_rule_of_one_line_has_its_own_needs() -> None:
    """A file in JSON may have all its rules in its first line."""
    assert 2 == len(of("{alert: A, expr: a}", "{alert: A, expr: b}").of_rules)


def test_absence_is_asked_for_as_such() -> None:
    """Who asks whether something is absent may find nothing."""
    found = of("{alert: A, expr: 'absent(sum(a)) or b'}")
    assert {"a": True, "b": False} == {
        one.selector.metric: one.may_lack for those in found.of_rules.values() for one in those
    }


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("a offset -5m > 0", "it looks 5m into the future"),
        ("a @ 100 > 0", "`@` looks at a moment of its own"),
        ("max_over_time(a[5m:] @ end()) > 0", "`@` looks at a moment of its own"),
        ("a >", "alertdrill can't read this PromQL"),
    ],
)
def test_what_can_not_be_told_is_told_of_that_rule(expression: str, why: str) -> None:
    """A rule that looks elsewhere than back, or can't be read, is unknown by itself."""
    found = of(f"{{alert: A, expr: {json.dumps(expression)}}}", "{alert: B, expr: b}")
    (reason,) = found.unknown.values()
    assert why in reason
    assert {"b": 300} == told(found)


def test_rules_that_read_each_other_in_a_circle_are_unknown() -> None:
    """Nobody follows them for ever."""
    found = of("{record: a, expr: b}", "{record: b, expr: a}", "{alert: A, expr: a}")
    assert ["the rules read each other in a circle"] == list(found.unknown.values())


def test_alerts_of_their_own_are_not_fetched() -> None:
    """What Prometheus would write of these very alerts is made anew; of others it is fetched."""
    own = of("{alert: A, expr: a}", "{alert: B, expr: 'ALERTS{alertname=\"A\"}'}")
    assert {"a": 300} == told(own)
    assert {'ALERTS{alertname="C"}': 300} == told(of("{alert: B, expr: 'ALERTS{alertname=\"C\"}'}"))
