"""Which metrics an expression reads is told by its words, wherever they stand."""

import pytest

from alertdrill.engine import naming

NAMES = ("a", "job:a:sum", "b.c")


@pytest.mark.parametrize(
    ("expression", "read", "other"),
    [
        ("a", {"a"}, "X"),
        ("a + on (a) b", {"a"}, "X + on (a) b"),
        ("sum by (a) (rate(a{a='a'}[5m]))", {"a"}, "sum by (a) (rate(X{a='a'}[5m]))"),
        ("sum(b) by (a)", set(), "sum(b) by (a)"),
        ("job:a:sum offset 5m > 2e3", {"job:a:sum"}, "Y offset 5m > 2e3"),
        ('{__name__="a",job="a"}', {"a"}, '{__name__="X",job="a"}'),
        ('{"b.c", x="a"} # a', {"b.c"}, '{"Z", x="a"} # a'),
        ("{'__name__'='a'}", {"a"}, "{'__name__'=\"X\"}"),
        ("b{x=`a`} or label_replace(b, 'a', '$1', 'b', '(a)')", set(), None),
        ("a(1)", set(), "a(1)"),
        ('{__name__=~"job:.+"}', {"job:a:sum"}, '{__name__=~"job:.+"}'),
        ('{x="y"}', set(NAMES), '{x="y"}'),
    ],
)
def test_names_in_an_expression(expression: str, read: set[str], other: str | None) -> None:
    """Names of labels, functions, texts and comments are no metrics; a pattern may read what it matches."""
    found = naming.renamed(expression, {"a": "X", "job:a:sum": "Y", "b.c": "Z"})
    assert (frozenset(read), other or expression) == (naming.reads(expression, NAMES), found)


def test_a_pattern_is_told_from_a_name() -> None:
    """What is read without being named can't be renamed."""
    assert [frozenset(), frozenset({"a"})] == [
        naming.by_pattern(one, NAMES) for one in ("a", '{__name__=~"(a|d)"}')
    ]
