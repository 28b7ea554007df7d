"""Recordings → verdicts, again: all that can be read are judged, and each that can't is told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from alertdrill import durations, incident
from alertdrill import judge as judging
from alertdrill.errors import ScenarioError, UsageError
from alertdrill.incident import Incident
from alertdrill.model import Judgement, Verdict
from alertdrill.scenario import Scenario


@dataclass(frozen=True)
class Rejudged:
    """A judgement on each recording, unknown where it can't be read, and why those can't be."""

    judgements: list[Judgement]
    errors: list[UsageError]

    @property
    def exit_code(self) -> int:
        """Return the worst: that something failed, then that something can't be read."""
        worst = Verdict.worst(one.verdict for one in self.judgements)
        if worst is Verdict.FAIL or not self.errors:
            return worst.exit_code
        return UsageError.exit_code


def rejudge(paths: Sequence[Path], edited: Sequence[Scenario] | None = None) -> Rejudged:
    """Judge the recordings behind these paths, by the expectations of `edited` where those are given."""
    told = Rejudged([], [])
    of_each(paths, edited, told, lambda recorded: told.judgements.append(judging.judge(recorded)))
    return told


def of_each(
    paths: Sequence[Path],
    edited: Sequence[Scenario] | None,
    told: Rejudged,
    do: Callable[[Incident], None],
) -> None:
    """Do something with each recording behind these paths; what can't be read for it is `told`."""
    for folder in incident.find(paths):
        name: str = str(folder)  # as what it says is not known yet
        speed: float | None = None
        try:
            recorded = incident.read(folder)
            name, speed = recorded.scenario.name, recorded.speed
            do(recorded if edited is None else by(edited, recorded, folder))
        except UsageError as error:
            told.errors.append(error)
            told.judgements.append(judging.unknown(name, str(error), speed))


def by(edited: Sequence[Scenario], recorded: Incident, folder: Path) -> Incident:
    """Return the recording with the scenario of its name; one that breaks other things is a ScenarioError."""
    then = recorded.scenario
    now = next((one for one in edited if one.name == then.name), None)
    if now is None:
        names = ", ".join(one.name for one in edited)
        raise ScenarioError(f"{folder}: no scenario is called {then.name} any more; there are: {names}")
    now = msgspec.json.decode(msgspec.json.encode(now), type=Scenario)  # as recorded: lists for tuples
    for field in ("workload", "fault", "hold"):
        if _meant(now, field) != _meant(then, field):
            raise ScenarioError(
                f"{folder}: {then.name} was recorded with the {field} {getattr(then, field)}, and now has"
                f" {getattr(now, field)}; play it again"
            )
    return msgspec.structs.replace(recorded, scenario=now)


def _meant(scenario: Scenario, field: str) -> object:
    """Return a field as it counts: an hour is sixty minutes."""
    value: object = getattr(scenario, field)
    return durations.seconds(scenario.hold) if field == "hold" else value
