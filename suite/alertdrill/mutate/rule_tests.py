"""Mutants before promtool's rule tests: which test case notices which.

Promtool itself judges, and many mutants at once: samples are loaded once for all of them, and only the
rules they need are evaluated. Most mutants are noticed by the first thing a case expects, and each evaluation
costs; so the first minutes of all cases come first, and who has been noticed is not asked about again.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from alertdrill import rules
from alertdrill.errors import RulesError
from alertdrill.mutate import cases, colony, trial
from alertdrill.mutate.cases import TestFile
from alertdrill.mutate.colony import Colony, Tried
from alertdrill.mutate.mutants import Mutant
from alertdrill.mutate.trial import Member, Trial
from alertdrill.prometheus import promtool

# Up to which second cases are asked, one after the other.
WAVES = (1200.0, 2700.0, 5400.0, 10_800.0, float("inf"))
TOGETHER = 32  # mutants before one case at once


def kills(mutants: Sequence[Mutant], tests: Sequence[TestFile], *, every: bool) -> list[frozenset[str]]:
    """Return for each mutant the cases that notice it; a RulesError where rules fail as they are.

    With `every` all cases are asked about each. Without, the first minutes of all come first, and who has
    been noticed is not asked about again.
    """
    _pass_as_they_are(tests)
    asked = [_Asked(test, mutants) for test in tests]
    found: list[set[str]] = [set() for _ in mutants]
    since = -1.0
    for until in WAVES[-1:] if every else WAVES:
        waiting = {
            place: sorted(probe for test in asked for probe in test.probes(place, since, until))
            for place, mutant in enumerate(mutants)
            if every or not (found[place] or mutant.same)
        }
        while waiting:
            # One case each, the most telling one; all of them where all are to be known.
            taken = {place: probes[: None if every else 1] for place, probes in waiting.items()}
            trials = [one for test in asked for one in test.trials(taken, until)]
            trial.run(trials)
            for one in trials:
                for place in one.killed & waiting.keys():
                    found[place].add(one.test.named(one.number))
            waiting = {
                place: rest
                for place, probes in waiting.items()
                if (rest := probes[len(taken[place]) :]) and not found[place]
            }
        since = until
    return [frozenset(one) for one in found]


def _pass_as_they_are(tests: Sequence[TestFile]) -> None:
    """Raise a RulesError for each file of tests that fails before anything is damaged."""
    with TemporaryDirectory(prefix="alertdrill-mutate-") as folder:

        def failed(number: int) -> str:
            file = Path(tests[number].path)
            return "\n".join(promtool.failures([file], Path(folder) / f"{number}.xml")[file].values())

        with ThreadPoolExecutor(trial.CORES) as pool:
            said = list(pool.map(failed, range(len(tests))))
    wrong = [
        RulesError(f"the rules, as they are, don't do what the test says: {text}", file=test.path)
        for test, text in zip(tests, said, strict=True)
        if text
    ]
    if wrong:
        raise rules.BadRulesError(wrong)


class Probe(NamedTuple):
    """A case that is to be asked about a mutant; the first in order is the one to begin with."""

    is_silent: bool
    until: float
    of: int
    number: int
    alone: bool


class _Asked:
    """The mutants of the rules of one file of tests, each with what a change of its rule may reach."""

    def __init__(self, test: TestFile, mutants: Sequence[Mutant]) -> None:
        self.test = test
        # Both by the place of a mutant.
        self._members: dict[int, Member] = {}
        self._as_it_is: dict[int, Member] = {}
        known: dict[int, tuple[Colony | None, Tried]] = {}
        for place, mutant in enumerate(mutants):
            rule = mutant.original
            if id(rule) not in known:
                as_it_is = Tried(len(mutants) + len(known), rule, rule)
                known[id(rule)] = (colony.of(test, rule), as_it_is)
            reached, as_it_is = known[id(rule)]
            if reached is not None:
                self._members[place] = (Tried(place, rule, mutant.changed), reached)
                self._as_it_is[place] = (as_it_is, reached)

    def probes(self, place: int, since: float, until: float) -> Iterator[Probe]:
        """Yield which cases are worth asking about a mutant, of what they expect between two times."""
        if place not in self._members:
            return
        _, reached = self._members[place]
        for number, case in enumerate(self.test.cases):
            alone = reached.alone or reached.without_names(case)
            times = [
                (at, bool(stated.get("exp_alerts") or stated.get("exp_samples")))
                for kind, stated, at in cases.expected(case)
                if at <= until and (alone or reached.looked_at(kind, stated))
            ]
            if any(at > since for at, _ in times):
                # Most are noticed where an alert is expected to fire.
                yield Probe(not any(fires for _, fires in times), max(times)[0], id(self), number, alone)

    def trials(self, taken: Mapping[int, Sequence[Probe]], until: float) -> Iterator[Trial]:
        """Yield what must be asked to know of these mutants, by their places."""
        together: dict[int, list[int]] = {}
        for place, probes in taken.items():
            for probe in probes:
                if probe.of == id(self) and probe.alone:
                    yield Trial(self.test, probe.number, [self._members[place]], until, alone=True)
                elif probe.of == id(self):
                    together.setdefault(probe.number, []).append(place)
        for number, places in together.items():
            for first in range(0, len(places), TOGETHER):
                part = places[first : first + TOGETHER]
                whole = {
                    tried.place: (tried, reached) for tried, reached in (self._as_it_is[one] for one in part)
                }
                yield Trial(
                    self.test, number, [*whole.values(), *(self._members[one] for one in part)], until
                )
