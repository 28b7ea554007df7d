"""Mutants before one case of a rule test, at once: each by a name of its own, which promtool says."""

import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from alertdrill.engine.order import Step
from alertdrill.mutate.cases import EXPECTING, Document, TestFile, expected, written
from alertdrill.mutate.colony import Colony, Tried, needed
from alertdrill.mutate.colony import is_of as is_rule
from alertdrill.prometheus import promtool
from alertdrill.rules import Group, Rule, RuleSet

CORES = os.cpu_count() or 1
AT_ONCE = 16  # test files for one promtool
BATCHES = 4  # for each core, so that none waits long for the last
NAMED = re.compile(r"__mutant_(\d+)(?!\w)")
BROKEN = ", err: "  # is in what promtool says when a rule can't be evaluated

Member = tuple[Tried, Colony]


@dataclass
class Trial:
    """Mutants before one case of a test file, up to what it expects at `until`.

    `alone`: the only one, under its own name and with all other rules around it. In the end `killed` are the
    places of those that were noticed, and `lost` of those that were not judged: another one kept promtool
    from it, or the rule as it is fails in this company, too.
    """

    test: TestFile
    number: int
    members: Sequence[Member]
    until: float
    alone: bool = False
    killed: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)

    @property
    def cost(self) -> float:
        """Return about how long it takes, in evaluations of a rule."""
        return self.until * (len(self.members) + 1) + 1

    def write(self, folder: Path, name: str) -> Path:
        """Write its rule files and its test file, and return the latter."""
        case = self._case()
        document = {key: value for key, value in self.test.document.items() if key != "tests"}
        document["rule_files"] = list(self._rule_files(folder, name, case))
        document["tests"] = [case]
        file = folder / f"{name}.test.yaml"
        file.write_text(written(document))
        return file

    def judged(self, said: str) -> None:
        """Take in what promtool says of the case, `""` if it passes."""
        places = {tried.place for tried, _ in self.members}
        if self.alone or not said:
            self.killed |= places if said else set()
            return
        named = {int(place) for place in NAMED.findall(said)} & places
        as_they_are = [one for one, _ in self.members if one.is_as_it_was and one.place in named]
        misjudged = {
            tried.place
            for tried, _ in self.members
            if any(tried.original is one.original for one in as_they_are)
        }
        self.killed |= named - misjudged
        # Whoever can't be evaluated ends the case for all; and what names nobody is said of all.
        self.lost = misjudged | (places - named if BROKEN in said or not named else set())

    def again(self) -> Iterator["Trial"]:
        """Yield the trials of those that were kept from a verdict; their kills are this one's."""
        rest = [one for one in self.members if one[0].place in self.lost]
        alone = len(rest) == len(self.members)
        each = [[one] for one in rest if not one[0].is_as_it_was]
        for part in each if alone else [rest] if rest else []:
            yield Trial(self.test, self.number, part, self.until, alone=alone, killed=self.killed)

    def _case(self) -> Document:
        case = {**self.test.cases[self.number], "name": "0"}
        for key in EXPECTING:
            case[key] = []
        for key, stated, seconds in expected(self.test.cases[self.number]):
            if seconds <= self.until:
                case[key] += [stated] if self.alone else self._asked(key, stated)
        return {key: value for key, value in case.items() if value != []}

    def _asked(self, key: str, stated: Document) -> Iterator[Document]:
        """Yield an expectation for each mutant it is about."""
        for tried, colony in self.members:
            if colony.looked_at(key, stated):
                yield colony.asked(key, stated, tried.place)

    def _rule_files(self, folder: Path, name: str, case: Document) -> Iterator[str]:
        """Write the rule files, and yield their names."""
        texts = [str(one.get("expr")) for one in case.get("promql_expr_test") or []]
        texts += [
            rule.expr
            for tried, colony in self.members
            for step in colony.steps.values()
            for rule in colony.rules(step, tried)
        ]
        read = needed(self.test, texts)
        files: dict[str, list[Group]] = {}
        for group_name, group in self.test.ruleset.named().items():
            steps = [self.test.steps[group_name, number] for number in range(len(group.rules))]
            kept = tuple(rule for step in steps for rule in self._rules(step, read))
            if kept:
                files.setdefault(group.file, []).append(msgspec.structs.replace(group, rules=kept))
        for number, (file, groups) in enumerate(files.items()):
            ruleset = RuleSet(files={file: tuple(groups)})
            (folder / f"{name}.{number}.rules.yaml").write_bytes(msgspec.json.encode(ruleset.document()))
            yield f"{name}.{number}.rules.yaml"

    def _rules(self, step: Step, read: frozenset[str]) -> Iterator[Rule]:
        """Yield what stands in the place of one rule."""
        if self.alone:
            ((tried, _),) = self.members
            yield tried.changed if is_rule(step, tried.original) else step.rule
            return
        if step.rule.kind == "record" and step.rule.name in read:
            yield step.rule
        for tried, colony in self.members:
            yield from colony.rules(step, tried)


def run(trials: Sequence[Trial]) -> None:
    """Have promtool judge each, as many at once as there are cores."""
    waiting = list(trials)
    with ThreadPoolExecutor(CORES) as pool:
        while waiting:
            list(pool.map(_judge, _batches(waiting)))
            waiting = [again for trial in waiting for again in trial.again()]


def _batches(trials: Sequence[Trial]) -> Iterator[list[Trial]]:
    """Yield what one promtool is given: the longest first, and little enough that no core waits long."""
    most = sum(trial.cost for trial in trials) / (BATCHES * CORES)
    batch: list[Trial] = []
    for trial in sorted(trials, key=lambda one: -one.cost):
        if batch and (len(batch) == AT_ONCE or sum(one.cost for one in batch) + trial.cost > most):
            yield batch
            batch = []
        batch.append(trial)
    if batch:
        yield batch


def _judge(trials: Sequence[Trial]) -> None:
    with TemporaryDirectory(prefix="alertdrill-mutate-") as folder:
        files_ = [trial.write(Path(folder), str(number)) for number, trial in enumerate(trials)]
        said = promtool.failures(files_, Path(folder) / "junit.xml")
    for trial, file in zip(trials, files_, strict=True):
        trial.judged("\n".join(said[file].values()))
