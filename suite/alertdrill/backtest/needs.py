"""What rules read: which series, and how far back of the first evaluation; found in their trees, pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import promql_parser as library

from alertdrill import durations
from alertdrill.backtest.selector import Selector, of
from alertdrill.engine import naming
from alertdrill.engine.engine import LOOKBACK_SECONDS
from alertdrill.errors import UsageError
from alertdrill.rules import Rule, RuleSet, promql

OF_ALERTS = frozenset({"ALERTS", "ALERTS_FOR_STATE"})
Key = tuple[str, int, str, str]

DEPTH_MAX = 50  # rules that read each other in a row
OF_ABSENCE = frozenset({"absent", "absent_over_time"})


@dataclass(frozen=True)
class Need:
    """Series that a rule reads: `back` seconds before its first evaluation, and from then on.

    `may_lack` says that it is about their absence, so that there may be none.
    """

    selector: Selector
    back: float
    may_lack: bool = False


@dataclass(frozen=True)
class Needs:
    """What all rules read, by rule, with why it can't be told of some.

    `recorded` is how many seconds before the first evaluation recording rules must be evaluated.
    """

    of_rules: dict[Key, tuple[Need, ...]]
    unknown: dict[Key, str]
    recorded: float


def find(rules: RuleSet) -> Needs:
    """Return what these rules read of a history, themselves not among it."""
    made: dict[str, list[Rule]] = {}
    for rule in rules.rules:
        if rule.kind == "record":
            made.setdefault(rule.name, []).append(rule)
    finder = _Finder(made, frozenset(rules.alerts))
    of_rules: dict[Key, tuple[Need, ...]] = {}
    unknown: dict[Key, str] = {}
    for rule in rules.rules:
        if rule.kind == "alert":
            try:
                of_rules[key(rule)] = tuple(dict.fromkeys(finder.of(rule, 0.0, 0)))
            except UsageError as why:
                unknown[key(rule)] = str(why)
    return Needs(of_rules, unknown, finder.recorded)


def key(rule: Rule) -> Key:
    """Return what tells a rule from all others; a file may have many in one line."""
    return rule.file, rule.line, rule.name, rule.expr


class _Finder:
    """Follows recording rules to what they are made of; `recorded` grows with what is read of them."""

    def __init__(self, made: dict[str, list[Rule]], alerts: frozenset[str]) -> None:
        self._made = made
        self._alerts = alerts
        self.recorded = 0.0

    def of(self, rule: Rule, back: float, depth: int) -> Iterator[Need]:
        """Yield what a rule needs whose own results are needed from `back` seconds before on."""
        if depth > DEPTH_MAX:
            raise UsageError("the rules read each other in a circle")
        tree = promql.parse(rule.expr)
        own = bool(promql.alerts_read(tree, self._alerts))
        for node, reach, absence in _reads(tree, 0.0, absence=False):
            name = promql.metric(node)
            if name in self._made:
                self.recorded = max(self.recorded, back + reach)
                for other in self._made[name]:
                    yield from self.of(other, back + reach, depth + 1)
            elif not (name in OF_ALERTS and own):
                yield Need(of(node), back + reach, absence)


def _reads(
    node: promql.Expr, back: float, *, absence: bool
) -> Iterator[tuple[library.VectorSelector, float, bool]]:
    """Yield every selector with how far back it looks, and whether it is about what is not there."""
    match node:
        case library.VectorSelector():
            yield node, back + _before(node) + LOOKBACK_SECONDS, absence
            return
        case library.MatrixSelector():
            selector = node.vector_selector
            yield selector, back + _before(selector) + node.range.total_seconds(), absence
            return
        case library.SubqueryExpr():
            assert node.range is not None, "a subquery has a range"
            back += _before(node) + node.range.total_seconds()
        case library.Call():
            absence = absence or node.func.name in OF_ABSENCE
    for child in promql.children(node):
        yield from _reads(child, back, absence=absence)


def _before(node: library.VectorSelector | library.SubqueryExpr) -> float:
    """Return the seconds of an offset; what looks elsewhere than back from an evaluation is a UsageError."""
    if node.at is not None:
        raise UsageError("`@` looks at a moment of its own, which can't be asked for a whole past at once")
    seconds = node.offset.total_seconds() if node.offset is not None else 0.0
    if seconds < 0:
        raise UsageError(f"it looks {durations.text(-seconds)} into the future, which no alert can")
    return seconds


def merged(needs: Iterable[Need]) -> dict[Selector, float]:
    """Return selectors that cover all of these, each with how far back it is read."""
    found: dict[Selector, float] = {}
    for need in sorted(needs, key=lambda one: len(one.selector.matchers)):
        general = next((one for one in found if one.covers(need.selector)), need.selector)
        found[general] = max(found.get(general, 0.0), need.back)
    return found


def by_pattern(rules: RuleSet) -> frozenset[str]:
    """Return the names of recording rules that some rule may read without saying them."""
    recorded = [rule.name for rule in rules.rules if rule.kind == "record"]
    return frozenset(name for rule in rules.rules for name in naming.by_pattern(rule.expr, recorded))
