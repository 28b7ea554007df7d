"""Which alerts of a revision say what those of another one say, without asking anybody; pure.

Such an alert has the same expression, `for` and labels in a group that is evaluated at the same times, and
all that it reads of other rules is as much the same. Annotations don't count, nor where a rule stands.
"""

import hashlib
from collections import defaultdict

from alertdrill import durations
from alertdrill.engine import Window, order
from alertdrill.engine.order import Ordered, Step
from alertdrill.errors import UsageError
from alertdrill.rules import RuleSet, promql


def alerts(rules: RuleSet, others: RuleSet, window: Window) -> frozenset[str]:
    """Return the names under which both have the same alerts, each as often."""
    ours, theirs = _by_name(rules, window), _by_name(others, window)
    return frozenset(name for name, those in ours.items() if those == theirs.get(name))


def _by_name(rules: RuleSet, window: Window) -> dict[str, list[str]]:
    """Return of each alert what tells it from others; of none where rules read themselves."""
    ordered = order.ordered(rules)
    if ordered.circular:
        return {}
    known: dict[tuple[str, int], str] = {}
    found: dict[str, list[str]] = defaultdict(list)
    for step in ordered.steps:  # whatever is read comes first
        known[order.key(step)] = _said(step, ordered, window, known)
        if step.rule.kind == "alert":
            found[step.rule.name].append(known[order.key(step)])
    return {name: sorted(those) for name, those in found.items()}


def _said(step: Step, ordered: Ordered, window: Window, known: dict[tuple[str, int], str]) -> str:
    group, rule = step.group, step.rule
    said = (
        (rule.kind, rule.name, _expression(rule.expr), _seconds(rule.hold), _seconds(rule.keep_firing_for)),
        sorted({**group.labels, **rule.labels}.items()),
        (_seconds(group.interval) or float(window.interval), float(window.phases.get(step.name, 0.0))),
        (_seconds(group.query_offset), group.limit),
        sorted((known[order.key(one)], step.comes_after(one)) for one in ordered.reads[order.key(step)]),
    )
    return hashlib.sha256(repr(said).encode()).hexdigest()


def _expression(text: str) -> str:
    """Return an expression in one of its spellings; in its own where only Prometheus can read it."""
    try:
        return promql.text(promql.parse(text))
    except UsageError:
        return text


def _seconds(text: str) -> float:
    return durations.seconds(text) if text else 0.0
