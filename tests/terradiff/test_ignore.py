"""Drift that is known and meant."""

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter_kit.errors import ConfigError, UsageError
from terradiff.drift import Change, Drift
from terradiff.ignore import Rule, judge, load, parse

TODAY = dt.date(2026, 6, 1)
WEB = Drift("module.a.web[0]", "update", (Change("input.replicas", "3", "5"), Change("tags.owner", "a", "b")))
GONE = Drift("module.a.db", "delete")


@pytest.mark.parametrize(
    ("rules", "left", "hits"),
    [
        ([], ["input.replicas", "tags.owner"], {}),
        (["module.a.web[0]"], None, {"module.a.web[0]": 1}),
        (["module.*"], None, {"module.*": 1}),
        (["module.a.web[0]#input.replicas"], ["tags.owner"], {"module.a.web[0]#input.replicas": 1}),
        (["*#input"], ["tags.owner"], {"*#input": 1}),
        (["*#input,tags.*"], None, {"*#input,tags.*": 2}),
        (["*#input", "*#tags"], None, {"*#input": 1, "*#tags": 1}),
        (["module.b.*"], ["input.replicas", "tags.owner"], {"module.b.*": 0}),
        (["module.a.web0"], ["input.replicas", "tags.owner"], {"module.a.web0": 0}),
        (["*#inp"], ["input.replicas", "tags.owner"], {"*#inp": 0}),
    ],
)
def test_rules_take_resources_or_attributes(
    rules: list[str], left: list[str] | None, hits: dict[str, int]
) -> None:
    """A rule takes what it names, counts it, and leaves the rest; brackets are no pattern."""
    verdict = judge([WEB], [parse(rule) for rule in rules], TODAY)
    if left is None:
        assert ([], [WEB]) == (verdict.left, verdict.ignored)
    else:
        assert ([left], []) == ([[c.path for c in d.changes] for d in verdict.left], verdict.ignored)
    assert hits == dict(verdict.hits)


@pytest.mark.parametrize("action", ["create", "delete", "replace", "moved", "forget"])
def test_attributes_never_excuse_more_than_an_update(action: str) -> None:
    """A resource that comes or goes is drift although each attribute that differs may."""
    drift = Drift("a.b", action, (Change("x", "1", "2"),))
    assert [drift] == judge([drift], [parse("a.b#*")], TODAY).left
    assert [] == judge([drift], [parse("a.b")], TODAY).left


def test_a_rule_that_has_ended_counts_no_more() -> None:
    """What was meant for a while is drift again, and the rule is named."""
    for until, left in ((TODAY - dt.timedelta(1), [GONE]), (TODAY, [])):
        verdict = judge([GONE], [Rule("module.a.db", until=until)], TODAY)
        assert left == verdict.left
        assert bool(left) == (verdict.over == ["module.a.db"])


@pytest.mark.parametrize("until", [None, TODAY])
def test_a_rule_that_was_renewed_counts(until: dt.date | None) -> None:
    """A rule that has ended does not take along another of the same address, nor is it said to have ended."""
    ended = Rule("module.a.db", until=TODAY - dt.timedelta(1))
    for rules in ([ended, Rule("module.a.db", until=until)], [Rule("module.a.db", until=until), ended]):
        verdict = judge([GONE], rules, TODAY)
        assert ([], [GONE], [], {"module.a.db": 1}) == (
            verdict.left,
            verdict.ignored,
            verdict.over,
            dict(verdict.hits),
        )


@given(
    st.lists(st.sampled_from([WEB, GONE])),
    st.lists(st.sampled_from(["*", "*#input", "module.a.db", "x", "*#*"])),
)
def test_nothing_gets_lost(drifts: list[Drift], rules: list[str]) -> None:
    """Every drift is either left or ignored."""
    verdict = judge(drifts, [parse(rule) for rule in rules], TODAY)
    assert sorted(d.address for d in drifts) == sorted(d.address for d in (*verdict.left, *verdict.ignored))


def test_a_file_of_rules_is_read(tmp_path: Path) -> None:
    """Rules in a file have a reason, and may have an end."""
    file = tmp_path / "ignore.yaml"
    file.write_text("- {address: a.b, attributes: [x.y], reason: the autoscaler's, until: 2027-01-31}\n")
    assert [Rule("a.b", ("x.y",), "the autoscaler's", dt.date(2027, 1, 31))] == load(file)
    file.write_text("")
    assert [] == load(file)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("- {address: a.b}", "the rule for a.b has no reason; say why it is meant"),
        ("- {adress: a.b}", "the rules have a mistake"),
        ("- {address: a.b, until: soon, reason: x}", "the rules have a mistake"),
        ("[", "can't read the rules, not YAML"),
        ("- {address: a.b, attributes: [], reason: x}", "the rule for a.b has no attribute below attributes"),
        ("- {address: a.b, until: !!timestamp x, reason: x}", "a value in it is not what its tag says"),
    ],
)
def test_a_bad_file_is_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    """A rule that can't be understood is never a rule that matches nothing."""
    file = tmp_path / "ignore.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=sentence):
        load(file)
    with pytest.raises(ConfigError, match="can't read the rules: No such file"):
        load(tmp_path / "none")


def test_nothing_behind_the_mark_is_no_rule_for_everything() -> None:
    """An empty variable behind the # must not ignore the resource, deletion and all."""
    with pytest.raises(UsageError, match=r"--ignore aws_db\.y#: no attribute follows the #"):
        parse("aws_db.y#")
