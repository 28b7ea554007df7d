"""Which rules stand for a mutant where many are asked at once: itself and what reads it, by other names.

So a damaged recording rule is recorded beside the whole one, and the alerts that read it are there twice.
What can't be told apart so is tried alone: one that reads alerts, metrics without naming them, or its name.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from alertdrill.engine import naming
from alertdrill.engine.order import OF_ALERTS, Step, key
from alertdrill.errors import UsageError
from alertdrill.mutate.cases import Document, TestFile, expected, renamed, whole
from alertdrill.rules import Rule, promql

Place = tuple[str, int]


@dataclass(frozen=True)
class Tried:
    """A rule and what it becomes; `place` tells it from all others that are tried."""

    place: int
    original: Rule
    changed: Rule

    @property
    def is_as_it_was(self) -> bool:
        """Say whether it is the rule itself, which shows what becomes of rules in such company."""
        return self.changed is self.original


@dataclass(frozen=True)
class Colony:
    """The rules of a test file that a change of one of them may reach, that one first, with their names.

    `alone` says that they can't be renamed: then the change is tried in place of the rule, with all others
    as they are.
    """

    steps: Mapping[Place, Step]
    names: frozenset[str]
    records: frozenset[str]
    alone: bool

    def rules(self, step: Step, tried: Tried) -> Iterator[Rule]:
        """Yield what stands for a step under the name of who is tried, nothing where it is none of these."""
        if key(step) in self.steps:
            rule = tried.changed if is_of(step, tried.original) else step.rule
            others = {name: called(name, tried.place) for name in self.records}
            expr = naming.renamed(rule.expr, others)
            yield msgspec.structs.replace(rule, name=called(rule.name, tried.place), expr=expr)

    def asked(self, kind: str, stated: Document, place: int) -> Document:
        """Return an expectation as one of them under another name."""
        if kind == "alert_rule_test":
            return {**stated, "alertname": called(str(stated.get("alertname")), place)}
        for name in sorted(self.names):
            stated = renamed(stated, name, called(name, place))
        return stated

    def looked_at(self, kind: str, stated: Document) -> bool:
        """Say whether an expectation may change with these rules."""
        if kind == "alert_rule_test":
            return str(stated.get("alertname")) in self.names - self.records
        expr = str(stated.get("expr"))
        if naming.reads(expr, self.records):
            return True
        return bool(naming.reads(expr, OF_ALERTS) and _alerts_of(expr, self.names - self.records))

    def without_names(self, case: Document) -> bool:
        """Say whether a case looks at these rules in words that can't be renamed."""
        return any(
            kind != "alert_rule_test"
            and self.looked_at(kind, stated)
            and (
                naming.by_pattern(str(stated.get("expr")), [*self.records, *OF_ALERTS])
                or not any(whole(name).search(str(stated.get("expr"))) for name in self.names)
            )
            for kind, stated, _ in expected(case)
        )


def called(name: str, place: int) -> str:
    """Return the name of a rule for a mutant: one that can't be in the rules already."""
    return f"{name}__mutant_{place}"


def is_of(step: Step, rule: Rule) -> bool:
    """Say whether a step is this rule, of which a file may have many in one line."""
    one = step.rule
    return (one.line, one.name, one.expr) == (rule.line, rule.name, rule.expr) and (
        Path(one.file).resolve() == Path(rule.file).resolve()
    )


def of(test: TestFile, rule: Rule) -> Colony | None:
    """Return what a change of a rule may reach in a test file, None where the file knows nothing of it."""
    steps = test.ordered.steps
    first = next((step for step in steps if is_of(step, rule)), None)
    if first is None:
        return None
    found: dict[Place, Step] = {}
    waiting = [first]
    while waiting:
        step = waiting.pop()
        if key(step) not in found:
            found[key(step)] = step
            waiting += [one for one in steps if _is_named_as(one, step) or _reads(test, one, step)]
    names = frozenset(step.rule.name for step in found.values())
    records = frozenset(step.rule.name for step in found.values() if step.rule.kind == "record")
    return Colony(found, names, records, alone=_must_be_alone(test, found))


def needed(test: TestFile, texts: Iterable[str]) -> frozenset[str]:
    """Return the names of all that is recorded and read by these expressions, or by what they read."""
    made: dict[str, list[str]] = {}
    for step in test.ordered.steps:
        if step.rule.kind == "record":
            made.setdefault(step.rule.name, []).append(step.rule.expr)
    found: set[str] = set()
    waiting = list(texts)
    while waiting:
        for name in naming.reads(waiting.pop(), made) - found:
            found.add(name)
            waiting += made[name]
    return frozenset(found)


def _is_named_as(one: Step, other: Step) -> bool:
    return (one.rule.kind, one.rule.name) == (other.rule.kind, other.rule.name)


def _reads(test: TestFile, one: Step, other: Step) -> bool:
    return any(key(step) == key(other) for step in test.ordered.reads[key(one)])


def _must_be_alone(test: TestFile, found: Mapping[Place, Step]) -> bool:
    circular = {key(step) for step in test.ordered.circular}
    recorded = [step.rule.name for step in test.ordered.steps if step.rule.kind == "record"]
    around = needed(test, [step.rule.expr for step in found.values()])
    read = [step.rule.expr for step in test.ordered.steps if step.rule.name in around]
    return (
        bool(circular & set(found))
        or any(_says_its_name(step.rule) for step in found.values())
        or any(naming.reads(step.rule.expr, OF_ALERTS) for step in found.values())
        or any(
            naming.by_pattern(expr, [*recorded, *OF_ALERTS])
            for expr in (*read, *(step.rule.expr for step in found.values()))
        )
    )


def _says_its_name(rule: Rule) -> bool:
    return any("alertname" in text for text in (rule.expr, *rule.labels.values(), *rule.annotations.values()))


def _alerts_of(expr: str, names: Iterable[str]) -> bool:
    """Say whether an expression may look at series of one of these alerts; one that can't be read may."""
    try:
        return bool(promql.alerts_read(promql.parse(expr), names))
    except UsageError:
        return True
