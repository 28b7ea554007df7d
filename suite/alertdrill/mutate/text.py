"""What came of the mutants, as text: a score for each rule, who noticed, then every survivor."""

from collections import Counter
from collections.abc import Iterator

from alertdrill.mutate.values import Fate, Mutated, Score


def render(mutated: Mutated, *, matrix: bool = False) -> str:
    """Return it as people read it; `matrix` lists who noticed each mutant."""
    return "\n".join(_lines(mutated, matrix=matrix)) + "\n"


def _lines(mutated: Mutated, *, matrix: bool) -> Iterator[str]:
    if not mutated.is_asked:
        yield from _unasked(mutated)
        return
    yield from map(_score, mutated.scores())
    if matrix:
        yield ""
        yield from _who(mutated)
        yield ""
        yield from (_row(fate) for fate in mutated.fates)
    nobody = "nobody who could be asked notices" if mutated.left_out else "nobody notices"
    for heading, fates in (
        (f"{nobody}, and nobody says why", mutated.unexplained),
        (f"{nobody}, which is explained", tuple(one for one in mutated.survivors if one.explained)),
    ):
        if fates:
            yield ""
            yield f"{heading}:"
            for fate in fates:
                yield from _survivor(fate)
    yield ""
    yield from (f"left out: {one}" for one in mutated.left_out)
    yield from (f"unknown: {one}" for one in mutated.unread)
    yield from mutated.stale
    yield _sum(mutated, mutated.whole)


def _unasked(mutated: Mutated) -> Iterator[str]:
    """Yield that there was nobody to notice anything, and why: no mutant was shown to survive."""
    recordings = "no recording could be" if mutated.left_out else "no recordings are named (--incidents)"
    yield f"nobody was asked: there are no rule tests with these rules, and {recordings}"
    yield from (f"left out: {one}" for one in mutated.left_out)
    yield from (f"unknown: {one}" for one in mutated.unread)
    yield f"whether any of {mutated.whole.mutants} mutants would be noticed is not known"


def _score(one: Score) -> str:
    if one.share is None:
        return f"{'-':>6}  nothing to damage  {one.rule}"
    return f"{one.share:>6.1%}  {one.killed:>3} of {one.mutants:<3}  {one.rule}"


def _who(mutated: Mutated) -> Iterator[str]:
    """Yield how many each test case and each recording notices, and how many nobody else does."""
    noticed: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    for fate in mutated.fates:
        who = [*fate.tests, *fate.incidents]
        noticed.update(who)
        alone.update(who if len(who) == 1 else ())
    noticed.update(dict.fromkeys(mutated.incidents, 0))
    yield "noticed  alone  by"
    for name, count in sorted(noticed.items(), key=lambda one: (-one[1], one[0])):
        yield f"{count:>7}  {alone[name]:>5}  {name}"


def _row(fate: Fate) -> str:
    name = f"{fate.mutant.original.name}: {fate.mutant.what}"
    if fate.mutant.same:
        return f"=  {name} ({fate.mutant.same})"
    who = ", ".join([*fate.tests, *fate.incidents])
    return f"{'+' if fate.killed else '-'}  {name}" + (f": {who}" if who else "")


def _survivor(fate: Fate) -> Iterator[str]:
    mutant = fate.mutant
    yield f"{mutant.place}: {mutant.original.name}: {mutant.what}"
    if mutant.changed.expr != mutant.original.expr:
        yield f"    {mutant.changed.expr}"
    if fate.explained:
        yield f"    {fate.explained}"


def _sum(mutated: Mutated, whole: Score) -> str:
    same = sum(bool(fate.mutant.same) for fate in mutated.fates)
    share = "nothing to damage" if whole.share is None else f"{whole.share:.1%}"
    parts = [f"{whole.killed} of {whole.mutants} mutants are noticed ({share})"]
    if same:
        parts.append(f"{same} more make no difference")
    if mutated.survivors:
        explained = len(mutated.survivors) - len(mutated.unexplained)
        parts.append(f"{len(mutated.survivors)} survive, {explained} of them explained")
    return "; ".join(parts)
