"""One expression → the same with one thing changed, for everything in it that can be.

A change is made where it stands in the tree, and printed with what is around it. Operands that change what
binds them are put in parentheses: nothing but the one thing is another.
"""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

import msgspec
import promql_parser as library

from alertdrill import durations
from alertdrill.compress import printer
from alertdrill.model import Value
from alertdrill.mutate import joins, numbers, operation
from alertdrill.mutate.operation import COMPARISONS, SETS
from alertdrill.rules import promql

OTHER_COMPARISONS = {
    ">": (">=", "<"),
    ">=": (">", "<"),
    "<": ("<=", ">"),
    "<=": ("<", ">"),
    "==": ("!=",),
    "!=": ("==",),
}
OTHER_SETS = {"and": ("or", "unless"), "or": ("and", "unless"), "unless": ("and", "or")}
SMALL = 10  # a whole number below it is a count, and the next count is the nearest wrong one
STEP = 0.1  # by how much of itself any other threshold is moved


class Edit(Value, frozen=True, kw_only=True):
    """One change: of which kind, in a few words, and the expression with it; `same` says why it is none.

    `freed` is the matcher that was left out, as long as no series it took is mixed with others.
    """

    kind: str
    what: str
    text: str
    same: str = ""
    freed: joins.Fixed | None = None


def edits(tree: promql.Expr) -> Iterator[Edit]:
    """Yield every change of a tree, those of its root first."""
    match tree:
        case library.BinaryExpr():
            yield from _of_binary(tree)
        case library.AggregateExpr():
            yield from _of_aggregation(tree)
        case library.VectorSelector():
            yield from _of_selector(tree, "")
        case library.MatrixSelector():
            yield from _of_range(tree)
            return
        case library.SubqueryExpr():
            yield from _of_subquery(tree)
    below = promql.children(tree)
    for place, child in enumerate(below):
        for edit in edits(child):
            parts = [plain(one) for one in below]
            parts[place] = edit.text
            yield _within(tree, place, msgspec.structs.replace(edit, text=around(tree, parts)))


def _within(node: promql.Expr, place: int, edit: Edit) -> Edit:
    """Return an edit of a child of a node as one of the node."""
    if edit.freed is None:
        return edit
    if isinstance(node, library.BinaryExpr) and joins.superfluous(node, place, edit.freed):
        name, word, value = edit.freed
        same = f"the other side of {node.op} has only {name}{word}{json.dumps(value)}, and so must this one"
        return msgspec.structs.replace(edit, same=edit.same or same, freed=None)
    return edit if joins.keeps_apart(node, edit.freed[0]) else msgspec.structs.replace(edit, freed=None)


def plain(node: promql.Expr) -> str:
    """Print a tree as it is, on one line."""
    return around(node, [plain(child) for child in promql.children(node)])


def around(node: promql.Expr, parts: Sequence[str]) -> str:  # noqa: PLR0911  # one for each kind of node
    """Print a node around its children, which have been printed."""
    match node:
        case library.NumberLiteral():
            return printer.number(node.val)
        case library.ParenExpr():
            return f"({parts[0]})"
        case library.UnaryExpr():
            return f"-{_operand(node.expr, parts[0])}"
        case library.VectorSelector():
            return selected(node, range(len(node.matchers.matchers))) + placed(node)
        case library.MatrixSelector():
            selector = node.vector_selector
            bare = selected(selector, range(len(selector.matchers.matchers)))
            return f"{bare}[{_duration(node.range)}]{placed(selector)}"
        case library.SubqueryExpr():
            assert node.range is not None, "a subquery has a range"
            step = _duration(node.step) if node.step is not None else ""
            return f"{_operand(node.expr, parts[0])}[{_duration(node.range)}:{step}]{placed(node)}"
        case library.Call():
            return f"{node.func.name}({', '.join(parts)})"
        case library.AggregateExpr():
            return printer.aggregate(node, list(parts))
        case library.BinaryExpr():
            sides = [
                # What is as it was needs none: it was read so.
                part if part == plain(side) else _operand(side, part)
                for side, part in zip((node.lhs, node.rhs), parts, strict=True)
            ]
            return operation.of(node).text(*sides)
    return node.prettify()  # a text, as label_replace() takes


