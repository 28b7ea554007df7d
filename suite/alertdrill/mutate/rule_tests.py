"""Mutants before promtool's rule tests: which test case notices which.

Promtool itself judges, and many mutants at once: samples are loaded once for all of them, and only the
rules they need are evaluated. Most mutants are noticed by the first thing a case expects, and each evaluation
costs; so the first minutes of all cases come first, and who has been noticed is not asked about again.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from alertdrill import rules
from alertdrill.errors import RulesError
from alertdrill.mutate import cases, colony, trial
from alertdrill.mutate.cases import Document, TestFile
from alertdrill.mutate.colony import Colony, Tried
from alertdrill.mutate.mutants import Mutant
from alertdrill.mutate.trial import Trial
from alertdrill.prometheus import promtool

# Up to which second cases are asked, one after the other.
WAVES = (1200.0, 2700.0, 5400.0, 10_800.0, float("inf"))
TOGETHER = 48  # mutants before one case at once


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
        open_ = {place for place, one in enumerate(mutants) if every or not (found[place] or one.same)}
        trials = [one for test in asked for one in test.trials(open_, since, until)]
        trial.run(trials)
        for one in trials:
            for place in one.killed & open_:
                found[place].add(one.test.named(one.number))
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


class _Asked:
    """The mutants of the rules of one file of tests, each with what a change of its rule may reach."""

    def __init__(self, test: TestFile, mutants: Sequence[Mutant]) -> None:
        self._test = test
        self._members: list[tuple[Tried, Colony]] = []
        self._as_they_are: dict[int, tuple[Tried, Colony]] = {}  # by the place of a mutant
        known: dict[int, tuple[Colony | None, Tried]] = {}
        for place, mutant in enumerate(mutants):
            rule = mutant.original
            if id(rule) not in known:
                as_it_is = Tried(len(mutants) + len(known), rule, rule)
                known[id(rule)] = (colony.of(test, rule), as_it_is)
            reached, as_it_is = known[id(rule)]
            if reached is not None:
                self._members.append((Tried(place, rule, mutant.changed), reached))
                self._as_they_are[place] = (as_it_is, reached)

    def trials(self, open_: set[int], since: float, until: float) -> Iterator[Trial]:
        """Yield what must be asked about these mutants, of what is expected between two times."""
        those = [one for one in self._members if one[0].place in open_]
        for number, case in enumerate(self._test.cases):
            together = []
            for tried, reached in those:
                if reached.alone or reached.without_names(case):
                    if any(since < at <= until for _, _, at in cases.expected(case)):
                        yield Trial(self._test, number, [(tried, reached)], until, alone=True)
                elif _looks_at(case, reached, since, until):
                    together.append((tried, reached))
            for first in range(0, len(together), TOGETHER):
                part = together[first : first + TOGETHER]
                whole = {id(self._as_they_are[one.place]): self._as_they_are[one.place] for one, _ in part}
                yield Trial(self._test, number, [*whole.values(), *part], until)


def _looks_at(case: Document, reached: Colony, since: float, until: float) -> bool:
    """Say whether a case expects something of these rules after one time and up to another."""
    return any(
        since < at <= until and reached.looked_at(kind, stated) for kind, stated, at in cases.expected(case)
    )
