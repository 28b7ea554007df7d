"""Truth and samples over time become the states Prometheus would show."""

import math
from itertools import pairwise
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertdrill.incident import STALE, Series, timeline
from alertdrill.model import AlertState, Change, Life

INACTIVE, PENDING, FIRING = AlertState.INACTIVE, AlertState.PENDING, AlertState.FIRING
TRUTH = st.lists(st.booleans(), max_size=40).map(lambda values: [(i * 15.0, v) for i, v in enumerate(values)])
HOLD = st.integers(0, 8).map(lambda count: count * 7.5)


def timeline_of(truth: str, *, hold: float = 0, keep: float = 0) -> str:
    """Write states at each evaluation, 10 s apart: "." inactive, "p" pending, "f" firing; "1" is true."""
    samples = [(10.0 * i, letter == "1") for i, letter in enumerate(truth)]
    return letters([t for t, _ in samples], timeline.states(samples, hold=hold, keep_firing_for=keep))


def letters(times: list[float], changes: tuple[Change, ...]) -> str:
    """Write the state at each time as a letter."""
    life = Life(alert="A", labels={}, changes=changes)
    return "".join({INACTIVE: ".", PENDING: "p", FIRING: "f"}[life.state_at(t)] for t in times)


@pytest.mark.parametrize(
    ("truth", "hold", "keep", "states"),
    [
        ("0110", 0, 0, ".ff."),
        ("01111", 20, 0, ".ppff"),
        ("01111", 15, 0, ".ppff"),
        ("0110110", 20, 0, ".pp.pp."),
        ("01110111", 20, 0, ".ppf.ppf"),
        ("011100000", 0, 20, ".fffff..."),
        ("011101000", 0, 20, ".fffffff."),
        ("0110000", 20, 20, ".pp...."),
        ("0100", 0, 5, ".ff."),
        ("0100", 0, 10, ".ff."),
        ("", 0, 0, ""),
    ],
)
def test_known_timelines(truth: str, hold: float, keep: float, states: str) -> None:
    """States follow truth by `for` and `keep_firing_for`, as rule evaluation in Prometheus has it."""
    assert states == timeline_of(truth, hold=hold, keep=keep)


@given(TRUTH, HOLD, HOLD)
def test_states_alternate(truth: list[tuple[float, bool]], hold: float, keep: float) -> None:
    """Changes come in order of time, at evaluations, and each to another state."""
    changes = timeline.states(truth, hold=hold, keep_firing_for=keep)
    assert all(one.t < other.t and one.state is not other.state for one, other in pairwise(changes))
    assert {change.t for change in changes} <= {t for t, _ in truth}


@given(TRUTH, HOLD, HOLD)
def test_an_alert_fires_only_after_its_hold(
    truth: list[tuple[float, bool]], hold: float, keep: float
) -> None:
    """At each entry into firing the expression has been true at every evaluation for `for` or longer."""
    for change in timeline.states(truth, hold=hold, keep_firing_for=keep):
        if change.state is FIRING:
            before = [t for t, true in truth if t <= change.t and not true]
            since = min(t for t, _ in truth if not before or t > before[-1])
            assert change.t - since >= hold


@given(TRUTH, HOLD)
def test_a_longer_hold_never_fires_earlier(truth: list[tuple[float, bool]], hold: float) -> None:
    """Where a rule with a longer `for` fires, the shorter one does as well."""
    times = [t for t, _ in truth]
    short = letters(times, timeline.states(truth, hold=hold))
    long = letters(times, timeline.states(truth, hold=hold + 15))
    assert all(one == "f" for one, other in zip(short, long, strict=True) if other == "f")


def reference(truth: list[tuple[float, bool]], hold: float, keep: float) -> list[AlertState]:
    """Return the state after each evaluation, told the way the documentation of Prometheus tells it."""
    states: list[AlertState] = []
    active_at, last_true = math.inf, -math.inf
    for t, true in truth:
        before = states[-1] if states else INACTIVE
        if true:
            active_at = active_at if before is not INACTIVE else t
            last_true = t
            states.append(FIRING if before is FIRING or t - active_at >= hold else PENDING)
        else:
            first_false = min((u for u, v in truth if last_true < u <= t and not v), default=t)
            kept = before is FIRING and t - first_false < keep
            states.append(FIRING if kept else INACTIVE)
    return states


