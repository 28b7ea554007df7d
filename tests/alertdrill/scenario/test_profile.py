"""The profile of a commit: every alert fires in it, and no scenario is played that adds none."""

from alertdrill.scenario import Scenario, fires, never, notified
from alertdrill.scenario import files as scenario_files
from alertdrill.scenario.profile import chosen


def one(name: str, *alerts: str, hold: str = "9m") -> Scenario:
    """Return a scenario in which these alerts fire."""
    expect = (*(fires(alert, within=hold) for alert in alerts), never("Never"))
    return Scenario(name=name, why="", workload="", hold=hold, expect=expect)


def names(*scenarios: Scenario) -> list[str]:
    """Return what is chosen of them."""
    return [scenario.name for scenario in chosen(scenarios, "commit")]


def test_all_are_all() -> None:
    """Nothing is left out, and nothing put in another order."""
    scenarios = [one("b"), one("a", "A")]
    assert scenarios == chosen(scenarios, "all")


def test_the_shortest_is_taken() -> None:
    """Of two that have the same fire."""
    assert ["short"] == names(one("long", "A", hold="2h"), one("short", "A"))


def test_one_that_shows_more_is_taken_first() -> None:
    """What has to be played for one alert need not be played again for another."""
    assert ["both"] == names(one("a", "A"), one("both", "A", "B", hold="2h"))


def test_a_silence_adds_nothing() -> None:
    """What fires nowhere is not missed here; the whole drill has the silences."""
    assert ["a"] == names(one("silent"), one("a", "A"))


def test_people_are_told_once() -> None:
    """The shortest in which somebody is told is played, though its alert fires in another; one is enough."""
    told = [
        Scenario(
            name=name, why="", workload="", hold=hold, expect=(notified("A", receiver="r", within="1m"),)
        )
        for name, hold in (("late", "2h"), ("soon", "9m"))
    ]
    assert ["soon", "a"] == names(*told, one("a", "A"))
    assert ["soon"] == names(told[1])


def test_every_shipped_alert_that_fires_fires_in_a_commit() -> None:
    """The profile is a part of the whole, and misses none of its alerts."""
    shipped = scenario_files.load(scenario_files.shipped())
    few = chosen(shipped, "commit")
    fired = [
        {expectation.alert for one in those for expectation in one.expect if expectation.kind == "fires"}
        for those in (shipped, few)
    ]
    assert fired[0] == fired[1]
    assert len(few) < len(shipped)
