"""The rules of a lab: one that can't be scaled costs no other, and is never taken for silent."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from alertdrill.errors import RulesError, ScenarioError
from alertdrill.lab import LabRules, Options, load_rules
from alertdrill.play import drill
from alertdrill.progress import Progress
from alertdrill.scenario import Scenario, never

RULES = """
groups:
- name: g
  rules:
  - {alert: OfficeHours, expr: hour() > 8, for: 5m}
  - {alert: Down, expr: up == 0, for: 5m}
  - {record: calendar, expr: day_of_week()}
"""
WHY = "hour() reads the calendar, and the calendar can't be made faster"


@pytest.fixture
def loaded(tmp_path: Path) -> LabRules:
    """Load rules of which two read the calendar, for a lab that is faster than that."""
    file = tmp_path / "mine.rules.yaml"
    file.write_text(RULES)
    return load_rules(Options(rules=(str(file),)))


def about(alert: str) -> Scenario:
    """Return a scenario that expects something of an alert."""
    return Scenario(name="a/b", why="", workload="", hold="1m", expect=(never(alert),))


def test_a_rule_that_can_not_be_scaled_is_left_out_with_a_warning(loaded: LabRules) -> None:
    """The others run; of each that does not, file, line and reason are told."""
    assert {"Down", "Watchdog"} == set(loaded.stated.alerts) == set(loaded.scaled.alerts)
    console = Console(file=StringIO(), record=True, width=300)
    loaded.tell(Progress(console))
    first, second = console.export_text().splitlines()
    assert f"mine.rules.yaml:5: OfficeHours: {WHY}" in first
    assert "mine.rules.yaml:7: calendar: day_of_week() reads the calendar" in second


def test_a_scenario_that_names_it_is_refused_before_anything_is_made(loaded: LabRules) -> None:
    """Its silence would mean nothing; with what it is and how to play it all the same."""
    drill.check([about("Down")], loaded)
    with pytest.raises(
        ScenarioError,
        match=r"mine.rules.yaml:5: OfficeHours, which a scenario names, was left out: hour\(\) reads",
    ):
        drill.check([about("OfficeHours")], loaded)


def test_what_is_no_promql_is_no_rule_that_is_left_out(tmp_path: Path) -> None:
    """A mistake in an expression is bad input, with its line, whether or not a scenario is about it."""
    file = tmp_path / "mine.rules.yaml"
    file.write_text(RULES.replace("up == 0", "sum by (job (up) == 0"))
    with pytest.raises(RulesError, match=r"mine.rules.yaml:6: Down: could not parse expression"):
        load_rules(Options(rules=(str(file),)))


def test_files_are_told_from_where_we_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recording that somebody else reads has no folders of ours above that."""
    (tmp_path / "mine.rules.yaml").write_text(RULES)
    monkeypatch.chdir(tmp_path)
    told = load_rules(Options(rules=(str(tmp_path / "mine.rules.yaml"),))).told()
    expected = ["mine.rules.yaml:5: OfficeHours: ", "mine.rules.yaml:7: calendar: "]
    assert expected == [one[: len(start)] for one, start in zip(told, expected, strict=True)]


def test_at_the_speed_of_life_nothing_is_left_out(tmp_path: Path) -> None:
    """There a calendar is as fast as it is."""
    file = tmp_path / "mine.rules.yaml"
    file.write_text(RULES)
    assert () == load_rules(Options(rules=(str(file),), speed=1)).left_out
