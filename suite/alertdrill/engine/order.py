"""The order in which rules can be evaluated each over the whole of its time: what is read comes first."""

import graphlib
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from alertdrill.engine import moment, naming
from alertdrill.rules import Group, Rule, RuleSet, promql

OF_ALERTS = ("ALERTS", "ALERTS_FOR_STATE")


class Step(NamedTuple):
    """One rule, and where it stands: its group by the name of `RuleSet.named`, and its number in it."""

    name: str
    group: Group
    number: int
    rule: Rule

    def comes_after(self, other: "Step") -> bool:
        """Say whether a round of its group has evaluated the other one when it gets here."""
        return self.name != other.name or other.number < self.number


class Ordered(NamedTuple):
    """Every rule once, those that others read before these; and what each reads of the others.

    `circular` are the rules that read themselves, by whatever way, in an order of their own.
    """

    steps: tuple[Step, ...]
    reads: Mapping[tuple[str, int], tuple[Step, ...]]
    circular: tuple[Step, ...]

    @property
    def as_stated(self) -> list[Step]:
        """Return the rules in the order of the files."""
        return sorted(self.steps, key=lambda step: (step.rule.file, step.rule.line, step.name, step.number))


def ordered(rules: RuleSet) -> Ordered:
    """Return the order of the rules of a set."""
    steps = [
        Step(name, group, number, rule)
        for name, group in rules.named().items()
        for number, rule in enumerate(group.rules)
    ]
    made: dict[str, list[Step]] = {}
    for step in steps:
        if step.rule.kind == "record":
            made.setdefault(step.rule.name, []).append(step)
    alerts = [step for step in steps if step.rule.kind == "alert"]
    reads = {key(step): tuple(_read(step.rule, made, alerts)) for step in steps}
    by_key = {key(step): step for step in steps}
    waiting = {one: {key(other) for other in those} for one, those in reads.items()}
    circular: list[Step] = []
    while True:
        try:
            order = list(graphlib.TopologicalSorter(waiting).static_order())
        except graphlib.CycleError as circle:
            for one in set(circle.args[1]):
                waiting[one] = set()
                circular.append(by_key[one])
            continue
        return Ordered(tuple(by_key[one] for one in order), reads, tuple(circular))


def needed(rules: Ordered, only: frozenset[str] | None) -> set[tuple[str, int]]:
    """Return the alerts of these names, all rules where it is None, with all that they read."""
    waiting = [
        key(step)
        for step in rules.steps
        if only is None or (step.rule.kind == "alert" and step.rule.name in only)
    ]
    found: set[tuple[str, int]] = set()
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += [key(other) for other in rules.reads[one]]
    return found


def key(step: Step) -> tuple[str, int]:
    """Return what tells a rule from the others of its set."""
    return step.name, step.number


def _read(rule: Rule, made: Mapping[str, Sequence[Step]], alerts: Sequence[Step]) -> Iterator[Step]:
    for name in sorted(naming.reads(rule.expr, made)):
        yield from made[name]
    if naming.reads(rule.expr, OF_ALERTS):
        tree = rule.tree()
        selectors = [] if tree is None else _of_alerts(tree)
        for step in alerts:
            known = _known(step)
            if tree is None or any(promql.may_take(one, known) for one in selectors):
                yield step


def _of_alerts(tree: promql.Expr) -> list[promql.VectorSelector]:
    selectors = [node for node in promql.walk(tree) if isinstance(node, promql.VectorSelector)]
    return [node for node in selectors if promql.metric(node) in OF_ALERTS]


def _known(step: Step) -> dict[str, str]:
    """Return the labels that every instance of an alert has, whatever its expression finds."""
    labels = {**step.group.labels, **step.rule.labels}
    plain = {name: value for name, value in labels.items() if moment.is_plain(value)}
    return {**plain, "alertname": step.rule.name}
