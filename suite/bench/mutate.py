"""The shipped rules damaged in every small way: how long until it is known who notices each.

`python -m bench.mutate` prints figures, and ends with 1 where one is missed. Beside it stands what one would
do by hand: promtool for each mutant, with all test files of its rule. Of a few, for all; and these must be
noticed, or not, in both ways.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from alertdrill import data, rules
from alertdrill.mutate import mutate, survivors
from alertdrill.mutate.mutants import Mutant
from alertdrill.prometheus import promtool
from alertdrill.rules import RuleSet

MUTANTS_MIN, SECONDS_MAX = 200, 60.0
BY_HAND = 24  # mutants
RULES, BESIDE = data.path("rules"), data.path("fixtures", "rules")
INCIDENTS = data.path("fixtures", "incidents")


def by_hand(mutant: Mutant, checkout: Path) -> bool:
    """Say whether a test file fails where the one rule is changed on disk."""
    file = checkout / Path(mutant.original.file).relative_to(RULES.parent)
    before = file.read_text()
    groups = tuple(
        msgspec.structs.replace(
            group, rules=tuple(mutant.changed if rule == mutant.original else rule for rule in group.rules)
        )
        for group in rules.load([Path(mutant.original.file)]).groups
    )
    file.write_text(RuleSet(files={str(file): groups}).to_yaml())
    every = sorted((checkout / "rules" / "tests").glob("*.test.yaml"))
    tests = [test for test in every if file.name in test.read_text()]
    said = promtool.failures(tests, checkout / "junit.xml")
    file.write_text(before)
    return any(said.values())


def promises() -> Iterator[tuple[str, float, float, int]]:
    """Yield what is measured, how much it is, what is promised, and if that is most (1) or least (-1)."""
    begun = time.monotonic()
    found = mutate.mutate(
        [RULES],
        beside=[BESIDE],
        recordings=[INCIDENTS],
        explained=[one for file in survivors.beside([RULES]) for one in survivors.read(file)],
    )
    ours = time.monotonic() - begun
    yield "mutants of the shipped rules", len(found.fates), MUTANTS_MIN, -1
    yield "until it is known who notices each, s", ours, SECONDS_MAX, 1
    yield "survivors that nobody explains", len(found.unexplained), 0, 1
    some = found.fates[:: max(1, len(found.fates) // BY_HAND)]
    with tempfile.TemporaryDirectory() as temporary:
        checkout = Path(temporary)
        for folder in (RULES, BESIDE):
            shutil.copytree(folder, checkout / folder.relative_to(RULES.parent))
        begun = time.monotonic()
        noticed = [by_hand(one.mutant, checkout) for one in some]
        theirs = (time.monotonic() - begun) / len(some) * len(found.fates)
    apart = sum(bool(one.tests) is not hand for one, hand in zip(some, noticed, strict=True))
    yield f"of {len(some)} mutants, noticed in one way only", apart, 0, 1
    yield "a promtool for each mutant, times as long", theirs / ours, 1, -1


def main() -> int:
    """Print what it takes, and say whether it is what is promised."""
    missed = False
    for what, measured, limit, sign in promises():
        bad = sign * measured > sign * limit
        missed = missed or bad
        bound = "≤" if sign > 0 else "≥"
        print(f"{what}: {measured:.4g} (promised {bound} {limit:g}){'  missed' if bad else ''}")  # noqa: T201
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
