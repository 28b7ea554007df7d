"""Scenarios that tests ask for one by one are played once, together, whichever process asks first."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from alertdrill import judge, rules
from alertdrill.errors import ScenarioError
from alertdrill.incident import Limits
from alertdrill.lab import Lab, LabRules
from alertdrill.play.batch import Batch
from alertdrill.play.drill import Drilled, Played
from alertdrill.progress import Progress
from alertdrill.rules import RuleSet
from alertdrill.scenario import Scenario, never
from alertdrill.testing import FakeKube

LIMITS = Limits(
    scrape_interval=30, scrape_gap_max=120, evaluation_interval=15, jobs=("monitoring/x",), canary="Watchdog"
)
STATED = RuleSet(
    files={"x.yaml": rules.parse("groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]", "x.yaml")}
)


def one(name: str, alert: str = "A") -> Scenario:
    """Return a scenario that breaks nothing."""
    return Scenario(name=name, why="", workload="web", hold="1m", expect=(never(alert),))


@pytest.fixture
def drills(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Return the names of what was drilled, each time; every verdict is unknown."""
    seen: list[list[str]] = []

    def drilled(_lab: Lab, scenarios: Sequence[Scenario], **_options: Any) -> Drilled:
        seen.append([each.name for each in scenarios])
        played = [Played(each, judge.unknown(each.name, "nobody looked", 20.0)) for each in scenarios]
        return Drilled(played, interrupted=any(each.name == "a/interrupted" for each in scenarios))

    monkeypatch.setattr("alertdrill.play.drill.drill", drilled)
    return seen


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Batch]:
    """Return what makes a batch as a process of a run has it."""
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path / "cache"))

    @contextmanager
    def lab() -> Iterator[Lab]:
        yield cast("Lab", SimpleNamespace(kube=FakeKube(lacks=frozenset({"Database"}))))

    def made(*names: str, run: str = "", alert: str = "A") -> Batch:
        wanted = [one(name) for name in names] + ([one("a/bad", alert)] if alert != "A" else [])
        there = LabRules(STATED, STATED, LIMITS)
        return Batch(lab, there, wanted, tmp_path / "incidents", Progress(), run)

    return made


def test_the_first_that_asks_has_all_played(drills: list[list[str]], make: Callable[..., Batch]) -> None:
    """Scenarios take their time side by side, not one after the other."""
    asked = make("a/one", "a/two")
    names = [asked.play(one(name)).scenario.name for name in ("a/one", "a/two", "a/one")]
    assert (["a/one", "a/two", "a/one"], [["a/one", "a/two"]]) == (names, drills)


def test_a_scenario_that_no_test_was_given_is_played_alone(
    drills: list[list[str]], make: Callable[..., Batch]
) -> None:
    """One that a test makes itself is not known before it asks."""
    make("a/one").play(one("b/own"))
    assert [["b/own"]] == drills


def test_processes_of_one_run_play_once(drills: list[list[str]], make: Callable[..., Batch]) -> None:
    """The second process takes over the verdicts of the first, those without a recording, too."""
    first = make("a/one", "a/two", run="r").play(one("a/one"))
    second = make("a/one", "a/two", run="r").play(one("a/one"))
    assert (first.judgement, [["a/one", "a/two"]]) == (second.judgement, drills)


def test_another_run_plays_anew(drills: list[list[str]], make: Callable[..., Batch]) -> None:
    """A verdict of yesterday is none of today."""
    for run in ("r", "s"):
        make("a/one", run=run).play(one("a/one"))
    assert [["a/one"], ["a/one"]] == drills


def test_what_can_not_be_played_costs_its_own_test_only(
    drills: list[list[str]], make: Callable[..., Batch]
) -> None:
    """A scenario about an alert that no rule has is told by its test, and the others are played."""
    asked = make("a/one", alert="Missing")
    asked.play(one("a/one"))
    with pytest.raises(ScenarioError, match="scenario a/bad: no rule defines the alert Missing"):
        asked.play(one("a/bad", "Missing"))
    assert [["a/one"]] == drills


def test_a_kind_that_the_cluster_lacks_costs_its_own_test_only(
    drills: list[list[str]], make: Callable[..., Batch], tmp_path: Path
) -> None:
    """A workload that this cluster can't have is told by its test, and the others are played."""
    (tmp_path / "db.yaml").write_text("{apiVersion: example.com/v1, kind: Database, metadata: {name: db}}")
    database = Scenario(name="a/db", why="", workload=str(tmp_path / "db.yaml"), hold="1m", expect=())
    asked = make("a/one")
    asked.scenarios = [*asked.scenarios, database]
    with pytest.raises(ScenarioError, match=r"scenario a/db: .* has a Database of example.com/v1"):
        asked.play(database)
    asked.play(one("a/one"))
    assert [["a/one"]] == drills


def test_an_interrupted_drill_interrupts_the_tests(
    drills: list[list[str]], make: Callable[..., Batch]
) -> None:
    """Whoever presses Ctrl-C wants no test to go on."""
    with pytest.raises(KeyboardInterrupt):
        make("a/interrupted").play(one("a/interrupted"))
    assert [["a/interrupted"]] == drills
