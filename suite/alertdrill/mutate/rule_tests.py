"""Mutants before promtool's rule tests: which test case notices which.

Promtool itself judges. A case is given to all mutants it is about at once: each is a rule under a name of its
own, beside what is recorded, and has the expectations of that alert under this name. So samples are loaded
once for many, and many cases go into one promtool. A case that looks at hours is first asked about its first
two, since most mutants are noticed there, and hours cost. Where a rule passes only with all others around it,
where a mutant may change what others read, or where a text says the alert's name, it is tried alone.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import yaml

from alertdrill import durations, rules
from alertdrill.errors import RulesError, UsageError
from alertdrill.mutate.mutants import Mutant
from alertdrill.prometheus import promtool
from alertdrill.rules import Rule, RuleSet, files

# By how long their samples are evaluated cases are asked one after the other; those of hours come last.
WAVES = (1200.0, 2700.0, 5400.0, 7200.0, float("inf"))
SHORT_SECONDS = 7200.0
AT_ONCE = 8  # test files for one promtool
TOGETHER = 24  # mutants before one case at once
EXPECTING = ("alert_rule_test", "promql_expr_test")
BROKEN = ", err: "  # is in what promtool says when a rule can't be evaluated

Document = dict[str, Any]
Key = tuple[str, int, str, tuple[int, str, str]]
Tried = tuple[int, Rule, Rule]  # place, original, changed


class _Word(str):
    """A scalar that stood without quotes: what it is decides promtool, to which `0x60` is sixty zeros."""

    __slots__ = ()


class _Loader(yaml.CBaseLoader):
    """Reads scalars as they are written."""

    def construct_scalar(self, node: yaml.ScalarNode) -> str:
        """Return a scalar's text, and keep in mind whether it had quotes."""
        text = str(super().construct_scalar(node))
        return text if node.style else _Word(text)


class _Dumper(yaml.CSafeDumper):
    """Writes scalars as they were, and what was repeated by an anchor each time anew."""

    def ignore_aliases(self, data: Any) -> bool:
        """Have none."""
        del data
        return True


def _as_it_was(dumper: _Dumper, word: _Word) -> yaml.ScalarNode:
    tag = dumper.resolve(yaml.ScalarNode, str(word), (True, False))  # type: ignore[no-untyped-call]
    return dumper.represent_scalar(tag, str(word))


_Dumper.add_representer(_Word, _as_it_was)


@dataclass(frozen=True)
class TestFile:
    """A file of rule tests, with the rules it is about by the path they have on disk."""

    __test__ = False  # pytest: not one of yours

    path: str
    document: Document
    rules: Mapping[Path, RuleSet]

    def about(self, rule: Rule) -> list[int]:
        """Return the numbers of the cases that look at a rule; at one that records, all may."""
        if Path(rule.file).resolve() not in self.rules:
            return []
        cases = enumerate(self.document.get("tests") or [])
        return [number for number, case in cases if rule.kind == "record" or _names(case, rule.name)]

    def case(self, number: int) -> str:
        """Return what a case is called: by file and by name."""
        return f"{self.path}: {self.document['tests'][number].get('name') or f'case {number + 1}'}"


def read(paths: Iterable[Path]) -> list[TestFile]:
    """Return these files of rule tests; one that can't be read is a RulesError."""
    return [_read(path) for path in paths]


def _read(path: Path) -> TestFile:
    try:
        document = yaml.load(files.text_of(path), Loader=_Loader)  # noqa: S506  # it makes texts of everything
    except yaml.YAMLError as error:
        raise RulesError(f"this is no YAML: {error}", file=str(path)) from error
    if not isinstance(document, dict) or not isinstance(document.get("tests") or [], list):
        raise RulesError("this is no file of rule tests; `tests:` must be a list", file=str(path))
    found: dict[Path, RuleSet] = {}
    for pattern in document.get("rule_files") or []:
        for one in (
            sorted(path.parent.glob(str(pattern))) if not Path(pattern).is_absolute() else [Path(pattern)]
        ):
            found[one.resolve()] = rules.load([one])
    return TestFile(str(path), document, found)


def _names(case: Document, alert: str) -> bool:
    told = [str(one.get("alertname")) for one in case.get("alert_rule_test") or []]
    asked = [str(one.get("expr")) for one in case.get("promql_expr_test") or []]
    return alert in told or any(alert in one for one in asked)


