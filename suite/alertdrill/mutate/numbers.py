"""Comparisons that are always, or never, true: a change between two such is none."""

import operator

import promql_parser as library

from alertdrill.rules import promql

HOLDS = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
# The least that these can return, where they return anything.
AT_LEAST_ONE = frozenset(
    {"count", "group", "absent", "absent_over_time", "count_over_time", "present_over_time"}
)
AT_LEAST_ZERO = frozenset(
    {
        "rate",
        "increase",
        "irate",
        "changes",
        "resets",
        "stddev",
        "stdvar",
        "stddev_over_time",
        "stdvar_over_time",
    }
    | {"abs", "sqrt", "exp", "timestamp", "time"}
)


def is_number(node: promql.Expr) -> bool:
    """Say whether an expression is made of numbers only."""
    match node:
        case library.NumberLiteral():
            return True
        case library.ParenExpr() | library.UnaryExpr():
            return is_number(node.expr)
        case library.BinaryExpr():
            return is_number(node.lhs) and is_number(node.rhs)
    return False


def least(node: promql.Expr) -> float | None:
    """Return the least value an expression can have, None where nothing is known."""
    match node:
        case library.ParenExpr():
            return least(node.expr)
        case library.Call():
            name = node.func.name
        case library.AggregateExpr():
            name = str(node.op)
        case _:
            return None
    return 1.0 if name in AT_LEAST_ONE else 0.0 if name in AT_LEAST_ZERO else None


def settled(op: str, low: float, number: float) -> bool | None:
    """Return what `x op number` is for every x of at least `low`, None where it depends on x."""
    holds = HOLDS[op]
    # Below, at and above the number, as far as such an x can be; they decide for all others.
    seen = {
        bool(holds(x, number)) for x in (low, number, max(low, number) + 1, (low + number) / 2) if x >= low
    }
    return seen.pop() if len(seen) == 1 else None
