"""Scenarios as plain data."""

import json
import string

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertdrill import durations
from alertdrill.errors import ScenarioError
from alertdrill.scenario import (
    Expectation,
    Fault,
    Like,
    Match,
    Scenario,
    check,
    fires,
    from_json,
    like,
    never,
    pends,
    problems,
    resolves,
    to_json,
)

TEXT = st.text(st.characters(codec="utf-8"), max_size=10)
WORD = st.text(string.ascii_letters, min_size=1, max_size=8)
DURATION = st.integers(0, 10**7).map(durations.text)
# Python warns of "[[" and the like, which tomorrow may mean something else.
PATTERN = TEXT.filter(lambda text: "[" not in text)
MATCHES = st.dictionaries(WORD, TEXT | st.builds(Like, like=PATTERN), max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
EXPECTATIONS = st.builds(
    Expectation,
    kind=st.sampled_from(["fires", "pends", "resolves", "never"]),
    alert=WORD,
    after=DURATION,
    within=DURATION,
    labels=MATCHES,
    annotations=MATCHES,
)
SCENARIOS = st.builds(
    Scenario,
    name=WORD | TEXT,
    why=TEXT,
    workload=WORD,
    hold=DURATION,
    expect=st.lists(EXPECTATIONS, max_size=4).map(tuple),
    fault=st.none() | st.builds(Fault, name=WORD, args=st.dictionaries(WORD, JSON, max_size=3)),
    settle=DURATION,
    touches_for=DURATION,
    without=st.lists(WORD, max_size=2).map(tuple),
    regardless_of=st.lists(WORD, max_size=2).map(tuple),
    exclusive=st.booleans(),
)
LABELS: dict[str, Match] = {"name": like("web-.*")}


def scenario(
    *expect: Expectation, hold: str = "10m", settle: str = "0s", name: str = "group/case"
) -> Scenario:
    """Return a scenario with these expectations."""
    return Scenario(name=name, why="Because.", workload="web", hold=hold, settle=settle, expect=expect)


@given(SCENARIOS)
def test_a_scenario_survives_json(one: Scenario) -> None:
    """What is written as JSON and read again is the same scenario."""
    assert one == from_json(json.loads(json.dumps(to_json(one))))


@given(JSON)
def test_other_data_is_no_scenario(data: object) -> None:
    """Anything else is a ScenarioError with a sentence."""
    with pytest.raises(ScenarioError, match="this is no scenario: "):
        from_json(data)


@given(SCENARIOS)
def test_any_scenario_can_be_played_or_says_why_not(one: Scenario) -> None:
    """A check ends in silence or in a ScenarioError that names the scenario."""
    try:
        check(one, frozenset({"A"}))
    except ScenarioError as error:
        named = (f"scenario {one.name}: ", f"scenario {one.name!r}: ")
        assert str(error).startswith(named)  # noqa: PT017  # silence is fine as well


def test_of_many_alerts_those_of_a_like_name_are_told() -> None:
    """The rules of a cluster are a hundred, and one of them was meant."""
    alerts = frozenset({"KubePodNotReady", "KubePodCrashLooping", *(f"Other{n}" for n in range(20))})
    for name, near in (("KubePodNotRaedy", ", such as KubePodNotReady"), ("Zzz", "")):
        (problem,) = problems(scenario(never(name)), alerts)
        assert f"no rule defines the alert {name}; the rules define 22 others{near}" in str(problem)


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (scenario(never("Gone")), "no rule defines the alert Gone; the rules define: Here"),
        (scenario(hold="1.5h"), "'1.5h' is no duration"),
        (scenario(settle="soon"), "'soon' is no duration"),
        (msgspec.structs.replace(scenario(), touches_for="soon"), "touches_for: 'soon' is no duration"),
        (scenario(fires("Here", within="11m")), "window 0s to 11m, which must lie inside the hold of 10m"),
        (scenario(fires("Here", after="5m", within="3m")), "the window 5m to 3m"),
        (scenario(pends("Here", within="")), "'' is no duration"),
        (scenario(resolves("Here", within="later")), "'later' is no duration"),
        (scenario(fires("Here", within="3m", labels={"a": like("(")})), "'(' is no regular expression"),
        (scenario(fires("Here", within="3m", annotations={"a": like("[")})), "'[' is no regular expression"),
    ],
)
def test_what_can_not_be_played_is_refused(one: Scenario, sentence: str) -> None:
    """An unknown alert, a bad duration, pattern or window is one sentence, before any cluster starts."""
    with pytest.raises(ScenarioError) as caught:
        check(one, frozenset({"Here"}))
    assert sentence in str(caught.value)


def test_a_good_scenario_is_silent() -> None:
    """A scenario whose alerts exist and whose windows fit is not objected to."""
    expect = (
        fires("Here", after="5m", within="10m", labels=LABELS),
        pends("Here", within="1m"),
        resolves("Here", within="20m"),
        never("Other"),
    )
    check(scenario(*expect), frozenset({"Here", "Other"}))  # raises what it objects to, as without a rule:
    with pytest.raises(ScenarioError, match="Other"):
        check(scenario(*expect), frozenset({"Here"}))


@pytest.mark.parametrize(
    ("one", "seconds"),
    [
        (scenario(), 600),
        (scenario(settle="3m"), 780),
        (scenario(resolves("A", within="20m"), resolves("B", within="5m"), settle="3m"), 1800),
    ],
)
def test_a_scenario_knows_how_long_it_takes(one: Scenario, seconds: float) -> None:
    """The hold, and then the longest of what must resolve and what is watched anyway."""
    assert seconds == one.rule_seconds_max


def test_a_scenario_reads_like_its_sentence() -> None:
    """The helpers build the plain data they are named after."""
    assert fires("A", within="5m", labels=LABELS) == Expectation(
        kind="fires", alert="A", within="5m", labels={"name": Like(like="web-.*")}
    )
    assert ("group-two-words", "crash(container='app')") == (
        scenario(name="group/Two words").slug,
        str(Fault(name="crash", args={"container": "app"})),
    )


def test_a_scenario_is_frozen() -> None:
    """Nothing can change a scenario after it was checked."""
    with pytest.raises(AttributeError):
        scenario().hold = "1h"  # type: ignore[misc]


def test_a_field_that_is_not_there_is_refused() -> None:
    """A misspelled field in JSON does not vanish."""
    with pytest.raises(ScenarioError, match="exclusiv"):
        from_json({**msgspec.to_builtins(scenario()), "exclusiv": True})
