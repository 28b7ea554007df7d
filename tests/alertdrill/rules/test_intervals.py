"""How often an alert is evaluated is told by the groups that have a rule of its name."""

from alertdrill import rules
from alertdrill.rules import intervals

GROUPS = """
groups:
  - {name: a, rules: [{alert: A, expr: up}, {alert: Both, expr: up}, {record: r, expr: up}]}
  - {name: b, interval: 1m30s, rules: [{alert: B, expr: up}, {alert: Both, expr: up == 0}]}
  - {name: c, interval: 0s, rules: [{alert: C, expr: up}]}
"""


def test_an_alert_is_evaluated_as_often_as_its_groups() -> None:
    """A group that states no interval, or none that is one, has the default; two groups are two intervals."""
    expected = {"A": (15.0,), "Both": (15.0, 90.0), "B": (90.0,), "C": (15.0,)}
    assert expected == intervals.of_alerts(rules.parse(GROUPS, "x.yaml"), 15.0)