def _operand(node: promql.Expr, part: str) -> str:
    """Put an operand into parentheses where it might be taken apart by what stands beside it."""
    return f"({part})" if isinstance(node, library.BinaryExpr | library.UnaryExpr) else part


def selected(node: library.VectorSelector, keep: Sequence[int]) -> str:
    """Print a selector with these of its matchers, without its offset and `@`."""
    if node.matchers.or_matchers:
        return promql.bare(node)
    matchers = [node.matchers.matchers[number] for number in keep]
    inside = ", ".join(_matcher(one) for one in matchers)
    name = node.name or ""
    if name and not re.fullmatch(r"[a-zA-Z_:][a-zA-Z0-9_:]*", name):
        name, inside = "", ", ".join(filter(None, (json.dumps(name, ensure_ascii=False), inside)))
    return f"{name}{{{inside}}}" if inside else name


def _matcher(one: library.Matcher) -> str:
    name, word, value = joins.matcher(one)
    shown = name if printer.NAME.fullmatch(name) else json.dumps(name, ensure_ascii=False)
    return f"{shown}{word}{json.dumps(value, ensure_ascii=False)}"


def placed(node: library.VectorSelector | library.SubqueryExpr) -> str:
    """Print the offset and `@` of a node."""
    at = printer.at(node.at)
    if node.at is not None and node.at.type == library.AtModifierType.At:
        found = re.findall(r" @ (-?[0-9.]+)", node.prettify())
        at = f" @ {found[-1]}"
    if node.offset is None:
        return at
    return f"{at} offset {_duration(node.offset)}"


def _duration(delta: timedelta) -> str:
    seconds = delta.total_seconds()
    return ("-" if seconds < 0 else "") + durations.text(abs(seconds))


def _of_binary(node: library.BinaryExpr) -> Iterator[Edit]:
    between = operation.of(node)
    left, right = (_operand(one, plain(one)) for one in (node.lhs, node.rhs))
    for op in (*OTHER_COMPARISONS.get(between.op, ()), *OTHER_SETS.get(between.op, ())):
        kind = "set operator" if op in SETS else "comparator"
        what = f"{between.op} → {op} before {_short(right)}"
        same = _settled(node, op, node.rhs) if kind == "comparator" else ""
        yield Edit(kind=kind, what=what, text=between.but(op=op).text(left, right), same=same)
    if between.op in COMPARISONS:
        yield from _thresholds(node, between)
    if between.op in SETS:
        yield Edit(kind="arm", what=f"{between.op} {_short(right)} → nothing", text=left)
    if between.op == "or":
        yield Edit(kind="arm", what=f"{_short(left)} or → nothing", text=right)
    if between.matching:
        alone = between.but(matching=(), grouping=())
        yield Edit(kind="matching", what=f"{between.matching[0]} → nothing", text=alone.text(left, right))
    if between.grouping:
        alone = between.but(grouping=())
        yield Edit(kind="matching", what=f"{between.grouping[0]} → nothing", text=alone.text(left, right))


def _thresholds(node: library.BinaryExpr, between: operation.Operation) -> Iterator[Edit]:
    """Yield what is compared with a number, compared with a number beside it."""
    left, right = plain(node.lhs), plain(node.rhs)
    if numbers.is_number(node.lhs) and numbers.is_number(node.rhs):
        return
    if numbers.is_number(node.rhs):
        for moved in _moved(node.rhs, right):
            yield Edit(
                kind="threshold",
                what=f"{between.op} {right} → {between.op} {moved}",
                text=between.text(_operand(node.lhs, left), moved),
                same=_settled(node, between.op, promql.parse(moved)),
            )
    elif numbers.is_number(node.lhs):
        for moved in _moved(node.lhs, left):
            what = f"{left} {between.op} → {moved} {between.op}"
            text = between.text(moved, _operand(node.rhs, right))
            yield Edit(kind="threshold", what=what, text=text)


def _moved(side: promql.Expr, text: str) -> tuple[str, ...]:
    """Return the two numbers beside a number."""
    value = _literal(side)
    if value is None:
        return (f"({text} * {1 + STEP})", f"({text} * {1 - STEP})")
    step = 1 if value.is_integer() and abs(value) < SMALL else abs(value) * STEP
    return tuple(printer.number(float(f"{value + way * step:.12g}")) for way in (1, -1))


