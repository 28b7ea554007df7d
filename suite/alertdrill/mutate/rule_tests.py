"""Mutants before promtool's rule tests: which test case notices which.

Promtool itself judges. Each mutant gets a rule file and a test file of its own, made small: only its rule and
what is recorded, only the cases and expectations that are about it; many go into one promtool. A case that
looks at hours is first asked about its first two, since most mutants are noticed there, and hours cost.
"""

import copy
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from alertdrill import durations, rules
from alertdrill.errors import RulesError, UsageError
from alertdrill.mutate.mutants import Mutant
from alertdrill.prometheus import promtool
from alertdrill.rules import Rule, RuleSet, files

SHORT_SECONDS = 7200.0
AT_ONCE = 24  # test files for one promtool

Document = dict[str, Any]


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
        document = yaml.load(files.text_of(path), Loader=yaml.CSafeLoader)
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
    """One rule, as it is or mutated, before cases of one test file."""

    test: TestFile
    original: Rule
    changed: Rule
    numbers: Sequence[int]
    whole: bool = False  # with all other rules, since it does not pass without
    hours: bool = True  # with what is expected after SHORT_SECONDS
    failed: dict[int, str] = field(default_factory=dict)

    def write(self, folder: Path, name: str) -> Path:
        """Write its rule file and its test file, and return the latter."""
        ruleset = RuleSet(files=dict(self._files()))
        (folder / f"{name}.rules.yaml").write_text(ruleset.to_yaml())
        document = {key: value for key, value in self.test.document.items() if key != "tests"}
        document["rule_files"] = [f"{name}.rules.yaml"]
        document.pop("group_eval_order", None)
        document["tests"] = [self._case(number) for number in self.numbers]
        written = folder / f"{name}.test.yaml"
        written.write_text(yaml.dump(document, Dumper=_Plain, sort_keys=False, allow_unicode=True))
        return written

    def _files(self) -> Iterator[tuple[str, tuple[rules.Group, ...]]]:
        for path, ruleset in self.test.rules.items():
            groups = []
            for group in ruleset.groups:
                kept = tuple(
                    self.changed if one.line == self.original.line and _is_in(self.original, path) else one
                    for one in group.rules
                    if self.whole or one.kind == "record" or self._is_it(one, path)
                )
                if kept:
                    groups.append(rules.Group(**{**_fields(group), "rules": kept}))
            yield str(path), tuple(groups)

    def _is_it(self, rule: Rule, path: Path) -> bool:
        return _is_in(self.original, path) and rule.line == self.original.line

    def _case(self, number: int) -> Document:
        case = copy.copy(self.test.document["tests"][number])
        case["name"] = str(number)
        for key in ("alert_rule_test", "promql_expr_test"):
            kept = [one for one in case.get(key) or [] if self._is_asked(key, one)]
            case[key] = kept
        return {key: value for key, value in case.items() if value != []}

    def _is_asked(self, key: str, one: Document) -> bool:
        if not self.hours and _seconds(one.get("eval_time")) > SHORT_SECONDS:
            return False
        if self.original.kind == "record" or self.whole:
            return True
        return one.get("alertname") == self.original.name or (
            key == "promql_expr_test" and self.original.name in str(one.get("expr"))
        )

    @property
    def is_long(self) -> bool:
        """Say whether something is expected both early and after SHORT_SECONDS."""
        times = [
            _seconds(one.get("eval_time"))
            for number in self.numbers
            for key in ("alert_rule_test", "promql_expr_test")
            for one in self.test.document["tests"][number].get(key) or []
            if self._is_asked(key, one)
        ]
        return bool(times) and min(times) <= SHORT_SECONDS < max(times)


class _Plain(yaml.CSafeDumper):
    """Writes what was repeated by an anchor again, each time."""

    def ignore_aliases(self, data: Any) -> bool:
        """Have none."""
        del data
        return True


def _fields(group: rules.Group) -> dict[str, Any]:
    return {name: getattr(group, name) for name in group.__struct_fields__}


def _is_in(rule: Rule, path: Path) -> bool:
    return Path(rule.file).resolve() == path


def _seconds(text: object) -> float:
    try:
        return durations.seconds(str(text))
    except UsageError:
        return 0.0  # promtool will say it


def run(trials: Sequence[Trial]) -> None:
    """Have promtool judge each, and fill in which cases failed, with what it said of them."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        batches = [trials[first : first + AT_ONCE] for first in range(0, len(trials), AT_ONCE)]
        list(pool.map(_judge, batches))


def _judge(trials: Sequence[Trial]) -> None:
    with TemporaryDirectory(prefix="alertdrill-mutate-") as folder:
        written = [trial.write(Path(folder), str(number)) for number, trial in enumerate(trials)]
        said = promtool.failures(written, Path(folder) / "junit.xml")
    for trial, file in zip(trials, written, strict=True):
        trial.failed.update(
            {number: said[file][str(number)] for number in trial.numbers if str(number) in said[file]}
            if "" not in said[file]
            else dict.fromkeys(trial.numbers, said[file][""])
        )


def kills(mutants: Sequence[Mutant], tests: Sequence[TestFile]) -> list[frozenset[str]]:
    """Return for each mutant the cases that notice it; a RulesError where rules fail as they are."""
    whole = _baseline(mutants, tests)
    found: list[set[str]] = [set() for _ in mutants]
    short: list[tuple[int, Trial]] = []
    for place, mutant in enumerate(mutants):
        for test in tests:
            if numbers := test.about(mutant.original):
                key = (test.path, mutant.original.file, mutant.original.line)
                short += [
                    (place, Trial(test, mutant.original, mutant.changed, [number], whole=key in whole))
                    for number in numbers
                ]
    long = [(place, trial) for place, trial in short if trial.is_long]
    for _, trial in long:
        trial.hours = False
    run([trial for _, trial in short])
    again = [(place, trial) for place, trial in long if not trial.failed]
    for _, trial in again:
        trial.hours = True
    run([trial for _, trial in again])
    for place, trial in short:
        found[place] |= {trial.test.case(number) for number in trial.failed}
    return [frozenset(one) for one in found]


def _baseline(mutants: Sequence[Mutant], tests: Sequence[TestFile]) -> set[tuple[str, str, int]]:
    """Return which rules pass a test file only together with all others."""
    originals = list({(one.original.file, one.original.line): one.original for one in mutants}.values())
    trials = [
        Trial(test, rule, rule, numbers)
        for test in tests
        for rule in originals
        if (numbers := test.about(rule))
    ]
    run(trials)
    failed = [trial for trial in trials if trial.failed]
    for trial in failed:
        trial.whole, trial.failed = True, {}
    run(failed)
    wrong = {trial.test.path: said for trial in failed for said in trial.failed.values()}
    if wrong:
        raise rules.BadRulesError(
            [
                RulesError(f"the rules, as they are, don't do what the test says: {said}", file=path)
                for path, said in wrong.items()
            ]
        )
    return {(trial.test.path, trial.original.file, trial.original.line) for trial in failed}