@dataclass
class Trial:
    """Mutants before one case of a test file: `tried` has (place, original, changed) of each.

    `alone`: the only one, under its own name and with all other rules around it. `hours`: with what is
    expected after SHORT_SECONDS. In the end `killed` are the places of those that were noticed, and `lost`
    of those that were not judged, since another one kept promtool from it.
    """

    test: TestFile
    number: int
    tried: list[Tried]
    alone: bool = False
    hours: bool = True
    killed: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)
    said: str = ""

    def write(self, folder: Path, name: str) -> Path:
        """Write its rule file and its test file, and return the latter."""
        ruleset = RuleSet(files=dict(self._files()))
        (folder / f"{name}.rules.yaml").write_text(ruleset.to_yaml())
        document = {key: value for key, value in self.test.document.items() if key != "tests"}
        document["rule_files"] = [f"{name}.rules.yaml"]
        document.pop("group_eval_order", None)
        document["tests"] = [self._case()]
        written = folder / f"{name}.test.yaml"
        written.write_text(yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True))
        return written

    def _files(self) -> Iterator[tuple[str, tuple[rules.Group, ...]]]:
        for path, ruleset in self.test.rules.items():
            groups = []
            for group in ruleset.groups:
                kept = tuple(one for rule in group.rules for one in self._rules(rule, path))
                groups.append(msgspec.structs.replace(group, rules=kept))
            yield str(path), tuple(group for group in groups if group.rules)

    def _rules(self, rule: Rule, path: Path) -> Iterator[Rule]:
        mine = [one for one in self.tried if _is_in(one[1], path) and _content(one[1]) == _content(rule)]
        if self.alone:
            yield mine[0][2] if mine else rule
        elif rule.kind == "record":
            yield rule
        else:
            for place, original, changed in mine:
                yield msgspec.structs.replace(changed, name=_called(original, place))

    def _case(self) -> Document:
        case = {**self.test.document["tests"][self.number], "name": "0"}
        for key in EXPECTING:
            case[key] = [one for stated in case.get(key) or [] for one in self._asked(key, stated)]
        return {key: value for key, value in case.items() if value != []}

    def _asked(self, key: str, stated: Document) -> Iterator[Document]:
        """Yield an expectation for each mutant it is about."""
        if not self.hours and _seconds(stated.get("eval_time")) > SHORT_SECONDS:
            return
        if self.alone:
            yield stated
            return
        for place, original, _ in self.tried:
            if key == "alert_rule_test" and stated.get("alertname") == original.name:
                yield {**stated, "alertname": _called(original, place)}
            elif key == "promql_expr_test" and re.search(_whole(original.name), str(stated.get("expr"))):
                yield _renamed(stated, original.name, _called(original, place))

    @property
    def is_long(self) -> bool:
        """Say whether something is expected both early and after SHORT_SECONDS."""
        case = self.test.document["tests"][self.number]
        times = [_seconds(one.get("eval_time")) for key in EXPECTING for one in case.get(key) or []]
        return bool(times) and min(times) <= SHORT_SECONDS < max(times)

    def judged(self, said: Mapping[str, str]) -> None:
        """Take in what promtool says of the case."""
        self.said = "\n".join(said.values())
        places = {place for place, _, _ in self.tried}
        if self.alone or not said:
            self.killed |= places if said else set()
            return
        named = {place for place, rule, _ in self.tried if re.search(_whole(_called(rule, place)), self.said)}
        self.killed |= named
        # Whoever can't be evaluated ends the case for all; and what names nobody is said of all.
        self.lost = places - named if BROKEN in self.said or not named else set()

    def again(self) -> Iterator["Trial"]:
        """Yield the trials of those that were kept from a verdict; their kills are this one's."""
        rest = [one for one in self.tried if one[0] in self.lost]
        alone = len(rest) == len(self.tried)
        for part in [[one] for one in rest] if alone else [rest] if rest else []:
            yield Trial(self.test, self.number, part, alone=alone, hours=self.hours, killed=self.killed)


def _called(rule: Rule, place: int) -> str:
    """Return the name of a mutant: of one that can't be in the rules already."""
    return f"{rule.name}__mutant_{place}"


def _whole(name: str) -> str:
    return rf"(?<![\w:]){re.escape(name)}(?![\w:])"


def _renamed(stated: Any, name: str, other: str) -> Any:
    """Return an expectation with the alert's name replaced wherever it stands."""
    if isinstance(stated, dict):
        return {key: _renamed(value, name, other) for key, value in stated.items()}
    if isinstance(stated, list):
        return [_renamed(value, name, other) for value in stated]
    return type(stated)(re.sub(_whole(name), other, stated))


def _content(rule: Rule) -> tuple[int, str, str]:
    """Return what tells a rule from all others of its file, which may have many in one line."""
    return rule.line, rule.name, rule.expr


def _is_in(rule: Rule, path: Path) -> bool:
    return Path(rule.file).resolve() == path


def _seconds(text: object) -> float:
    try:
        return durations.seconds(str(text))
    except UsageError:
        return 0.0  # promtool will say it


