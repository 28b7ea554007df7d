"""Rules, their tests and recordings → every mutant, who notices it, and who should have."""

from collections.abc import Callable, Sequence
from pathlib import Path

from alertdrill import incident, rules
from alertdrill.errors import UsageError
from alertdrill.mutate import cases, incidents, mutants, rule_tests, survivors
from alertdrill.mutate.survivors import Explained
from alertdrill.mutate.values import Fate, Mutated


def mutate(
    paths: Sequence[Path],
    *,
    beside: Sequence[Path] = (),
    recordings: Sequence[Path] = (),
    explained: Sequence[Explained] = (),
    every: bool = False,
    tell: Callable[[str], None] = lambda _sentence: None,
) -> Mutated:
    """Return what came of every mutant of the rules behind these paths; their tests are found with them.

    With `every` each is shown to all tests, and not only until one notices; that takes much longer. The rules
    `beside` are not damaged, and are there for recordings that were made with them, too.
    Rules that fail their own tests are a RulesError: of these nothing could be learnt.
    """
    found = rules.find(paths)
    ruleset = rules.of(found)
    damaged, unread = mutants.of(ruleset)
    if not damaged:
        why = "; ".join(map(str, unread))
        raise UsageError(
            f"there is nothing in these rules that could be damaged; {why or 'name files with rules'}"
        )
    tests = cases.read([*found.tests, *found.named])
    tell(f"{len(damaged)} mutants of {len(ruleset.rules)} rules, before {len(tests)} files of rule tests")
    by_tests = rule_tests.kills(damaged, tests, every=every)
    folders = incident.find(recordings) if recordings else []
    if folders:
        tell(f"and before {len(folders)} recordings")
    there = rules.load([*paths, *beside]) if folders and beside else ruleset
    open_ = [place for place in range(len(damaged)) if every or not by_tests[place]]
    trials = incidents.kills([damaged[place] for place in open_], there, folders)
    by_recordings = [frozenset(open_[number] for number in one.kills) for one in trials]
    fates = [
        Fate(
            mutant=mutant,
            tests=tuple(sorted(by_tests[place])),
            incidents=tuple(
                dict.fromkeys(
                    one.name for one, those in zip(trials, by_recordings, strict=True) if place in those
                )
            ),
        )
        for place, mutant in enumerate(damaged)
    ]
    told, stale = survivors.explain(fates, list(explained))
    return Mutated(
        fates=tuple(told),
        tests=sum(bool(one.cases) for one in tests),
        incidents=tuple(dict.fromkeys(one.name for one in trials if not one.trouble)),
        unread=unread,
        left_out=tuple(f"{one.name}: {one.trouble}" for one in trials if one.trouble),
        stale=tuple(stale),
    )