def _literal(node: promql.Expr) -> float | None:
    match node:
        case library.NumberLiteral():
            return node.val if node.val == node.val and abs(node.val) != float("inf") else None
        case library.ParenExpr():
            return _literal(node.expr)
        case library.UnaryExpr():
            inner = _literal(node.expr)
            return None if inner is None else -inner
    return None


def _settled(node: library.BinaryExpr, op: str, number: promql.Expr) -> str:
    """Return why a comparison is the same with another operator or number, `""` where it may not be."""
    low, before, after = numbers.least(node.lhs), _literal(node.rhs), _literal(number)
    if low is None or before is None or after is None:
        return ""
    was, becomes = numbers.settled(str(node.op), low, before), numbers.settled(op, low, after)
    if was is None or was is not becomes:
        return ""
    return f"{_short(plain(node.lhs))} is at least {low:g}, so both are {'always' if was else 'never'} true"


def _of_aggregation(node: library.AggregateExpr) -> Iterator[Edit]:
    if node.modifier is None:
        return
    labels = node.modifier.labels
    word = "by" if node.modifier.type == library.AggModifierType.By else "without"
    arguments = ", ".join(plain(child) for child in promql.children(node))
    what = f"{word} {printer.names(labels)} of {node.op} → "
    same = "" if labels or word == "without" else "by () is what no grouping is"
    yield Edit(kind="aggregation", what=f"{what}nothing", text=f"{node.op}({arguments})", same=same)
    for label in labels if len(labels) > 1 or word == "without" else ():
        rest = f"{word} {printer.names([one for one in labels if one != label])}"
        yield Edit(kind="aggregation", what=f"{what}{rest}", text=f"{node.op} {rest} ({arguments})")


def _of_selector(node: library.VectorSelector, window: str) -> Iterator[Edit]:
    """Yield a selector without each of its matchers; the one that names the metric stays."""
    matchers = node.matchers.matchers
    if node.matchers.or_matchers:
        return
    for number, matcher in enumerate(matchers):
        rest = [one for one in range(len(matchers)) if one != number]
        if matcher.name == "__name__" or not (node.name or any(_must_match(matchers[one]) for one in rest)):
            continue
        all_match = matcher.op == library.MatchOp.Re and matcher.value == ".*"
        yield Edit(
            kind="matcher",
            what=f"{_matcher(matcher)} of {_named(node)} → nothing",
            text=selected(node, rest) + window + placed(node),
            same="every series matches it" if all_match else "",
            freed=joins.matcher(matcher),
        )


def _must_match(matcher: library.Matcher) -> bool:
    """Say whether a matcher takes no series that lacks the label; each selector needs one such."""
    if matcher.op == library.MatchOp.Re:
        try:
            return re.fullmatch(matcher.value, "") is None
        except re.error:  # in words that only Go knows
            return False
    return bool(matcher.value) is (matcher.op == library.MatchOp.Equal)


def _of_range(node: library.MatrixSelector) -> Iterator[Edit]:
    selector, seconds = node.vector_selector, node.range.total_seconds()
    bare = selected(selector, range(len(selector.matchers.matchers)))
    for other in _other_windows(seconds):
        what = f"[{_duration(node.range)}] of {_named(selector)} → [{other}]"
        yield Edit(kind="window", what=what, text=f"{bare}[{other}]{placed(selector)}")
    yield from _of_selector(selector, f"[{_duration(node.range)}]")


def _of_subquery(node: library.SubqueryExpr) -> Iterator[Edit]:
    assert node.range is not None, "a subquery has a range"
    step = _duration(node.step) if node.step is not None else ""
    inner = _operand(node.expr, plain(node.expr))
    for other in _other_windows(node.range.total_seconds()):
        what = f"[{_duration(node.range)}:{step}] of {_short(inner)} → [{other}:{step}]"
        yield Edit(kind="window", what=what, text=f"{inner}[{other}:{step}]{placed(node)}")


def _other_windows(seconds: float) -> tuple[str, ...]:
    """Return half a duration and twice it, as texts; half a millisecond is none."""
    half = (durations.text(seconds / 2),) if seconds > 0.001 else ()  # noqa: PLR2004
    return (*half, durations.text(seconds * 2))


def _named(node: library.VectorSelector) -> str:
    return promql.metric(node) or _short(promql.bare(node))


def _short(text: str, most: int = 48) -> str:
    """Return a text as one word of a sentence."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
