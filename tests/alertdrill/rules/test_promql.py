"""PromQL trees, and what is known of the library that makes them."""

import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertdrill.errors import UsageError
from alertdrill.rules import promql

VECTORS = [
    "up",
    'a{b="c", d!="e", f=~"g.*", h!~"i|j"}',
    'x{a="q\\"uo\\nte\\\\", b="é"}',
    '{__name__="foo", job="a"}',
    '{"foo.bar", "b.c"="d"}',
    "a offset 5m",
    "a @ end() offset -1m500ms",
    "rate(a[5m] offset 1h)",
    "max_over_time(rate(x[90s])[30m:1m] @ start() offset 5m)",
    "avg_over_time(up[5m:])",
    "sum by (a, b) (x)",
    "topk without (c) (3, x)",
    'count_values("v", x)',
    'label_replace(x, "a", "$1", "b", "(\\\\d+).*")',
    "histogram_quantile(0.9, sum by (le) (rate(b_bucket[5m])))",
    "a * on (x, y) group_left (z) b",
    "a - ignoring (x) group_right () b",
    "a + fill (0) b",
    "a > bool on () b",
    "-a ^ 2",
    "- -a",
    "vector(1)",
    "absent(nothing)",
]
OPERATORS = ["+", "-", "*", "/", "%", "^", "atan2", "==", "!=", ">", "<", ">=", "<=", "and", "or", "unless"]
EXPRESSIONS = st.recursive(
    st.sampled_from(VECTORS),
    lambda inner: (
        st.builds("({}) {} ({})".format, inner, st.sampled_from(OPERATORS), inner)
        | st.builds("{} {} {}".format, inner, st.sampled_from(OPERATORS), inner)
        | st.builds("-{}".format, inner)
        | st.builds("sum({})".format, inner)
        | st.builds("abs({})".format, inner)
    ),
    max_leaves=6,
)


def shape(tree: promql.Expr) -> list[str]:
    """Return the kinds of all nodes, and the numbers and operators in them."""
    return [
        f"{type(node).__name__} {getattr(node, 'op', '')} {getattr(node, 'val', '')}"
        for node in promql.walk(tree)
    ]


@given(EXPRESSIONS)
@settings(deadline=None)
def test_what_is_printed_reads_back(expression: str) -> None:
    """The library's printer writes what its parser reads: the same tree, and then the same text."""
    tree = promql.parse(expression)
    printed = promql.text(tree)
    again = promql.parse(printed)
    assert (shape(tree), printed) == (shape(again), promql.text(again))


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=0))
def test_a_number_keeps_its_64_bits(value: float) -> None:
    """Any number that is written in full is read and printed as itself."""
    tree = promql.parse(repr(value))
    assert [repr(value)] == [repr(getattr(node, "val", None)) for node in promql.walk(tree)]
    assert value == float(promql.text(tree))


@given(st.text(max_size=40) | st.text("abr(){}[]\"'~=!<>5m:@ offset by+-*/^%,", max_size=40))
@settings(max_examples=300)
def test_any_text_is_a_tree_or_a_usage_error(text: str) -> None:
    """Whatever a rule file holds, it is read or refused with a sentence."""
    try:
        tree = promql.parse(text)
    except UsageError:
        return
    assert promql.text(tree) == promql.text(promql.parse(promql.text(tree)))


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("", "no expression found"),
        ("rate(x[5m)", "alertdrill can't read this PromQL: "),
        ("rat(x[5m])", "unknown function with name 'rat'"),
        ("rate(x)", "expected type matrix"),
        ("1 > 2", "must use BOOL modifier"),
        ("a" * 40_000, "has 40000 characters and at most 32768"),
        ("- " * 8000 + "a", "has 8000 operators and brackets and at most 1000"),
        ("-" * 3 + "(" * 300 + "a" + ")" * 300, "nested more than 200 levels deep"),
        ("+".join(["a"] * 900), "nested more than 200 levels deep"),
    ],
)
def test_what_can_not_be_read_is_one_sentence(expression: str, sentence: str) -> None:
    """What can't be read, is too long or too deep is a UsageError that says so."""
    with pytest.raises(UsageError) as caught:
        promql.parse(expression)
    assert sentence in str(caught.value)


