"""Rules → mutants: everything that can be damaged is, one thing at a time, and each is a rule still."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertdrill import data, rules
from alertdrill.mutate import expression, mutants
from alertdrill.mutate.mutants import Mutant
from alertdrill.prometheus import promtool
from alertdrill.rules import Group, Rule, RuleSet, promql


def edited(text: str, kind: str = "") -> list[str]:
    """Return what an expression becomes, by the changes of a kind."""
    return [edit.text for edit in expression.edits(promql.parse(text)) if kind in {"", edit.kind}]


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("threshold", "a > 0", ["a > 1", "a > -1"]),
        ("threshold", "a == 9", ["a == 10", "a == 8"]),
        ("threshold", "a < 0.95", ["a < 1.045", "a < 0.855"]),
        ("threshold", "a > -20", ["a > -18", "a > -22"]),
        ("threshold", "3 < a", ["4 < a", "2 < a"]),
        ("threshold", "a > 15 * 60", ["a > (15 * 60 * 1.1)", "a > (15 * 60 * 0.9)"]),
        ("threshold", "a > b", []),
        ("threshold", "1 > bool 2", []),
        ("comparator", "a > b", ["a >= b", "a < b"]),
        ("comparator", "a == bool 1", ["a != bool 1"]),
        ("window", "rate(a[5m])", ["rate(a[2m30s])", "rate(a[10m])"]),
        ("window", "rate(a[5m] offset 1h)", ["rate(a[2m30s] offset 1h)", "rate(a[10m] offset 1h)"]),
        ("window", "max_over_time(a[1h:1m])", ["max_over_time(a[30m:1m])", "max_over_time(a[2h:1m])"]),
        ("window", "rate(a[1ms])", ["rate(a[2ms])"]),
        ("matcher", 'a{b="c", d!~"e"}', ['a{d!~"e"}', 'a{b="c"}']),
        ("matcher", '{__name__=~"a.+", b="c"}', ['{__name__=~"a.+"}']),
        ("matcher", '{b="c"}', []),
        ("matcher", 'rate(a{b="c"}[5m] @ 100 offset 1m)', ["rate(a[5m] @ 100.000 offset 1m)"]),
        ("matching", "a * on (b) group_left (c) d", ["a * d", "a * on (b) d"]),
        ("matching", "a unless ignoring (b) c", ["a unless c"]),
        ("set operator", "a and b", ["a or b", "a unless b"]),
        ("set operator", "a or b", ["a and b", "a unless b"]),
        ("set operator", "a unless on (c) b", ["a and on (c) b", "a or on (c) b"]),
        ("arm", "a or b", ["a", "b"]),
        ("arm", "a unless on (c) b", ["a"]),
        ("aggregation", "sum by (a, b) (c)", ["sum(c)", "sum by (b) (c)", "sum by (a) (c)"]),
        ("aggregation", "topk without (a) (3, c)", ["topk(3, c)", "topk without () (3, c)"]),
    ],
)
def test_each_kind_of_change(kind: str, before: str, after: list[str]) -> None:
    """What stands in an expression is changed as the table of kinds says, and nothing else is."""
    assert after == edited(before, kind)


def test_a_change_takes_nothing_else_apart() -> None:
    """An operator that binds otherwise than the one before gets its operands as they were."""
    assert ["(a or b and c) and d", "(a or b and c) unless d"] == edited("a or b and c or d", "set operator")[
        :2
    ]
    assert "a or (b or c)" in edited("a or b and c", "set operator")


@pytest.mark.parametrize(
    ("text", "kind", "why"),
    [
        ('a{b=~".*", c="d"}', "matcher", "every series matches it"),
        ("sum by () (a)", "aggregation", "by () is what no grouping is"),
        ("count(a) > 0", "comparator", "count(a) is at least 1, so both are always true"),
        ("rate(a[5m]) < -3", "threshold", "rate(a[5m]) is at least 0, so both are never true"),
    ],
)
def test_a_change_that_is_none_is_known(text: str, kind: str, why: str) -> None:
    """What can make no difference is told from what nobody noticed, with the reason."""
    same = {edit.same for edit in expression.edits(promql.parse(text)) if edit.kind == kind}
    assert why in same


def test_what_may_make_a_difference_is_never_called_none() -> None:
    """`rate` is 0 often enough, and of a gauge nothing is known."""
    edits = [
        edit
        for text in ("rate(a[5m]) > 0", "a > 0", "count(a) > 1", 'a{b=~".+"}')
        for edit in expression.edits(promql.parse(text))
        if edit.kind in {"comparator", "threshold", "matcher"}
    ]
    assert [] == [edit.what for edit in edits if edit.same and "count" not in edit.text]
    assert ["> 1 → > 0"] == [edit.what for edit in edits if edit.what == "> 1 → > 0" and not edit.same]


RULE = Rule(
    kind="alert",
    name="A",
    expr="up == 0",
    hold="10m",
    keep_firing_for="5m",
    labels={"severity": "warning", "team": "x"},
    annotations={"summary": "s", "description": "d"},
    file="a.yaml",
    line=3,
    lines={"expr": 4, "for": 5, "labels": 6, "annotations": 9},
)


def of(*given: Rule) -> tuple[Mutant, ...]:
    """Return the mutants of rules."""
    group = Group(name="g", rules=given, file="a.yaml", line=1)
    return mutants.of(RuleSet(files={"a.yaml": (group,)}))[0]


def test_what_stands_beside_the_expression_is_changed_too() -> None:
    """`for`, the severity, labels and annotations are as much part of an alert, each with its line."""
    told = [(one.place, one.what) for one in of(RULE) if one.kind not in {"comparator", "threshold"}]
    assert [
        ("a.yaml:5", "for 10m → 5m"),
        ("a.yaml:5", "for 10m → 20m"),
        ("a.yaml:5", "for 10m → nothing"),
        ("a.yaml:3", "keep_firing_for 5m → nothing"),
        ("a.yaml:6", "severity warning → critical"),
        ("a.yaml:6", "label team → nothing"),
        ("a.yaml:9", "annotation summary → nothing"),
        ("a.yaml:9", "annotation description → nothing"),
    ] == told


def test_a_rule_that_only_prometheus_can_read_is_mutated_beside_its_expression() -> None:
    """Nothing is guessed of an expression without a tree; that it is left out is told."""
    rule = Rule(kind="alert", name="A", expr="up ==", hold="1m", file="a.yaml", line=3)
    found, unread = mutants.of(RuleSet(files={"a.yaml": (Group(name="g", rules=(rule,)),)}))
    assert ["for"] * 3 == [one.kind for one in found]
    assert str(unread[0]).startswith("a.yaml:3: A: its expression can't be mutated: alertdrill can't read")


def test_every_mutant_of_a_rule_has_a_name_of_its_own() -> None:
    """Who explains a survivor can say which."""
    rule = Rule(kind="alert", name="A", expr="rate(a[5m]) > 0 or rate(a[5m] offset 1h) > 0")
    whats = [one.what for one in of(rule)]
    assert len(whats) == len(set(whats))
    assert "> 0 → > 1 (2)" in whats


LEAVES = st.sampled_from(
    [
        "a",
        'b{x="1"}',
        'c{x=~"1|2", y!=""}',
        "rate(a[5m])",
        "sum by (x, y) (c)",
        "max without (x) (b)",
        "count(a)",
        "vector(1)",
    ]
)
COMPARED = st.builds(
    "{} {} {}".format,
    LEAVES,
    st.sampled_from(["==", "!=", ">", "<", ">=", "<="]),
    st.sampled_from(["0", "1.5", "-7", "2 * 3", "90"]),
)
GROWN = st.recursive(
    LEAVES | COMPARED,
    lambda inner: (
        st.builds(
            "({}) {} ({})".format,
            inner,
            st.sampled_from(
                ["and", "or", "unless on (x)", "and ignoring (y)", "* on (x) group_left (y)", "+"]
            ),
            inner,
        )
        | st.builds("{} {} {}".format, COMPARED, st.sampled_from(["and", "or", "unless"]), COMPARED)
        | st.builds("max_over_time(({})[10m:1m] offset 5m)".format, inner)
        | st.builds("-({})".format, inner)
        | st.builds("absent({})".format, inner)
    ),
    max_leaves=5,
)


@pytest.mark.slow
@given(GROWN)
def test_a_mutant_is_another_expression_that_can_be_read(text: str) -> None:
    """Each mutant is an expression, printed as it is read, and another one than the original."""
    tree = promql.parse(text)
    for one in of(Rule(kind="alert", name="A", expr=text)):
        again = promql.parse(one.changed.expr)
        assert expression.plain(again) == expression.plain(promql.parse(expression.plain(again)))
        assert one.same or expression.plain(again) != expression.plain(tree)


@given(st.lists(GROWN, min_size=10, max_size=10))
@settings(max_examples=3)
def test_promtool_takes_every_mutant(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    """What is tried on tests is a rule that Prometheus would load."""
    found = of(*(Rule(kind="alert", name=f"A{number}", expr=text) for number, text in enumerate(texts)))
    assert checked(found, tmp_path_factory.mktemp("mutants")) == len(found)


@pytest.mark.slow
def test_promtool_takes_every_mutant_of_the_shipped_rules(tmp_path: Path) -> None:
    """There are more than 200 of them."""
    found, unread = mutants.of(rules.load([data.path("rules")]))
    assert () == unread
    assert checked(found, tmp_path) == len(found) > 200


def checked(found: tuple[Mutant, ...], folder: Path) -> int:
    """Return how many mutants promtool found good; all are in one file."""
    groups = tuple(Group(name=f"g{number}", rules=(one.changed,)) for number, one in enumerate(found))
    (folder / "all.rules.yaml").write_text(RuleSet(files={"a": groups}).to_yaml())
    return promtool.check([folder / "all.rules.yaml"]).rules
