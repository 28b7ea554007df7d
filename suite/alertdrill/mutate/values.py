"""What came of all mutants, as values."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from alertdrill.model import Value
from alertdrill.mutate.mutants import Mutant, Unread


class Fate(Value, frozen=True, kw_only=True):
    """One mutant and who notices it: rule test cases, and scenarios by their recordings, by name.

    `explained` is why nobody does, and why that is right.
    """

    mutant: Mutant
    tests: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()
    explained: str = ""

    @property
    def killed(self) -> bool:
        """Say whether anybody notices it."""
        return bool(self.tests or self.incidents)

    @property
    def survived(self) -> bool:
        """Say whether it makes a difference that nobody notices."""
        return not (self.killed or self.mutant.same)


class Score(Value, frozen=True, kw_only=True):
    """Of how many mutants of an alert or recording rule somebody notices how many."""

    rule: str
    mutants: int
    killed: int

    @property
    def share(self) -> float | None:
        """Return the share that is noticed, None where nothing can be damaged: of nothing there is none."""
        return self.killed / self.mutants if self.mutants else None


class Mutated(Value, frozen=True, kw_only=True):
    """The whole: every mutant's fate, and what could not be judged.

    `tests` are the files of rule tests that have a case, `incidents` the scenarios whose recordings were
    asked, `left_out` those that could not be and why; `stale` are explanations of mutants that are noticed,
    or are there no longer.
    """

    fates: tuple[Fate, ...]
    tests: int
    incidents: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()
    left_out: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()

    @property
    def is_asked(self) -> bool:
        """Say whether there was anybody who could have noticed: else a survivor proves nothing."""
        return bool(self.tests or self.incidents)

    @property
    def survivors(self) -> tuple[Fate, ...]:
        """Return who survived."""
        return tuple(one for one in self.fates if one.survived)

    @property
    def unexplained(self) -> tuple[Fate, ...]:
        """Return who survived without anybody saying why."""
        return tuple(one for one in self.survivors if not one.explained)

    @property
    def whole(self) -> Score:
        """Return the score of all rules together."""
        return _score("all", self.fates)

    def scores(self) -> Iterator[Score]:
        """Yield the score of each rule, in the order of the files."""
        for _, fates in groupby(self.fates, key=lambda one: one.mutant.original):
            those = list(fates)
            yield _score(those[0].mutant.original.name, those)


def _score(rule: str, fates: Sequence[Fate]) -> Score:
    different = [one for one in fates if not one.mutant.same]
    return Score(rule=rule, mutants=len(different), killed=sum(one.killed for one in different))
