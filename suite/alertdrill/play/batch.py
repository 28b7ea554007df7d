"""Scenarios that are played once, side by side, and judged one by one, by whoever asks for which.

Processes that share a run share its recordings: the first that asks plays for all of them.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from alertdrill import incident
from alertdrill.errors import AlertdrillError, ScenarioError
from alertdrill.incident import Incident
from alertdrill.lab import Lab, LabRules
from alertdrill.machine import cache
from alertdrill.model import Judgement, Value
from alertdrill.play import drill, kinds
from alertdrill.play.drill import Played
from alertdrill.progress import Progress
from alertdrill.scenario import Scenario


class _Told(Value, frozen=True):
    """What processes of one run tell each other of a scenario: its verdict, and its recording's folder."""

    judgement: Judgement
    folder: str


@dataclass
class Batch:
    """What a test run drills. `run` is what its processes know it by, "" where there is but one."""

    lab: Callable[[], AbstractContextManager[Lab]]
    rules: LabRules
    scenarios: Sequence[Scenario]
    record: Path
    progress: Progress
    run: str = ""
    keep: bool = False
    known: dict[str, Played] = field(default_factory=dict)

    def play(self, scenario: Scenario) -> Played:
        """Return the scenario as it was played in this run; the first call plays all that are wanted."""
        drill.check([scenario], self.rules)
        with cache.locked(f"run-{self.run}") if self.run else nullcontext():
            self._learn()
            if scenario.name not in self.known:
                self._play_with_others(scenario)
        return self.known[scenario.name]

    def _play_with_others(self, scenario: Scenario) -> None:
        names = {one.name for one in self.scenarios}
        others = [one for one in self.scenarios if one.name not in self.known]
        self.record.mkdir(parents=True, exist_ok=True)
        with self.lab() as lab:
            kinds.check([scenario], lab.kube)
            chosen = (
                [one for one in others if self._is_playable(one, lab)]
                if scenario.name in names
                else [scenario]
            )
            drilled = drill.drill(lab, chosen, record=self.record, progress=self.progress, keep=self.keep)
        if drilled.interrupted:
            raise KeyboardInterrupt
        self.known |= {one.scenario.name: one for one in drilled.played}
        if self.run:
            told = [
                _Told(one.judgement, one.folder.name if one.folder else "") for one in self.known.values()
            ]
            cache.write_whole(self._told, msgspec.json.encode(told).decode())

    def _is_playable(self, scenario: Scenario, lab: Lab) -> bool:
        """Say whether it can be played; what can't be is told when it is asked for."""
        try:
            drill.check([scenario], self.rules)
            kinds.check([scenario], lab.kube)
        except ScenarioError:
            return False
        return True

    def _learn(self) -> None:
        """Take over what another process of this run has played."""
        if not (self.run and self._told.is_file()):
            return
        wanted = {one.name: one for one in self.scenarios}
        for told in msgspec.json.decode(self._told.read_bytes(), type=list[_Told]):
            name = told.judgement.scenario
            if name not in self.known and name in wanted:
                folder = self.record / told.folder if told.folder else None
                self.known[name] = Played(wanted[name], told.judgement, _read(folder), folder)

    @property
    def _told(self) -> Path:
        return self.record / f".run-{self.run}.json"


def _read(folder: Path | None) -> Incident | None:
    try:
        return incident.read(folder) if folder else None
    except AlertdrillError:  # its judgement says so
        return None
