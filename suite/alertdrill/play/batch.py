"""Scenarios that are played once, side by side, and judged one by one, by whoever asks for which.

Processes that share a run share its recordings: the first that asks plays for all of them.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from alertdrill import incident, judge
from alertdrill.errors import AlertdrillError, ScenarioError
from alertdrill.lab import Lab, LabRules
from alertdrill.machine import cache
from alertdrill.play import drill
from alertdrill.play.drill import Played
from alertdrill.progress import Progress
from alertdrill.scenario import Scenario


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
        others = [one for one in self.scenarios if one.name not in self.known and self._is_playable(one)]
        chosen = others if scenario.name in names else [scenario]
        self.record.mkdir(parents=True, exist_ok=True)
        with self.lab() as lab:
            played = drill.drill(lab, chosen, record=self.record, progress=self.progress, keep=self.keep)
        self.known |= {one.judgement.scenario: one for one in played}
        if self.run:
            folders = {name: one.folder.name for name, one in self.known.items()}
            cache.write_whole(self._told, json.dumps(folders))

    def _is_playable(self, scenario: Scenario) -> bool:
        """Say whether it can be played; what can't be is told when it is asked for."""
        try:
            drill.check([scenario], self.rules)
        except ScenarioError:
            return False
        return True

    def _learn(self) -> None:
        """Judge what another process of this run has recorded."""
        if not (self.run and self._told.is_file()):
            return
        for name, folder in json.loads(self._told.read_text()).items():
            if name not in self.known:
                try:
                    recorded = incident.read(self.record / folder)
                except AlertdrillError as error:
                    self.progress.say(f"{error}; playing {name} again", style="yellow")
                    continue
                self.known[name] = Played(self.record / folder, recorded, judge.judge(recorded))

    @property
    def _told(self) -> Path:
        return self.record / f".run-{self.run}.json"