def run(trials: Sequence[Trial], at_once: int = AT_ONCE) -> None:
    """Have promtool judge each, so many in one process."""
    waiting = list(trials)
    while waiting:
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            batches = [waiting[first : first + at_once] for first in range(0, len(waiting), at_once)]
            list(pool.map(_judge, batches))
        waiting = [again for trial in waiting for again in trial.again()]


def _judge(trials: Sequence[Trial]) -> None:
    with TemporaryDirectory(prefix="alertdrill-mutate-") as folder:
        written = [trial.write(Path(folder), str(number)) for number, trial in enumerate(trials)]
        said = promtool.failures(written, Path(folder) / "junit.xml")
    for trial, file in zip(trials, written, strict=True):
        trial.judged(said[file])


def kills(mutants: Sequence[Mutant], tests: Sequence[TestFile], *, every: bool) -> list[frozenset[str]]:
    """Return for each mutant the cases that notice it; a RulesError where rules fail as they are.

    With `every` all cases are asked about each. Without, the shortest come first, and who has been noticed is
    not asked about again.
    """
    alone = _baseline(mutants, tests)
    asked: dict[tuple[str, int], tuple[TestFile, list[int]]] = {}
    for test in tests:
        for place, mutant in enumerate(mutants):
            for number in test.about(mutant.original):
                asked.setdefault((test.path, number), (test, []))[1].append(place)
    found: list[set[str]] = [set() for _ in mutants]
    wave = {key: _wave(test.document["tests"][key[1]]) for key, (test, _) in asked.items()}
    for limit in WAVES:
        trials: list[Trial] = []
        for key, (test, places) in asked.items():
            if wave[key] == limit:
                open_ = [place for place in places if every or not found[place]]
                trials += _trials(test, key[1], [(place, mutants[place]) for place in open_], alone)
        _run_long(trials) if limit == WAVES[-1] else run(trials)
        for trial in trials:
            for place in trial.killed:
                found[place].add(trial.test.case(trial.number))
    return [frozenset(one) for one in found]


def _wave(case: Document) -> float:
    """Return when a case is asked: by how long its samples are evaluated."""
    times = [_seconds(one.get("eval_time")) for key in EXPECTING for one in case.get(key) or []]
    return next(limit for limit in WAVES if max(times, default=0.0) <= limit)


def _trials(
    test: TestFile, number: int, those: Sequence[tuple[int, Mutant]], alone: set[Key]
) -> Iterator[Trial]:
    together: list[Tried] = []
    for place, mutant in those:
        one = (place, mutant.original, mutant.changed)
        if _key(test, number, mutant.original) in alone:
            yield Trial(test, number, [one], alone=True)
        else:
            together.append(one)
    for first in range(0, len(together), TOGETHER):
        yield Trial(test, number, together[first : first + TOGETHER])


def _run_long(trials: Sequence[Trial]) -> None:
    """Have promtool judge cases of hours: by what is expected early, then each of the rest by itself."""
    for trial in trials:
        trial.hours = not trial.is_long
    run(trials)
    late = [
        Trial(trial.test, trial.number, [one], alone=trial.alone, killed=trial.killed)
        for trial in trials
        if not trial.hours
        for one in trial.tried
        if one[0] not in trial.killed
    ]
    run(late, at_once=1)


def _baseline(mutants: Sequence[Mutant], tests: Sequence[TestFile]) -> set[Key]:
    """Return which rules must be tried alone, by test file and case."""
    originals = list({(one.original.file, _content(one.original)): one.original for one in mutants}.values())
    together: dict[tuple[str, int], Trial] = {}
    alone = []
    for test in tests:
        for place, rule in enumerate(originals):
            for number in test.about(rule):
                if rule.kind == "record" or _says_its_name(rule):
                    alone.append(Trial(test, number, [(place, rule, rule)], alone=True))
                else:
                    shared = together.setdefault((test.path, number), Trial(test, number, []))
                    shared.tried.append((place, rule, rule))
    run(list(together.values()))
    for trial in together.values():
        failed = [one for one in trial.tried if one[0] in trial.killed]
        alone += [Trial(trial.test, trial.number, [one], alone=True) for one in failed]
    run(alone)
    wrong = {trial.test.path: trial.said for trial in alone if trial.killed}
    if wrong:
        raise rules.BadRulesError(
            [
                RulesError(f"the rules, as they are, don't do what the test says: {said}", file=path)
                for path, said in wrong.items()
            ]
        )
    return {_key(trial.test, trial.number, trial.tried[0][1]) for trial in alone}


def _key(test: TestFile, number: int, rule: Rule) -> Key:
    return test.path, number, rule.file, _content(rule)


def _says_its_name(rule: Rule) -> bool:
    return any("alertname" in text for text in (rule.expr, *rule.labels.values(), *rule.annotations.values()))
