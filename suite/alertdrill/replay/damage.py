"""What wakes an alert that is silent: its rule damaged, or what it reads; the least damage first.

A rule is damaged where it stands, by an operator turned round, two of them, or its `for` taken away. A signal
is damaged under a name of its own: the rule reads that one instead, through all that is recorded between.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Literal, NamedTuple

import msgspec

from alertdrill.engine import naming, order
from alertdrill.incident import Series
from alertdrill.rules import Rule, RuleSet, promql

TURNED = {
    ">": "<=",
    "<": ">=",
    ">=": "<",
    "<=": ">",
    "==": "!=",
    "!=": "==",
    "unless": "and",
    "and": "unless",
}
DAMAGES_MAX = 24  # of one rule, of a kind; one is enough
THOUSAND = 1000.0
# How a signal is damaged: by the end of its name, in words.
SIGNALS = {
    "gone": "without {}",
    "zero": "with {} at 0",
    "high": "with {} a thousand times as high",
    "rising": "with {} rising all the time",
}


class Damage(NamedTuple):
    """An alert damaged: in words, and each rule that comes with it beside the one it was made of."""

    alert: str
    said: str
    rules: tuple[tuple[Rule, Rule], ...]

    @property
    def name(self) -> str:
        """Return the name of the damaged alert."""
        return self.rules[-1][1].name


def slight(rule: Rule) -> Iterator[Damage]:
    """Yield a rule without its `for`, and with one operator turned round."""
    once = [(f"with {said}", text) for said, text in turned(rule.expr)][:DAMAGES_MAX]
    bare = [("without its `for`", rule.expr, "")]
    yield from _each(rule, "once", [*bare, *_held_and_not(rule, once)])


def grave(rule: Rule, rules: RuleSet) -> Iterator[Damage]:
    """Yield a rule with two operators turned round, and with each of its signals damaged."""
    twice = [(f"with {said}", text) for said, text in _turned_twice(rule.expr)][:DAMAGES_MAX]
    yield from _each(rule, "twice", list(_held_and_not(rule, twice)))
    read = _records_read(rule, rules)
    for number, metric in enumerate(_metrics([rule, *read], rules)):
        for end, words in SIGNALS.items():
            renamed = {metric: _called(metric, end)}
            copies = []
            for record in read:
                if naming.reads(record.expr, renamed):
                    copy = f"{record.name}:{end}:{number}:{rule.line}"
                    copies.append((record, _reading(record, renamed, name=copy)))
                    renamed[record.name] = copy
            for hold, more in {rule.hold: "", "": " and without its `for`" if rule.hold else ""}.items():
                name = f"{rule.name}:{rule.line}:{end}:{number}:{hold}"
                alert = _reading(rule, renamed, name=name, hold=hold, annotations={})
                said = f"{words.format(metric)}{more}"
                yield Damage(rule.name, said, (*copies, (rule, alert)))


def signals(series: Sequence[Series], damages: Sequence[Damage]) -> Iterator[Series]:
    """Yield the damaged series that damaged rules read."""
    names = {one.labels.get("__name__", "") for one in series}
    wanted = {_called(name, end) for name in names for end in SIGNALS if end != "gone"}
    texts = dict.fromkeys(rule.expr for damage in damages for _, rule in damage.rules)
    asked = {name for text in texts for name in naming.reads(text, wanted)}
    for one in series:
        for end in SIGNALS:
            name = _called(one.labels.get("__name__", ""), end)
            if name in asked:
                labels = {**one.labels, "__name__": name}
                yield msgspec.structs.replace(one, labels=labels, values=_values(one, end))


def turned(expression: str) -> Iterator[tuple[str, str]]:
    """Yield what was done and the expression, for each comparison and set operator turned round."""
    for start, end, word in _operators(expression):
        other = TURNED[word]
        yield f"`{other}` in place of `{word}`", f"{expression[:start]}{other}{expression[end:]}"


def _turned_twice(expression: str) -> Iterator[tuple[str, str]]:
    for (start, end, word), (later, last, second) in combinations(_operators(expression), 2):
        one, other = TURNED[word], TURNED[second]
        text = f"{expression[:start]}{one}{expression[end:later]}{other}{expression[last:]}"
        yield f"`{one}` in place of `{word}` and `{other}` in place of `{second}`", text


def _operators(expression: str) -> Iterator[tuple[int, int, str]]:
    depth = 0
    for token in naming.TOKEN.finditer(expression):
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        word = token[0] if token.lastgroup == "match" else token[0].lower()
        if depth == 0 and word in TURNED:
            yield token.start(), token.end(), word


def _held_and_not(rule: Rule, others: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    yield from ((said, text, rule.hold) for said, text in others)
    if rule.hold:
        yield from ((f"{said} and without its `for`", text, "") for said, text in others)


def _each(rule: Rule, kind: str, tries: Sequence[tuple[str, str, str]]) -> Iterator[Damage]:
    for number, (said, text, hold) in enumerate(tries):
        name = f"{rule.name}:{rule.line}:{kind}:{number}"
        copy = msgspec.structs.replace(rule, name=name, expr=text, hold=hold, annotations={})
        yield Damage(rule.name, said, ((rule, copy),))


def _records_read(rule: Rule, rules: RuleSet) -> list[Rule]:
    """Return the recording rules that an alert reads, by whatever way; those that others read come first."""
    ordered = order.ordered(rules)
    needed = order.needed(ordered, frozenset({rule.name}))
    return [one.rule for one in ordered.steps if order.key(one) in needed and one.rule.kind == "record"]


def _metrics(read: Sequence[Rule], rules: RuleSet) -> list[str]:
    """Return the metrics that rules name and that nobody records."""
    recorded = {one.name for one in rules.rules if one.kind == "record"}
    trees = [tree for one in read if (tree := one.tree()) is not None]
    nodes = [node for tree in trees for node in promql.walk(tree)]
    named = dict.fromkeys(promql.metric(one) for one in nodes if isinstance(one, promql.VectorSelector))
    return [name for name in named if name and name not in recorded | promql.OF_ALERTS]


def _called(metric: str, end: str) -> str:
    return f"{metric}:damaged:{end}"


def _reading(rule: Rule, renamed: Mapping[str, str], **changed: object) -> Rule:
    expr = naming.renamed(rule.expr, renamed)
    return msgspec.structs.replace(rule, expr=expr, **changed)


def _values(series: Series, end: str) -> tuple[float | Literal["stale"], ...]:
    """Return the values of a damaged signal; where it was gone it stays so."""
    how: dict[str, Callable[[int, float], float]] = {
        "zero": lambda _, __: 0.0,
        "high": lambda _, value: value * THOUSAND,
        "rising": lambda ms, _: (ms - series.timestamps[0]) / THOUSAND,
    }
    return tuple(
        value if isinstance(value, str) else how[end](ms, value)
        for ms, value in zip(series.timestamps, series.values, strict=True)
    )
