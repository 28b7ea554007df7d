"""The judge as a whole: the good recording, any recording, and a recording that lost something."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertdrill import incident
from alertdrill.incident import Event, Incident
from alertdrill.judge import judge
from alertdrill.model import AlertState, Finding, Verdict
from alertdrill.scenario import Expectation, fires, like, never, pends, resolves

PASS, UNKNOWN = Verdict.PASS, Verdict.UNKNOWN
# Mismatch is pending at 31 s, firing at 5m31s, repaired at 9m, resolved at 10m31s; Brief is pending for 30 s.
GOOD = incident.read(Path(__file__).parent / "good")
QUIET = [event for event in GOOD.events if event.data.get("alert") not in {"Mismatch", "Brief"}]


def recorded(events: list[Event], expect: list[Expectation]) -> Incident:
    """Return the good recording with other events and expectations."""
    scenario = msgspec.structs.replace(GOOD.scenario, expect=tuple(expect))
    return msgspec.structs.replace(GOOD, events=tuple(events), scenario=scenario)


def test_what_happened_as_expected_passes() -> None:
    """Each expectation has a finding that says when it was met, and so have the lab and all the rest."""
    judgement = judge(GOOD)
    assert Verdict.PASS is judgement.verdict
    assert [
        "the lab was fit to judge in",
        'Mismatch{name="web"} fired at 5m31s, expected 5m to 8m',
        'Mismatch{name="web"} resolved within 1m31s of the repair at 9m',
        "Brief got pending at 46s, expected 0s to 2m",
        "Brief stayed silent; it was pending at 46s",
        "Other stayed silent; it was not even pending",
        "nothing else fired",
    ] == [finding.sentence for finding in judgement.findings]


def test_a_judgement_has_the_lives_of_all_alerts_but_the_canary() -> None:
    """Reports can tell each alert's life without the recording."""
    judgement = judge(GOOD)
    assert ["Brief", "Mismatch"] == [life.alert for life in judgement.lives]
    assert ("deployments/refused", 20) == (judgement.scenario, judgement.speed)


@pytest.mark.parametrize(
    "expect", [fires("Mismatch", within="soon"), fires("Mismatch", within="8m", labels={"name": like("(")})]
)
def test_an_expectation_that_can_not_be_read_is_unknown(expect: Expectation) -> None:
    """A recording with a bad duration or pattern is never a pass, and never a traceback."""
    judgement = judge(recorded([*GOOD.events], [expect]))
    assert (UNKNOWN, 1) == (judgement.verdict, len(judgement.findings))


LABELS = {"exported_namespace": GOOD.namespace, "job": "j", "name": "web", "severity": "critical"}
NAMED = {"job": "j", "name": like("we."), "severity": "critical"}
MOMENT = st.floats(-60, 800)
NAMES = st.sampled_from(["Mismatch", "Brief", "Other", "Watchdog"])
STATES = st.sampled_from(["pending", "firing", "inactive"])
ALERTS = st.builds(
    lambda t, state, name, labels: Event(
        t=t, kind="alert", data={"alert": name, "labels": {**LABELS, **labels}, "state": state}
    ),
    MOMENT,
    STATES,
    NAMES,
    st.dictionaries(
        st.sampled_from(["name", "team", "exported_namespace"]), st.sampled_from("ab"), max_size=2
    ),
)
WINDOW = st.tuples(st.integers(0, 540), st.integers(0, 540)).map(sorted)
EXPECTATIONS = st.one_of(
    st.builds(
        lambda name, window, labels: fires(
            name, after=f"{window[0]}s", within=f"{window[1]}s", labels=labels
        ),
        NAMES,
        WINDOW,
        st.sampled_from([NAMED, {}]),
    ),
    st.builds(lambda name, window: pends(name, within=f"{window[1]}s"), NAMES, WINDOW),
    st.builds(lambda name, window: resolves(name, within=f"{window[1]}s"), NAMES, WINDOW),
    st.builds(never, NAMES),
)


@given(st.lists(ALERTS, max_size=8), st.lists(EXPECTATIONS, max_size=5))
@settings(deadline=None, max_examples=200)
def test_any_course_has_a_verdict(events: list[Event], expect: list[Expectation]) -> None:
    """Whatever alerts do, the verdict is that of the worst finding, and every expectation has one."""
    judgement = judge(recorded([*QUIET, *events], expect))
    assert judgement.verdict is Verdict.worst(finding.verdict for finding in judgement.findings)
    assert all(finding.sentence for finding in judgement.findings)
    if "assumptions" not in {one.check for one in judgement.findings if one.verdict is UNKNOWN}:
        told = {(finding.check, finding.alert) for finding in judgement.findings}
        assert {(one.kind, one.alert) for one in expect} <= told


@given(st.lists(ALERTS, max_size=8), st.lists(EXPECTATIONS, max_size=4))
@settings(deadline=None, max_examples=200)
def test_nothing_fires_unnoticed(events: list[Event], expect: list[Expectation]) -> None:
    """Where the verdict is a pass, each alert that fired was expected to, and none was forbidden to."""
    judgement = judge(recorded([*QUIET, *events], expect))
    if judgement.verdict is PASS:
        fired = {life.alert for life in judgement.lives if life.first(AlertState.FIRING) is not None}
        assert fired <= {one.alert for one in expect if one.kind == "fires"}
        assert not fired & {one.alert for one in expect if one.kind == "never"}


EVENTS = GOOD.events
NOT_NEEDED = (
    ("rule_health", "Watchdog", ""),
    ("alert", "Watchdog", "inactive"),
    ("alert", "Mismatch", "pending"),
)


def brief(event: Event) -> tuple[str, str, str]:
    """Return what tells the events of the good recording apart."""
    return event.kind, event.data.get("alert") or event.data.get("rule", ""), event.data.get("state", "")


@pytest.mark.parametrize("index", range(len(EVENTS)))
def test_a_recording_that_lost_an_event_does_not_pass(index: int) -> None:
    """Each event of a good recording is needed, but for those that say what the others say as well."""
    lost = judge(msgspec.structs.replace(GOOD, events=(*EVENTS[:index], *EVENTS[index + 1 :])))
    assert (brief(EVENTS[index]) in NOT_NEEDED) == (lost.verdict is PASS)


JUNK = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
KEYS = st.sampled_from(
    [
        "alert",
        "labels",
        "state",
        "annotations",
        "job",
        "instance",
        "first",
        "last",
        "down",
        "gaps",
        "rule",
        "health",
    ]
)


@given(
    st.lists(
        st.builds(
            Event,
            t=st.floats(allow_nan=False),
            kind=st.sampled_from(["alert", "scrape", "rule_health", "trouble", "fault", "heal", "end"]),
            data=st.dictionaries(KEYS, JUNK, max_size=4),
        ),
        max_size=4,
    )
)
@settings(deadline=None)
def test_any_recording_has_a_verdict(events: list[Event]) -> None:
    """Whatever a recording holds, judging it ends in a verdict with a reason."""
    judgement = judge(msgspec.structs.replace(GOOD, events=(*EVENTS, *events)))
    assert judgement.findings
    assert isinstance(judgement.findings[0], Finding)
