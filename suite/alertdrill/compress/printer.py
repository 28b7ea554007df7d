"""Composite PromQL nodes printed around children that have already been printed."""

import json
import re

import promql_parser as library

from alertdrill.rules import promql

NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
EXACT_INTEGER_MAX = 2**53


def number(value: float) -> str:
    """Return the shortest literal that reads back as the same 64 bits."""
    if value != value:  # noqa: PLR0124  # only NaN differs from itself
        return "NaN"
    if value in {float("inf"), float("-inf")}:
        return "Inf" if value > 0 else "-Inf"
    if value.is_integer() and abs(value) <= EXACT_INTEGER_MAX:
        return str(int(value))
    return repr(value)


def scaled(constant: str, speed: float, power: int) -> str:
    """Return an expression of numbers only, times the speed to a power, as a person would write it."""
    return times(constant, speed**power) if power >= 0 else times(constant, speed**-power, below=True)


def times(  # noqa: PLR0911  # one for each shape of a constant
    constant: str, factor: float, *, below: bool = False
) -> str:
    """Return an expression of numbers only, times a factor, or `below` divided by it.

    The factor joins one that is already there, so that scaling twice reads as scaling once.
    """
    if factor == 1:
        return constant

    def moved(value: float) -> str:
        return number(value / factor if below else value * factor)

    tree = promql.parse(constant)
    match tree:
        case library.NumberLiteral():
            return moved(tree.val)
        case library.ParenExpr():
            return f"({times(tree.expr.prettify(), factor, below=below)})"
        case library.BinaryExpr() if str(tree.op) == "*" and isinstance(tree.rhs, library.NumberLiteral):
            return f"{tree.lhs.prettify()} * {moved(tree.rhs.val)}"
        case library.BinaryExpr() if (
            str(tree.op) == "/" and isinstance(tree.rhs, library.NumberLiteral) and below
        ):
            return f"{tree.lhs.prettify()} / {number(tree.rhs.val * factor)}"
        case library.BinaryExpr() if str(tree.op) not in {"*", "/"}:
            return f"({constant}) {'/' if below else '*'} {number(factor)}"
    return f"{constant} {'/' if below else '*'} {number(factor)}"


def grouped(expression: str) -> str:
    """Return an expression that stands as one operand beside any operator."""
    alone = isinstance(promql.parse(expression), library.ParenExpr | library.NumberLiteral)
    return expression if alone else f"({expression})"


def binary(node: library.BinaryExpr, left: str, right: str) -> str:
    """Print a binary operation with its matching."""
    words = [left, str(node.op)]
    if (how := node.modifier) is not None:
        if how.return_bool:
            words.append("bool")
        if how.matching is not None:
            on = how.matching.type == library.LabelModifierType.Include
            words.append(f"{'on' if on else 'ignoring'} {names(how.matching.labels)}")
        # The library's enumerations can't be keys of a dict.
        if how.card == library.VectorMatchCardinality.ManyToOne:
            words.append(f"group_left {names(how.group_labels or [])}")
        elif how.card == library.VectorMatchCardinality.OneToMany:
            words.append(f"group_right {names(how.group_labels or [])}")
        words += fill(how.fill_values)
    return " ".join([*words, right])


def aggregate(node: library.AggregateExpr, arguments: list[str]) -> str:
    """Print an aggregation with its grouping."""
    words = [str(node.op)]
    if (grouping := node.modifier) is not None:
        by = grouping.type == library.AggModifierType.By
        words.append(f"{'by' if by else 'without'} {names(grouping.labels)}")
    joined = f"({', '.join(arguments)})"
    return " ".join([*words, joined]) if len(words) > 1 else words[0] + joined


def at(modifier: library.AtModifier | None) -> str:
    """Print `@ start()` and `@ end()`."""
    if modifier is None:
        return ""
    return " @ start()" if modifier.type == library.AtModifierType.Start else " @ end()"


def names(labels: list[str]) -> str:
    """Print labels in parentheses."""
    return f"({', '.join(name if NAME.fullmatch(name) else json.dumps(name) for name in labels)})"


def fill(values: library.VectorMatchFillValues) -> list[str]:
    """Print what stands for the side of a match that is not there."""
    if values.lhs is not None and values.lhs == values.rhs:
        return [f"fill ({number(values.lhs)})"]
    sides = (("fill_left", values.lhs), ("fill_right", values.rhs))
    return [f"{word} ({number(value)})" for word, value in sides if value is not None]
