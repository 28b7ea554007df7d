"""A selector as a value: conditions on labels, compared and printed; the metric's name is one of them."""

import json
import re
from dataclasses import dataclass

import promql_parser as library

from alertdrill.errors import UsageError
from alertdrill.prometheus.remote_read import Matcher

NAME = "__name__"
PLAIN = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
PLAIN_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
OPERATORS = ((library.MatchOp.Equal, "="), (library.MatchOp.NotEqual, "!="), (library.MatchOp.Re, "=~"))


@dataclass(frozen=True, order=True)
class Selector:
    """Conditions that all must hold, in an order of their own."""

    matchers: tuple[Matcher, ...]

    @property
    def metric(self) -> str:
        """Return the metric's name, `""` where it is not said."""
        return next((one.value for one in self.matchers if one.name == NAME and one.op == "="), "")

    def covers(self, other: "Selector") -> bool:
        """Say whether every series of the other one is surely one of this one's."""
        return set(self.matchers) <= set(other.matchers)

    def __str__(self) -> str:
        """Print it as PromQL."""
        name = self.metric
        plain = bool(PLAIN.fullmatch(name))
        rest = [
            f"{_label(one.name)}{one.op}{json.dumps(one.value, ensure_ascii=False)}"
            for one in self.matchers
            if not (plain and one.name == NAME and one.op == "=")
        ]
        inside = f"{{{','.join(rest)}}}" if rest or not plain else ""
        return f"{name if plain else ''}{inside}"


def _label(name: str) -> str:
    return name if PLAIN_LABEL.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def of(node: library.VectorSelector) -> Selector:
    """Return the selector of a tree's node, without its offset."""
    if node.matchers.or_matchers:
        raise UsageError("`or` between the labels of a selector is no PromQL of Prometheus")
    matchers = [
        Matcher(one.name, next((word for op, word in OPERATORS if op == one.op), "!~"), one.value)
        for one in node.matchers.matchers
    ]
    if node.name:
        matchers.append(Matcher(NAME, "=", node.name))
    return Selector(tuple(sorted(set(matchers))))
