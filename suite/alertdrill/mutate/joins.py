"""Matchers that a join makes superfluous: the other side has only series that they take.

`a{job="x"} / b{job="x"}` is `a / b{job="x"}`, since both must have the same job. That holds as long as
nothing between the selector and the join mixes series of several jobs.
"""

import promql_parser as library

from alertdrill.mutate import numbers, operation
from alertdrill.mutate.operation import SETS
from alertdrill.rules import promql

# Functions whose every result is of one series, and has its labels.
MATCHES = ((library.MatchOp.Equal, "="), (library.MatchOp.NotEqual, "!="), (library.MatchOp.Re, "=~"))
OF_ONE_SERIES = frozenset(
    {"abs", "avg_over_time", "ceil", "changes", "clamp", "clamp_max", "clamp_min", "count_over_time"}
    | {"delta", "deriv", "exp", "floor", "idelta", "increase", "irate", "last_over_time", "ln", "log10"}
    | {"log2", "max_over_time", "min_over_time", "predict_linear", "present_over_time", "quantile_over_time"}
    | {"rate", "resets", "round", "sgn", "sqrt", "stddev_over_time", "stdvar_over_time", "sum_over_time"}
    | {"timestamp"}
)

Fixed = tuple[str, str, str]  # a label's name, how it is compared, and with what


def matcher(one: library.Matcher) -> Fixed:
    """Return what a matcher fixes."""
    return one.name, next((word for op, word in MATCHES if op == one.op), "!~"), one.value


def superfluous(node: library.BinaryExpr, side: int, fixed: Fixed) -> bool:
    """Say whether series of one side (0 the left one) that a matcher kept out find nothing on the other."""
    other = promql.children(node)[1 - side]
    if not (_is_matched_on(node, fixed[0]) and has(other, fixed)):
        return False
    if str(node.op) in SETS:
        return str(node.op) == "and" or (str(node.op) == "unless" and side == 1)
    # Two of the side of which one must match are an error, also where they would match nothing.
    many = 1 if node.modifier and node.modifier.card == library.VectorMatchCardinality.OneToMany else 0
    return not _has_modifiers(node) or side == many


def has(node: promql.Expr, fixed: Fixed) -> bool:
    """Say whether every series an expression may return has a label that a matcher takes."""
    children = promql.children(node)
    match node:
        case library.VectorSelector():
            return not node.matchers.or_matchers and any(
                matcher(one) == fixed for one in node.matchers.matchers
            )
        case library.BinaryExpr() if not _is_with_scalar(node):
            left, right = (has(child, fixed) for child in children)
            if str(node.op) == "or":
                return left and right
            matched = _is_matched_on(node, fixed[0])
            return matched and (left or (right and str(node.op) != "unless"))
    return keeps_apart(node, fixed[0]) and any(has(child, fixed) for child in children)


def keeps_apart(node: promql.Expr, name: str) -> bool:
    """Say whether each result of a node is of series with one value of a label only, and has that value."""
    match node:
        case library.Call():
            return node.func.name in OF_ONE_SERIES
        case library.AggregateExpr():
            modifier = node.modifier
            by = modifier is not None and modifier.type == library.AggModifierType.By
            return modifier is not None and (name in modifier.labels) is by
        case library.BinaryExpr():
            matched = _is_matched_on(node, name) and (str(node.op) in SETS or not _has_modifiers(node))
            return _is_with_scalar(node) or matched
    return isinstance(
        node, library.MatrixSelector | library.SubqueryExpr | library.ParenExpr | library.UnaryExpr
    )


def _is_with_scalar(node: library.BinaryExpr) -> bool:
    return numbers.is_number(node.lhs) or numbers.is_number(node.rhs)


def _has_modifiers(node: library.BinaryExpr) -> bool:
    between = operation.of(node)
    return bool(between.matching or between.grouping or between.fill)


def _is_matched_on(node: library.BinaryExpr, name: str) -> bool:
    """Say whether what the two sides of a node have in common includes a label."""
    between, how = operation.of(node), node.modifier
    if _is_with_scalar(node) or between.fill or (how is not None and name in (how.group_labels or [])):
        return False
    if how is None or how.matching is None:
        return True
    return (name in how.matching.labels) is (between.word == "on")
