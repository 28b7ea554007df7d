"""Alerts that say the same by two revisions of their rules, and those that may not."""

from pathlib import Path

import pytest

from alertdrill.backtest import unchanged
from alertdrill.engine import Window

from .conftest import rules_of

WINDOW = Window(start=0, end=100, interval=60)
RULES = """
groups:
- name: g
  interval: 30s
  rules:
  - record: job:down:count
    expr: count by (job) (up == 0)
  - alert: Down
    expr: job:down:count > 1
    for: 1m
    labels: {severity: critical}
    annotations: {summary: down}
  - alert: Full
    expr: used > 90
"""


def unchanged_in(folder: Path, other: str, window: Window = WINDOW) -> set[str]:
    """Return which alerts of RULES are in another text."""
    (folder / "other").mkdir()
    return set(unchanged.alerts(rules_of(folder, RULES), rules_of(folder / "other", other), window))


def test_spelling_and_words_make_no_difference(tmp_path: Path) -> None:
    """Nor does the order of alerts, or that a `for` is told in seconds, as servers do."""
    other = RULES.replace("for: 1m", "for: 60s").replace("summary: down", "summary: up")
    other = other.replace("count by (job) (up == 0)", "count(up == 0) by (job)").replace("Full", "Fuller")
    assert {"Down", "Full"} == unchanged_in(tmp_path, other + "  - alert: Full\n    expr: used>90\n")


def test_an_interval_counts_by_what_it_comes_to(tmp_path: Path) -> None:
    """A group without one is evaluated as often as the window says."""
    other = RULES.replace("  interval: 30s\n", "")
    assert {"Down", "Full"} == unchanged_in(tmp_path, other, Window(start=0, end=100, interval=30))


@pytest.mark.parametrize(
    ("was", "is_now", "left"),
    [
        ("for: 1m", "for: 2m", {"Full"}),
        ("severity: critical", "severity: warning", {"Full"}),
        ("count by (job) (up == 0)", "count by (job) (up == 1)", {"Full"}),
        ("used > 90", "used >= 90", {"Down"}),
        ("interval: 30s", "interval: 15s", set()),
        ("interval: 30s", "interval: 30s\n  query_offset: 1m", set()),
        ("interval: 30s", "interval: 30s\n  limit: 1", set()),
        ("alert: Full", "alert: Down", set()),
        ("expr: used > 90", "expr: used > 90\n  - record: used\n    expr: used", set()),
    ],
)
def test_what_may_say_something_else_is_another_alert(
    tmp_path: Path, was: str, is_now: str, left: set[str]
) -> None:
    """Itself, its group, or what it reads may have changed; of rules that read themselves nothing is said."""
    assert left == unchanged_in(tmp_path, RULES.replace(was, is_now))


def test_what_stands_after_in_a_group_is_read_a_round_later(tmp_path: Path) -> None:
    """Where a recording rule stands is part of what its readers say."""
    record = RULES[RULES.index("  - record") : RULES.index("  - alert: Down")]
    assert {"Full"} == unchanged_in(tmp_path, RULES.replace(record, "") + record)


def test_another_phase_is_another_time(tmp_path: Path) -> None:
    """Groups that are evaluated at other moments see other samples."""
    other = RULES.replace("name: g", "name: h")
    window = Window(start=0, end=100, interval=60, phases={"h": 7.0})
    assert set() == unchanged_in(tmp_path, other, window)
