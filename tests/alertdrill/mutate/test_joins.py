"""Matchers that a join makes superfluous are known as such, and no others."""

import pytest

from alertdrill.mutate import expression
from alertdrill.rules import promql


def superfluous(text: str) -> list[str]:
    """Return what an expression becomes without each matcher that makes no difference."""
    edits = expression.edits(promql.parse(text))
    return [edit.text for edit in edits if edit.kind == "matcher" and edit.same]


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ('a{j="x"} != b{j="x"}', ['a != b{j="x"}', 'a{j="x"} != b']),
        ('a{j="x"} and b{j="x"}', ['a and b{j="x"}', 'a{j="x"} and b']),
        ('a{j="x"} and on (k) b{j="x"}', []),
        ('a{j="x"} and on (j) b{j="x"}', ['a and on (j) b{j="x"}', 'a{j="x"} and on (j) b']),
        ('a{j="x"} and ignoring (j) b{j="x"}', []),
        ('a{j="x"} unless b{j="x"}', ['a{j="x"} unless b']),
        ('a{j="x"} or b{j="x"}', []),
        ('a{j="x"} / b{j="y"}', []),
        ('a{j="x"} / b', []),
        ('a{j=~"x"} / b{j="x"}', []),
        ('a{j=~"x|y", k!="z"} / b{k!="z"}', ['a{j=~"x|y"} / b{k!="z"}', 'a{j=~"x|y", k!="z"} / b']),
        # The side of which only one may match: two of another job are an error even where nothing matches.
        ('a{j="x"} / on (j) b{j="x"}', ['a / on (j) b{j="x"}']),
        ('a{j="x"} / on (j) group_left b{j="x"}', ['a / on (j) group_left () b{j="x"}']),
        ('a{j="x"} / on (j) group_right b{j="x"}', ['a{j="x"} / on (j) group_right () b']),
        ('a{j="x"} / on (k) group_left (j) b{j="x"}', []),
    ],
)
def test_a_join_has_both_sides_agree(text: str, others: list[str]) -> None:
    """Where both sides must have a label, and one has a single value of it, the other need not say it."""
    assert others == superfluous(text)


@pytest.mark.parametrize(
    ("text", "others"),
    [
        (
            'rate(a{j="x"}[5m]) > 0 and b{j="x"}',
            ['(rate(a[5m]) > 0) and b{j="x"}', 'rate(a{j="x"}[5m]) > 0 and b'],
        ),
        ('sum by (j) (a{j="x"}) / b{j="x"}', ['sum by (j) (a) / b{j="x"}', 'sum by (j) (a{j="x"}) / b']),
        (
            'sum without (k) (a{j="x"}) / b{j="x"}',
            ['sum without (k) (a) / b{j="x"}', 'sum without (k) (a{j="x"}) / b'],
        ),
        ('sum(a{j="x"}) / b{j="x"}', []),
        ('topk(1, a{j="x"}) / b{j="x"}', []),
        ('absent(a{j="x"}) and b{j="x"}', []),
        ('label_replace(a{j="x"}, "j", "y", "", "") / b{j="x"}', []),
        ('c unless (a{j="x"} != b{j="x"})', ['c unless (a != b{j="x"})', 'c unless (a{j="x"} != b)']),
        (
            '(a{j="x"} or c{j="x"}) and b{j="x"}',
            ['(a or c{j="x"}) and b{j="x"}', '(a{j="x"} or c) and b{j="x"}', '(a{j="x"} or c{j="x"}) and b'],
        ),
        ('(a{j="x"} or c) and b{j="x"}', ['(a or c) and b{j="x"}']),
        (
            'max_over_time((a{j="x"} > 1)[5m:1m]) and b{j="x"}',
            ['max_over_time((a > 1)[5m:1m]) and b{j="x"}', 'max_over_time((a{j="x"} > 1)[5m:1m]) and b'],
        ),
    ],
)
def test_what_mixes_series_keeps_its_matchers(text: str, others: list[str]) -> None:
    """Between selector and join each series must stay by itself, or among those of the same value."""
    assert others == superfluous(text)