@given(TRUTH, HOLD, HOLD)
def test_states_are_those_of_the_documentation(
    truth: list[tuple[float, bool]], hold: float, keep: float
) -> None:
    """A second, slower telling of the same rules comes to the same states."""
    life = Life(alert="A", labels={}, changes=timeline.states(truth, hold=hold, keep_firing_for=keep))
    assert reference(truth, hold, keep) == [life.state_at(t) for t, _ in truth]


@given(TRUTH, HOLD, HOLD)
def test_runs_of_truth_come_to_the_same_states(
    truth: list[tuple[float, bool]], hold: float, keep: float
) -> None:
    """Told by where it begins and ends, truth gives the states that every single evaluation gives."""
    true = timeline.runs([round(t * 1000) for t, v in truth if v], 15_000)
    end = round(truth[-1][0] * 1000) if truth else 0
    found = timeline.states_of_runs(true, step_ms=15_000, end_ms=end, hold=hold, keep_firing_for=keep)
    assert timeline.states(truth, hold=hold, keep_firing_for=keep) == found


@pytest.mark.parametrize(
    ("active_at", "now", "hold", "since"),
    [
        (1000, 6100, 3600, 1000),
        (1500, 6100, 3600, 6100 + 600 - 3600),
        (2500, 6100, 3600, 2500 + 1100),
        (2500, 6100, 599, None),
        (2500, 8601, 3600, None),
    ],
    ids=["had fired", "nearly", "waiting", "short for", "long outage"],
)
def test_what_was_left_of_a_for_is_waited_for_after_a_restart(
    active_at: float, now: float, hold: float, since: float | None
) -> None:
    """An outage does not count, ten minutes are left at least, and what had fired fires again."""
    assert since == timeline.resumed(active_at, down_at=5000, now=now, hold=hold)


def alerts(state: str, *times: int, **labels: str) -> Series:
    """Return a series of ALERTS with samples at these milliseconds."""
    names = {"__name__": "ALERTS", "alertname": "A", "alertstate": state, **labels}
    return Series(labels=names, timestamps=times, values=tuple(1.0 for _ in times))


def lives(*series: Series) -> list[tuple[dict[str, str], list[tuple[float, str]]]]:
    """Return labels and changes of each life, at one second an evaluation and twenty times life."""
    found = timeline.lives(series, interval_ms=1000, fault_at=100.0, speed=20)
    return [(one.labels, [(change.t, change.state.value) for change in one.changes]) for one in found]


def test_an_instance_that_goes_on_in_another_series_is_one_life() -> None:
    """Pending ends where firing begins, at the next evaluation; after the last sample it is inactive."""
    pending, firing = alerts("pending", 101_000, 102_000, x="1"), alerts("firing", 103_000, 104_000, x="1")
    expected = [({"x": "1"}, [(20, "pending"), (60, "firing"), (100, "inactive")])]
    assert (expected, expected) == (lives(pending, firing), lives(firing, pending))


def test_other_labels_are_another_life() -> None:
    """Instances are told apart by all labels but the state, and come in a stable order."""
    found = lives(
        alerts("firing", 101_000, x="2"), alerts("firing", 101_000, x="1"), alerts("firing", 102_000)
    )
    assert [{}, {"x": "1"}, {"x": "2"}] == [labels for labels, _ in found]


@pytest.mark.parametrize(
    ("times", "changes"),
    [
        ((101_000, 102_400, 103_000), [(20, "firing"), (80, "inactive")]),
        ((101_000, 102_500), [(20, "firing"), (70, "inactive")]),
        ((101_000, 102_501), [(20, "firing"), (40, "inactive"), (50.02, "firing"), (70.02, "inactive")]),
        ((), []),
    ],
)
def test_a_missing_evaluation_is_the_end(times: tuple[int, ...], changes: list[tuple[float, str]]) -> None:
    """More than one and a half intervals without a sample is inactive from the next evaluation on."""
    assert [({}, changes)] == lives(alerts("firing", *times))


@pytest.mark.parametrize(
    ("stated", "times", "changes"),
    [
        ([3.0], (101_000, 104_000, 107_000), [(20, "firing"), (200, "inactive")]),
        ([3.0], (101_000, 107_000), [(20, "firing"), (80, "inactive"), (140, "firing"), (200, "inactive")]),
        ([0.25], (101_000, 101_500), [(20, "firing"), (25, "inactive"), (30, "firing"), (35, "inactive")]),
        ([1.0, 3.0], (101_000, 104_000), [(20, "firing"), (140, "inactive")]),
        ([1.0, 3.0], (101_000, 102_000), [(20, "firing"), (60, "inactive")]),
    ],
    ids=["rare", "rare, and one is missing", "often", "the rarer of two", "the more frequent of two"],
)
def test_a_state_holds_until_its_group_is_evaluated_again(
    stated: list[float], times: tuple[int, ...], changes: list[tuple[float, str]]
) -> None:
    """Whatever the interval of the other groups is; of several that an alert has its samples tell which."""
    series = [alerts("firing", *times)]
    (life,) = timeline.lives(series, interval_ms=1000, fault_at=100.0, speed=20, intervals={"A": stated})
    assert changes == [(change.t, change.state.value) for change in life.changes]


