"""PromQL trees, by `promql-parser`: parse, print, children, and the jobs and alerts an expression selects.

What is known of the library (0.12): trees carry no positions; a field set from Python reaches neither the
tree nor its printer, so a tree is changed by printing and parsing again; `str()` loses milliseconds and
escapes, so `prettify()` is the printer here; a very deep tree overflows the library's stack and kills the
process, so the operators are counted before parsing, and the depth before anything else sees the tree.
Of what Prometheus reads it lacks backslashes in raw texts, `_` in numbers and a part of what is experimental;
the first two are written otherwise before it sees them. What it can't read may be PromQL: Prometheus decides.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

import promql_parser as library

from alertdrill.errors import UsageError

Expr = library.Expr
VectorSelector = library.VectorSelector

LENGTH_MAX = 32_768  # characters
OPERATORS_MAX = 1_000  # a tree can be no deeper than this; 8,000 minus signs kill the process
DEPTH_MAX = 200  # nodes from the root to the deepest leaf; printing takes time by its square
# What is no operator whatever it holds; none of them begins inside another.
TOKENS = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
    |(?P<raw>`[^`]*`)
    |(?P<number>(?<![\w:.])[0-9][\w.]*)""",
    re.VERBOSE,
)
OPERATORS = re.compile(r"[-+*/%^=<>~({\[]|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)
OF_ALERTS = frozenset({"ALERTS", "ALERTS_FOR_STATE"})  # what Prometheus itself writes of every alert
WORDS = re.compile(r"[\w./:|-]+")


@lru_cache(maxsize=4096)  # whoever judges many recordings reads the same rules for each
def parse(expression: str) -> Expr:
    """Return the tree of an expression; one that can't be read here is a UsageError."""
    if len(expression) > LENGTH_MAX:
        raise UsageError(
            f"the expression has {len(expression)} characters and at most {LENGTH_MAX} can be read;"
            " split it by recording rules"
        )
    operators = sum(1 for _ in OPERATORS.finditer(TOKENS.sub(_without_its_text, expression)))
    if operators > OPERATORS_MAX:
        raise UsageError(
            f"the expression has {operators} operators and brackets and at most {OPERATORS_MAX} can be read;"
            " split it by recording rules"
        )
    try:
        tree = library.parse(TOKENS.sub(_as_the_library_reads_it, expression))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"alertdrill can't read this PromQL: {error}") from error
    if _is_deeper(tree, DEPTH_MAX):
        raise UsageError(
            f"the expression is nested more than {DEPTH_MAX} levels deep; split it by recording rules"
        )
    return tree


def _without_its_text(token: re.Match[str]) -> str:
    return token[0] if token.lastgroup == "number" else " "


def _as_the_library_reads_it(token: re.Match[str]) -> str:
    """Return the same without what the library lacks: backslashes in raw texts, `_` in numbers."""
    if token.lastgroup == "comment":
        return " "
    if token.lastgroup == "raw":
        return json.dumps(token[0][1:-1], ensure_ascii=False)
    return token[0].replace("_", "") if token.lastgroup == "number" else token[0]


def comparison(expression: str, operators: frozenset[str]) -> library.BinaryExpr | None:
    """Return the tree of an expression that compares by one of these, None where it does something else."""
    try:
        node = parse(expression)
    except UsageError:
        return None
    while isinstance(node, library.ParenExpr):
        node = node.expr
    return node if isinstance(node, library.BinaryExpr) and str(node.op) in operators else None


def text(tree: Expr) -> str:
    """Return the expression as the library prints it; parsed again it is the same tree."""
    return tree.prettify()


def children(node: Expr) -> tuple[Expr, ...]:
    """Return the expressions a node is made of, from left to right."""
    match node:
        case library.BinaryExpr():
            return (node.lhs, node.rhs)
        case library.Call():
            return tuple(node.args)
        case library.AggregateExpr():
            return (node.expr,) if node.param is None else (node.param, node.expr)
        case library.MatrixSelector():
            return (node.vector_selector,)
        case library.ParenExpr() | library.UnaryExpr() | library.SubqueryExpr():
            return (node.expr,)
    return ()


def walk(tree: Expr) -> Iterator[Expr]:
    """Yield every node of a tree, parents first."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(children(node)))


def metric(selector: library.VectorSelector) -> str:
    """Return the name of the metric a selector names, or `""` when it selects by a pattern or by labels."""
    if selector.name:
        return selector.name
    for matcher in selector.matchers.matchers:
        if matcher.name == "__name__" and matcher.op == library.MatchOp.Equal:
            return matcher.value
    return ""


def bare(selector: library.VectorSelector) -> str:
    """Return a selector as text, without its offset and `@`."""
    text_only = selector.prettify()
    for modifier in (" offset ", " @ "):
        # The printer puts both behind the selector; neither can be in a label's name.
        head, found, tail = text_only.rpartition(modifier)
        if found and "}" not in tail and '"' not in tail:
            text_only = head
    return text_only


def jobs(tree: Expr) -> frozenset[str]:
    """Return the scrape jobs that selectors name: by `job="a"`, and by `job=~"a|b"` where those are words."""
    found: set[str] = set()
    for node in walk(tree):
        if isinstance(node, library.VectorSelector):
            groups = [node.matchers.matchers, *node.matchers.or_matchers]
            found.update(job for group in groups for matcher in group for job in _named_jobs(matcher))
    return frozenset(found)


def _named_jobs(matcher: library.Matcher) -> list[str]:
    if matcher.name != "job" or not matcher.value:
        return []
    if matcher.op == library.MatchOp.Equal:
        return [matcher.value]
    if matcher.op == library.MatchOp.Re and WORDS.fullmatch(matcher.value):
        return [job for job in matcher.value.split("|") if job]
    return []


def alerts_read(tree: Expr, names: Iterable[str]) -> list[str]:
    """Return those alerts of which Prometheus' own series of alerts are selected, in the order of `names`."""
    selectors = [
        node for node in walk(tree) if isinstance(node, library.VectorSelector) and metric(node) in OF_ALERTS
    ]
    return [name for name in names if any(may_take(one, {"alertname": name}) for one in selectors)]


def may_take(selector: library.VectorSelector, known: Mapping[str, str]) -> bool:
    """Say whether a selector may take a series of which these labels are known, and no others."""
    groups = [selector.matchers.matchers, *selector.matchers.or_matchers]
    return any(all(_takes(matcher, known) for matcher in group) for group in groups)


def _takes(matcher: library.Matcher, known: Mapping[str, str]) -> bool:
    if matcher.name not in known:
        return True
    value = known[matcher.name]
    if matcher.op == library.MatchOp.Equal:
        return matcher.value == value
    if matcher.op == library.MatchOp.NotEqual:
        return matcher.value != value
    try:
        return bool(re.fullmatch(matcher.value, value)) is (matcher.op == library.MatchOp.Re)
    except re.error:  # in words that only Go knows
        return True


def _is_deeper(tree: Expr, limit: int) -> bool:
    level: list[Expr] = [tree]
    for _ in range(limit):
        level = [child for node in level for child in children(node)]
        if not level:
            return False
    return True
