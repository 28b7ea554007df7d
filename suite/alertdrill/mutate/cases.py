"""Files of promtool's rule tests, as they are written, and what their cases look at."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from alertdrill import durations, rules
from alertdrill.engine import order
from alertdrill.errors import RulesError, UsageError
from alertdrill.rules import RuleSet, files

EXPECTING = ("alert_rule_test", "promql_expr_test")
BARE = re.compile(r"[\w.+-]+( [\w.+-]+)*")  # what is the same word without quotes, in any place of YAML

Document = dict[str, Any]


class _Word(str):
    """A scalar that stood without quotes: what it is decides promtool, to which `0x60` is sixty zeros."""

    __slots__ = ()


class _Loader(yaml.CBaseLoader):
    """Reads scalars as they are written."""

    def construct_scalar(self, node: yaml.ScalarNode) -> str:
        """Return a scalar's text, and keep in mind whether it had quotes."""
        text = str(super().construct_scalar(node))
        return text if node.style else _Word(text)


@dataclass(frozen=True)
class TestFile:
    """A file of rule tests, with the rules it is about by the path they have on disk."""

    __test__ = False  # pytest: not one of yours

    path: str
    document: Document
    rules: Mapping[Path, RuleSet]

    @property
    def cases(self) -> list[Document]:
        """Return its cases."""
        return self.document.get("tests") or []

    @cached_property
    def ruleset(self) -> RuleSet:
        """Return all of its rules as one set."""
        return RuleSet(files={str(path): one.groups for path, one in self.rules.items()})

    @cached_property
    def ordered(self) -> order.Ordered:
        """Return its rules, with what each reads of the others."""
        return order.ordered(self.ruleset)

    @cached_property
    def steps(self) -> dict[tuple[str, int], order.Step]:
        """Return its rules by group and number."""
        return {order.key(step): step for step in self.ordered.steps}

    def named(self, number: int) -> str:
        """Return what a case is called: by file and by name."""
        return f"{self.path}: {self.cases[number].get('name') or f'case {number + 1}'}"


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


def written(value: object) -> str:
    """Return a document, or a part of one, as YAML in one line; scalars are as they were."""
    match value:
        case dict():
            return f"{{{', '.join(f'{written(key)}: {written(one)}' for key, one in value.items())}}}"
        case list():
            return f"[{', '.join(map(written, value))}]"
        case _Word() if not value:
            return "null"
        case _Word() if BARE.fullmatch(value):
            return value
    return json.dumps(value, ensure_ascii=False)


def expected(case: Document) -> Iterator[tuple[str, Document, float]]:
    """Yield each expectation of a case: its list, itself, and at which second it is looked at."""
    for key in EXPECTING:
        for stated in case.get(key) or []:
            yield key, stated, _seconds(stated.get("eval_time"))


def until(case: Document) -> float:
    """Return the second at which a case looks for the last time."""
    return max((seconds for _, _, seconds in expected(case)), default=0.0)


def renamed(stated: Any, name: str, other: str) -> Any:
    """Return an expectation with a rule's name replaced wherever it stands."""
    if isinstance(stated, dict):
        return {key: renamed(value, name, other) for key, value in stated.items()}
    if isinstance(stated, list):
        return [renamed(value, name, other) for value in stated]
    return type(stated)(whole(name).sub(other, stated))


def whole(name: str) -> re.Pattern[str]:
    """Return what finds a rule's name where it is no part of another."""
    return re.compile(rf"(?<![\w:]){re.escape(name)}(?![\w:])")


def _seconds(text: object) -> float:
    try:
        return durations.seconds(str(text))
    except UsageError:
        return 0.0  # promtool will say it
