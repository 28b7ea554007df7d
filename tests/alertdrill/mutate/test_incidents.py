"""Mutants before recordings: a scenario that was played notices what it says, and nothing else."""

import json
import shutil
from pathlib import Path

import pytest

from alertdrill import data, rules
from alertdrill.mutate import incidents, mutants
from alertdrill.mutate.incidents import Trial
from alertdrill.mutate.mutants import Mutant
from alertdrill.mutate.mutate import mutate

from ..pages import run

INCIDENTS = data.path("fixtures", "incidents")
# What the scenarios of the recordings speak of.
RULES = [
    *(data.path("rules", f"{name}.rules.yaml") for name in ("pods", "deployments")),
    data.path("fixtures", "rules", "historic.rules.yaml"),
]


def noticed(trial: Trial, found: list[Mutant]) -> set[str]:
    """Return what was changed in the mutants that a recording notices."""
    return {one.what for place, one in enumerate(found) if place in trial.kills}


@pytest.fixture(scope="module")
def found() -> list[Mutant]:
    """Return the mutants of the alert that the recordings of pods are about."""
    ruleset = rules.load(RULES)
    return [one for one in mutants.of(ruleset)[0] if one.original.name == "PodRestartingTooMuch"]


def test_a_recording_notices_what_its_scenario_expects(found: list[Mutant]) -> None:
    """An alert that fires earlier, later, never, or with another severity is no longer what was promised."""
    paths = [INCIDENTS / "pods-crash-loop", INCIDENTS / "pods-one-restart"]
    crash, once = incidents.kills(found, rules.load(RULES), paths)
    assert ("", "") == (crash.trouble, once.trouble)
    assert {
        "> → < before 0",
        "> 0 → > 1",
        "for 1h → 2h",
        "for 1h → nothing",
        "severity warning → critical",
    } <= (noticed(crash, found))
    assert {"for 1h → nothing"} <= noticed(once, found)
    assert "annotation runbook_url → nothing" not in noticed(crash, found) | noticed(once, found)
    assert "for 1h → 2h" not in noticed(once, found)


def test_a_recording_that_does_not_pass_notices_nothing(found: list[Mutant]) -> None:
    """Without a rule that its scenario names, its verdict is unknown before anything is damaged."""
    (one,) = incidents.kills(found, rules.load(RULES[:2]), [INCIDENTS / "pods-crash-loop"])
    assert frozenset() == one.kills
    assert "with the rules as they are its verdict is unknown: " in one.trouble
    assert "PodRestartingTooMuchHistoric" in one.trouble


def test_a_recording_that_can_not_be_read_is_told(found: list[Mutant], tmp_path: Path) -> None:
    """What is no recording is left out, with the reason."""
    (one,) = incidents.kills(found, rules.load(RULES), [tmp_path])
    assert (frozenset(), True) == (one.kills, str(tmp_path) in one.trouble)


def test_where_the_only_recording_does_not_pass_nobody_is_asked(tmp_path: Path) -> None:
    """With a floor, too, that is unknown: nothing was learnt of any mutant."""
    (tmp_path / "pods.rules.yaml").write_text(RULES[0].read_text())  # without the tests that are with them
    words = [str(tmp_path), "--incidents", str(INCIDENTS / "pods-crash-loop"), "--floor", "50"]
    result = run(["mutate", *words])
    said = result.stdout.splitlines()
    assert (3, True, True) == (
        result.exit_code,
        said[0].startswith("nobody was asked: "),
        said[1].startswith("left out: pods/crash-loop: with the rules as they are its verdict is unknown"),
    )
    scores = json.loads(run(["mutate", *words, "--format", "json"]).stdout)["scores"]
    assert {None} == {one["share"] for one in scores}


def test_a_scenario_that_was_played_twice_is_one_who_notices(tmp_path: Path) -> None:
    """The matrix has a scenario by its name once, of however many recordings of it there are."""
    for day in ("monday", "tuesday"):
        shutil.copytree(INCIDENTS / "pods-crash-loop", tmp_path / day / "pods-crash-loop")
    found = mutate(RULES[2:], beside=RULES[:2], recordings=[tmp_path], every=True)
    assert ("pods/crash-loop",) == found.incidents
    assert {(), ("pods/crash-loop",)} == {one.incidents for one in found.fates}
