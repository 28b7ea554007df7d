"""Which alerts' rules differ between two revisions, in themselves or in what they read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from alertdrill.engine import naming
from alertdrill.engine.order import OF_ALERTS
from alertdrill.gate.values import Kind, Revisions
from alertdrill.rules import Group, Rule, RuleSet, promql


def revisions(old: RuleSet, new: RuleSet) -> Revisions:
    """Return both with the alerts that may behave differently; those of one of them are among these."""
    names = old.alerts | new.alerts
    ours, theirs = _closures(new, names), _closures(old, names)
    return Revisions(old, new, frozenset(name for name in names if ours.get(name) != theirs.get(name)))


def rules_of(rules: RuleSet, alert: str) -> list[tuple[Group, Rule]]:
    """Return the rules of an alert, each with its group."""
    return [
        (group, rule)
        for group in rules.groups
        for rule in group.rules
        if rule.kind == "alert" and rule.name == alert
    ]


def expression(rule: Rule) -> str:
    """Return a rule's expression as it counts, without comments and other white space."""
    tree = rule.tree()
    return rule.expr if tree is None else promql.text(tree)


def stated(
    old: Sequence[tuple[Group, Rule]], new: Sequence[tuple[Group, Rule]]
) -> Iterator[tuple[Kind, str, str]]:
    """Yield what the rules of an alert say otherwise of its labels and its texts."""
    for before, after in zip(old, new, strict=False):
        labels = [{**group.labels, **rule.labels} for group, rule in (before, after)]
        if labels[0] != labels[1]:
            yield Kind.LABELS, "labels", difference(*labels)
        texts = [rule.annotations for _, rule in (before, after)]
        if texts[0] != texts[1]:
            yield Kind.TEXT, "text", difference(*texts)


def behaves(both: Revisions, alert: str) -> bool:
    """Say whether anything but labels and texts of an alert's own rules differs."""
    bare = [
        msgspec.structs.replace(
            rules,
            files={
                file: tuple(_bare(group, alert) for group in groups) for file, groups in rules.files.items()
            },
        )
        for rules in (both.old, both.new)
    ]
    return _closures(bare[0], [alert]) != _closures(bare[1], [alert])


def _bare(group: Group, alert: str) -> Group:
    rules = tuple(
        msgspec.structs.replace(rule, labels={}, annotations={}) if rule.name == alert else rule
        for rule in group.rules
    )
    labels = {} if any(rule.name == alert for rule in group.rules) else group.labels
    return msgspec.structs.replace(group, rules=rules, labels=labels)


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Return which values of two mappings differ, in a few words."""
    parts = []
    for name in sorted({*before, *after}):
        if name not in after:
            parts.append(f'{name}="{before[name]}" is gone')
        elif name not in before:
            parts.append(f'{name}="{after[name]}" is new')
        elif before[name] != after[name]:
            parts.append(f'{name}="{after[name]}" in place of "{before[name]}"')
    return ", ".join(parts) or "in another order"


def _closures(rules: RuleSet, alerts: Iterable[str]) -> dict[str, Any]:
    """Return for each of these alerts that is there all that decides what it does."""
    own: dict[str, list[tuple[Group, Rule]]] = {}
    for group in rules.groups:
        for rule in group.rules:
            own.setdefault(rule.name, []).append((group, rule))
    records = {name for name, those in own.items() if any(rule.kind == "record" for _, rule in those)}
    every_alert = rules.alerts

    def read(name: str) -> Iterator[str]:
        for _, rule in own[name]:
            yield from naming.reads(rule.expr, records)
            if naming.reads(rule.expr, OF_ALERTS):
                tree = rule.tree()
                yield from every_alert if tree is None else promql.alerts_read(tree, sorted(every_alert))

    documents: dict[str, list[Any]] = {}
    found = {}
    for alert in every_alert.intersection(alerts):
        waiting, seen = [alert], {alert}
        while waiting:
            more = {one for one in read(waiting.pop()) if one not in seen}
            seen |= more
            waiting += sorted(more)
        for name in seen - documents.keys():
            documents[name] = [_document(group, rule) for group, rule in own[name]]
        found[alert] = [(name, documents[name]) for name in sorted(seen)]
    return found


def _document(group: Group, rule: Rule) -> Any:
    """Return what a rule and its group say, without what they are called and where they stand."""
    about = {"interval": group.interval, "query_offset": group.query_offset, "limit": group.limit}
    return about | {"group_labels": group.labels} | rule.document() | {"expr": expression(rule)}