def test_the_deepest_expressions_do_not_kill_the_process() -> None:
    """The library overflows its stack on what is very deep; nothing as deep as that gets to it."""
    many = promql.OPERATORS_MAX
    deepest = [
        "(" * many + "a" + ")" * many,
        "-" * many + "a",
        "a" + "+a" * many,
        "a" + "^a" * many,
        "a" + " or a" * many,
        "abs(" * many + "a" + ")" * many,
        "sum(" * many + "a" + ")" * many,
        "rate(" * (many // 2) + "a" + "[1m:])" * (many // 2),
        "# '\n" + "(" * 9000 + "a" + ")" * 9000 + " # '",
        '# "\n' + "-" * 9000 + 'a # "',
        "# `\n" + "-" * 9000 + "a # `",
        "`\\`" + "(" * 9000 + "a" + ")" * 9000 + "`",
        "1and" * 7000 + "1",
        '"\n' + "(" * 9000 + '"',
    ]
    code = (
        "import json, sys\n"
        "from alertdrill import errors\n"
        "from alertdrill.rules import promql\n"
        "for one in json.load(sys.stdin):\n"
        "    try: promql.parse(one)\n"
        "    except errors.UsageError: print('refused')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, input=json.dumps(deepest)
    )
    assert (0, "refused\n" * len(deepest)) == (done.returncode, done.stdout)


@pytest.mark.parametrize(
    ("expression", "printed"),
    [
        (r"up{pod=~`web-\d+`} == 0", r'up{pod=~"web-\\d+"} == 0'),
        ('up{a=`b"c#d`} # `', r'up{a="b\"c#d"}'),
        ("a < 10_000_000 + 0xff_ff", "a < 10000000 + 65535"),
        ('a_1_0{b_2="1_0"}', 'a_1_0{b_2="1_0"}'),
        ("a # " + "-" * 1200 + "\n + b", "a + b"),
        ('a{b="#"} + c', 'a{b="#"} + c'),
        ('{"shop.errors.total"}', '{__name__="shop.errors.total"}'),
    ],
)
def test_what_prometheus_reads_is_read(expression: str, printed: str) -> None:
    """Raw texts, `_` in numbers, comments and names of any letters are read as Prometheus reads them."""
    assert printed == promql.text(promql.parse(expression))


@pytest.mark.parametrize(
    ("expression", "jobs"),
    [
        ('up{job="a"} == 0', {"a"}),
        ('rate(x{job="a/b"}[5m]) / on (job) rate(y{job="c"}[5m] offset 1m) > 1', {"a/b", "c"}),
        ('up{job=~"a|b-c"}', {"a", "b-c"}),
        ('up{job=~"a.*"}', set()),
        ('up{job=~"(a|b)"}', set()),
        ('up{job!="a"}', set()),
        ('up{jobs="a"} or up{job=""}', set()),
        ('up{job="a" or job="b"}', {"a", "b"}),
        ('max_over_time(sum by (x) (up{job="a"})[5m:1m])', {"a"}),
        ("vector(1)", set()),
    ],
)
def test_the_jobs_an_expression_names(expression: str, jobs: set[str]) -> None:
    """Jobs are those that are named in full, wherever in the expression."""
    assert jobs == promql.jobs(promql.parse(expression))


@pytest.mark.parametrize(
    ("expression", "bare"),
    [
        ("a offset 5m", "a"),
        ("a @ start() offset -5m", "a"),
        ("a @ 5", "a"),
        ('a{b=" offset 1h"}', 'a{b=" offset 1h"}'),
        ('a{b=" offset 1h @ end()"} @ end() offset 2h', 'a{b=" offset 1h @ end()"}'),
        ('{job="a"}', '{job="a"}'),
    ],
)
def test_a_bare_selector_has_no_place_in_time(expression: str, bare: str) -> None:
    """`offset` and `@` are taken off, and a label's value that looks like them is not."""
    tree = promql.parse(expression)
    assert isinstance(tree, promql.VectorSelector)
    assert bare == promql.bare(tree)


@pytest.mark.parametrize(
    ("expression", "metric"),
    [("up", "up"), ('{__name__="a"}', "a"), ('{"a.b"}', "a.b"), ('{__name__=~"a"}', ""), ('{job="x"}', "")],
)
def test_a_selectors_metric(expression: str, metric: str) -> None:
    """A selector's metric is its name, however it is written, and nothing for a pattern."""
    tree = promql.parse(expression)
    assert isinstance(tree, promql.VectorSelector)
    assert metric == promql.metric(tree)


def test_every_node_is_walked() -> None:
    """Walking meets parents before children, from left to right."""
    tree = promql.parse("-a + topk(2, (b))")
    assert [
        "BinaryExpr",
        "UnaryExpr",
        "VectorSelector",
        "AggregateExpr",
        "NumberLiteral",
        "ParenExpr",
        "VectorSelector",
    ] == [type(node).__name__ for node in promql.walk(tree)]
