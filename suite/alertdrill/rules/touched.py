"""What rules touch: which series they select, and how far back they look."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping

from alertdrill.rules import promql
from alertdrill.rules.values import Rule, RuleSet

# Say of a value whether it has moved: coming up is such a move.
OF_MOVES = frozenset({"changes", "delta", "deriv", "resets"})


def selectors(rules: RuleSet) -> tuple[str, ...]:
    """Return every selector of the rules but those of what they make themselves, each once."""
    made = {rule.name for rule in rules.rules if rule.kind == "record"} | promql.OF_ALERTS
    found = {promql.bare(node): promql.metric(node) for rule in rules.rules for node in _selectors(rule)}
    return tuple(sorted(text for text, metric in found.items() if metric not in made))


def metrics(rules: RuleSet) -> tuple[str, ...] | None:
    """Return the metrics that the rules name; None where one of them can't be read here."""
    if any(rule.tree() is None for rule in rules.rules):
        return None
    return tuple(sorted({promql.metric(node) for rule in rules.rules for node in _selectors(rule)} - {""}))


def behind(alerts: Collection[str], rules: Iterable[Rule]) -> list[Rule]:
    """Return the rules of these alerts, and the recording rules that they read, one through another."""
    every = list(rules)
    found: list[Rule] = []
    waiting = [rule for rule in every if rule.kind == "alert" and rule.name in alerts]
    followed = set[str]()
    while waiting:
        found.append(waiting.pop())
        read = {promql.metric(node) for node in _selectors(found[-1])} - followed
        followed |= read
        waiting += [other for other in every if other.kind == "record" and other.name in read]
    return found


def read_by(alert: str, rules: Iterable[Rule]) -> dict[str, str]:
    """Return the selectors that an alert reads, also through recording rules, each with its metric."""
    every = list(rules)
    made = {rule.name for rule in every if rule.kind == "record"}
    nodes = [node for rule in behind({alert}, every) for node in _selectors(rule)]
    return {promql.bare(node): metric for node in nodes if (metric := promql.metric(node)) not in made}


def looks_back(rules: RuleSet, lookback: float) -> float:
    """Return how many seconds before an evaluation a sample may be that still decides over it."""
    records: dict[str, list[Rule]] = {}
    for rule in rules.rules:
        if rule.kind == "record":
            records.setdefault(rule.name, []).append(rule)
    return max((_of_rule(rule, lookback, records, frozenset()) for rule in rules.rules), default=lookback)


def watches(rules: RuleSet, alerts: Collection[str]) -> float:
    """Return over how many seconds these alerts look whether a value has moved, at most.

    Whatever they read through recording rules counts, too. A rate is not meant: it is of a counter, which a
    workload that is new has at 0.
    """
    trees = [tree for rule in behind(alerts, rules.rules) if (tree := rule.tree()) is not None]
    moves = [
        node
        for tree in trees
        for node in promql.walk(tree)
        if getattr(getattr(node, "func", None), "name", "") in OF_MOVES
    ]
    return max(map(_spans, moves), default=0.0)


def _of_rule(rule: Rule, lookback: float, records: Mapping[str, list[Rule]], seen: frozenset[str]) -> float:
    """Return how far one rule looks back, through the recording rules that it reads."""
    tree = rule.tree()
    own = lookback + (_spans(tree) if tree is not None else 0.0)
    read = {promql.metric(node) for node in _selectors(rule)} & records.keys() - seen
    through = (_of_rule(other, lookback, records, seen | {name}) for name in read for other in records[name])
    return own + max(through, default=0.0)


def _spans(node: promql.Expr) -> float:
    """Return the ranges and offsets on the longest way from a node to a series."""
    spans = [getattr(node, name, None) or dt.timedelta() for name in ("range", "offset")]
    own = sum(max(float(span.total_seconds()), 0.0) for span in spans)
    return own + max(map(_spans, promql.children(node)), default=0.0)


def _selectors(rule: Rule) -> list[promql.VectorSelector]:
    tree = rule.tree()
    nodes = promql.walk(tree) if tree is not None else ()
    return [node for node in nodes if isinstance(node, promql.VectorSelector)]