def test_a_label_whose_template_came_to_nothing_is_none() -> None:
    """Prometheus writes the template itself into ALERTS, and tells nobody of such a label."""
    labels = {"alertname": "A", "namespace": "{{ $labels.exported_namespace }}", "job": "kubelet"}
    one = Series(
        labels={"__name__": "ALERTS", "alertstate": "firing", **labels}, timestamps=(1000,), values=(1.0,)
    )
    (life,) = timeline.lives([one], interval_ms=1000, fault_at=0.0, speed=1)
    assert ("A", {"job": "kubelet"}) == (life.alert, life.labels)


def test_a_staleness_marker_is_no_sample() -> None:
    """A marker adds nothing: the life ended with the sample before it."""
    marked = Series(labels=alerts("firing").labels, timestamps=(101_000, 102_000), values=(1.0, STALE))
    assert [({}, [(20, "firing"), (40, "inactive")])] == lives(marked)


@given(TRUTH, HOLD, st.sampled_from([1.0, 4.0, 20.0]))
def test_lives_are_the_states_that_made_the_samples(
    truth: list[tuple[float, bool]], hold: float, speed: float
) -> None:
    """Samples of ALERTS written from states are read back as the same changes."""
    written = timeline.states([*truth, (len(truth) * 15.0, False)], hold=hold)
    before = Life(alert="A", labels={}, changes=written)
    live = {t: round((1000 + t / speed) * 1000) for t, _ in truth}
    series = [
        alerts(state.value, *(live[t] for t, _ in truth if before.state_at(t) is state))
        for state in (PENDING, FIRING)
    ]
    (after,) = timeline.lives(series, interval_ms=round(15_000 / speed), fault_at=1000.0, speed=speed)
    assert [change.state for change in written] == [change.state for change in after.changes]
    assert [change.t for change in written] == pytest.approx([change.t for change in after.changes], abs=0.1)


def marked(times: tuple[int, ...], scrapes: tuple[int, ...]) -> list[tuple[int, float | Literal["stale"]]]:
    """Return samples of a series after the scrapes that no longer had it are marked."""
    series = Series(labels={"a": "b"}, timestamps=times, values=tuple(float(t) for t in times))
    found = timeline.mark_stale(series, scrapes)
    return list(zip(found.timestamps, found.values, strict=True))


@pytest.mark.parametrize(
    ("times", "scrapes", "expected"),
    [
        ((1, 2), (1, 2, 3, 4), [(1, 1.0), (2, 2.0), (3, "stale")]),
        ((1, 4), (1, 2, 3, 4), [(1, 1.0), (2, "stale"), (4, 4.0)]),
        ((3,), (1, 2, 3), [(3, 3.0)]),
        ((1, 2), (), [(1, 1.0), (2, 2.0)]),
        ((), (1, 2), []),
        ((10, 20, 30), (1, 11, 21, 31), [(10, 10.0), (20, 20.0), (30, 30.0)]),
    ],
)
def test_the_first_scrape_without_a_series_is_marked(
    times: tuple[int, ...], scrapes: tuple[int, ...], expected: list[tuple[int, object]]
) -> None:
    """One marker stands where a series ended, and none where it never was or has times of its own."""
    assert expected == marked(times, scrapes)


MOMENTS = st.lists(st.integers(0, 60), unique=True).map(sorted).map(tuple)


@given(MOMENTS, MOMENTS)
def test_marking_keeps_all_samples_and_is_done_once(times: tuple[int, ...], scrapes: tuple[int, ...]) -> None:
    """No sample is lost, no two markers follow each other, and marking again adds nothing."""
    found = marked(times, scrapes)
    assert list(times) == [t for t, value in found if value != STALE]
    assert not any(one[1] == other[1] == STALE for one, other in pairwise(found))
    series = Series(labels={}, timestamps=tuple(t for t, _ in found), values=tuple(v for _, v in found))
    assert series == timeline.mark_stale(series, scrapes)
