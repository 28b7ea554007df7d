"""Mutants before recordings: which verdict of a scenario changes when its recording is replayed with one.

The recording is written into one engine, and each mutant costs the queries of its own rule: the lives of all
other alerts are those they have without it. A recording that does not pass with the rules as they are can
notice nothing.
"""

import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from alertdrill import engine, incident
from alertdrill.engine import Engine, naming
from alertdrill.errors import AlertdrillError
from alertdrill.incident import Incident
from alertdrill.model import Verdict
from alertdrill.mutate.mutants import Mutant
from alertdrill.replay import Stretched, Virtual, stretch, virtual
from alertdrill.replay.replay import judged
from alertdrill.rules import Group, Rule, RuleSet

AT_ONCE = 2  # engines; each is a process with work for a core


@dataclasses.dataclass(frozen=True)
class Trial:
    """What became of all mutants before one recording; `trouble` says why it could not be asked."""

    name: str
    kills: frozenset[int] = frozenset()
    trouble: str = ""


def kills(mutants: Sequence[Mutant], rules: RuleSet, folders: Sequence[Path]) -> list[Trial]:
    """Return for each recording the places of the mutants that it notices."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda folder: _asked(mutants, rules, folder), folders))


def _asked(mutants: Sequence[Mutant], rules: RuleSet, folder: Path) -> Trial:
    try:
        recorded = incident.read(folder)
        with engine.started() as running:
            return _Recording(running, recorded, rules).kills(mutants)
    except AlertdrillError as error:
        return Trial(str(folder), trouble=str(error))


class _Recording:
    """One recording in an engine, with what the rules as they are say of it."""

    def __init__(self, running: Engine, recorded: Incident, rules: RuleSet) -> None:
        self._running, self._incident, self._rules = running, recorded, rules
        self._stretched = stretch(recorded, rules)
        running.write(self._stretched.series)
        self._found = virtual(running, recorded, self._stretched)

    def kills(self, mutants: Sequence[Mutant]) -> Trial:
        """Return which mutants change the verdict from pass to another one."""
        name = self._incident.scenario.name
        judgement = judged(self._incident, self._rules, self._found)
        if judgement.verdict is not Verdict.PASS:
            why = [one.sentence for one in judgement.findings if one.verdict is judgement.verdict]
            said = f"with the rules as they are its verdict is {judgement.verdict.value}: {'; '.join(why)}"
            return Trial(name, trouble=said)
        return Trial(name, frozenset(n for n, mutant in enumerate(mutants) if self._notices(n, mutant)))

    def _notices(self, number: int, mutant: Mutant) -> bool:
        changed = self._with(mutant)
        alerts = changed.alerts
        if mutant.same or all(self._found.doubt(name) for name in alerts):
            return False
        # Of the series nothing changes; they are stretched once.
        bare = msgspec.structs.replace(self._incident, series=())
        stretched: Stretched = dataclasses.replace(stretch(bare, changed), series=self._stretched.series)
        if not stretched.rules.alerts:
            return False
        said = virtual(self._running, self._incident, stretched, tag=f"m{number}:")
        if any(name in said.troubles for name in alerts):
            return True  # a rule that can't be evaluated is no rule
        before = [life for life in self._found.lives if life.alert in alerts]
        if list(said.lives) == before:
            return False
        rest = tuple(life for life in self._found.lives if life.alert not in alerts)
        found: Virtual = dataclasses.replace(self._found, lives=(*rest, *said.lives))
        return judged(self._incident, self._rules, found).verdict is Verdict.FAIL

    def _with(self, mutant: Mutant) -> RuleSet:
        """Return what must be evaluated anew: the mutant, what it reads, and the alerts that read it."""
        original = mutant.original
        recorded = [rule.name for rule in self._rules.rules if rule.kind == "record"]
        of_record = original.kind == "record"

        def kept(rule: Rule) -> bool:
            if rule.kind == "record":
                return True
            # What one record changes may reach any alert through others.
            return bool(naming.reads(rule.expr, recorded)) if of_record else rule.name == original.name

        def rest(group: Group) -> Group:
            rules = tuple(mutant.changed if rule == original else rule for rule in group.rules if kept(rule))
            return msgspec.structs.replace(group, rules=rules)

        files = {file: tuple(map(rest, groups)) for file, groups in self._rules.files.items()}
        return msgspec.structs.replace(self._rules, files=files)
