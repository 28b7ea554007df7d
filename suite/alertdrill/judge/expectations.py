"""What must become of each alert, against what did.

An alert's time is exact to a scrape and an evaluation of its group. What lies outside of a window by no more
than that is unknown: the window or the speed must change before this lab can tell.
"""

from collections.abc import Iterator
from itertools import pairwise

from alertdrill import durations
from alertdrill.judge import latency, notifications, unseen
from alertdrill.judge.matching import (
    annotation_mistakes,
    broken_annotations,
    is_about,
    label_mistakes,
    pasteable,
)
from alertdrill.judge.recording import Recording
from alertdrill.judge.words import instance, moment, short
from alertdrill.model import AlertState, Finding, Life, Verdict
from alertdrill.names import NAMESPACE_LABEL
from alertdrill.scenario import Expectation

ACTIVE = frozenset({AlertState.PENDING, AlertState.FIRING})


def findings(recording: Recording) -> Iterator[Finding]:
    """Yield what is to be said of each expectation, and then of all that nobody expected."""
    checks = {
        "fires": _fires,
        "pends": _pends,
        "resolves": _resolves,
        "never": _never,
        "notified": notifications.notified,
        "unnotified": notifications.unnotified,
    }
    for expectation in recording.incident.scenario.expect:
        yield from checks[expectation.kind](recording, expectation)
    yield from _nothing_else(recording)
    yield from notifications.nothing_else(recording)
    yield from latency.findings(recording)


def _fires(recording: Recording, expectation: Expectation) -> Iterator[Finding]:
    namespace = recording.incident.namespace
    lives = [life for life in recording.lives if life.alert == expectation.alert]
    firing = [life for life in lives if life.first(AlertState.FIRING) is not None]
    matching = [life for life in firing if not label_mistakes(life, expectation, namespace)]
    if not firing:
        sentence = f"{expectation.alert} never fired; {_nearest(lives)}"
        lacking = unseen.said(recording, expectation.alert)
        yield _finding(expectation, Verdict.FAIL, f"{sentence}{lacking}")
    elif not matching:
        for life in firing:
            mistakes = "; ".join(label_mistakes(life, expectation, namespace))
            sentence = f"{instance(life)} fired, but not as expected: {mistakes}"
            if is_about(life, namespace):
                sentence += f"; as it fired: {pasteable(life, namespace)}"
            yield _finding(expectation, Verdict.FAIL, sentence)
    for life in matching:
        yield from _fired(recording, expectation, life)


def _fired(recording: Recording, expectation: Expectation, life: Life) -> Iterator[Finding]:
    """Judge one instance that fired with the right labels: when, how often, and what it told people."""
    who = short(life)
    first = life.first(AlertState.FIRING)
    assert first is not None, "it is among those that fired"
    yield _in_window(recording, expectation, first, f"{who} fired")
    yield from _again(expectation, life, first)
    if not life.annotations and life.alert in recording.annotated:
        if expectation.annotations or not recording.is_out_of_sight:
            yield _finding(expectation, Verdict.UNKNOWN, f"{who} fired, but nobody saw what it told people")
        return
    mistakes = dict.fromkeys([*annotation_mistakes(life, expectation), *broken_annotations(life)])
    for mistake in mistakes:
        yield _finding(expectation, Verdict.FAIL, f"{who} fired, but {mistake}")


def _again(expectation: Expectation, life: Life, first: float) -> Iterator[Finding]:
    """Yield what is to be said when an instance fired more than once.

    What has resolved must be pending anew. One that is firing again at once was not evaluated in between, or
    its rule has no `for`: nobody can tell from here.
    """
    who = short(life)
    for before, change in pairwise(life.changes):
        if change.state is AlertState.FIRING and change.t > first:
            gone = before.state is AlertState.PENDING
            yield _finding(
                expectation,
                Verdict.FAIL if gone else Verdict.UNKNOWN,
                f"{who} fired again at {moment(change.t)}"
                + ("" if gone else f", with nothing known of it since {moment(before.t)}"),
            )


def _pends(recording: Recording, expectation: Expectation) -> Iterator[Finding]:
    entries = sorted(t for life in _own(recording, expectation.alert) for t in _awakes(life))
    if not entries:
        yield _finding(
            expectation,
            Verdict.FAIL,
            f"{expectation.alert} never got pending, so its silence says nothing about the rule"
            f"{unseen.said(recording, expectation.alert)}",
        )
        return
    judged = [_in_window(recording, expectation, t, f"{expectation.alert} got pending") for t in entries]
    order = (Verdict.PASS, Verdict.UNKNOWN, Verdict.FAIL)
    yield min(judged, key=lambda finding: order.index(finding.verdict))


def _resolves(recording: Recording, expectation: Expectation) -> Iterator[Finding]:
    own = [life for life in _own(recording, expectation.alert) if life.changes]
    lives = [life for life in own if not _is_of_nobody(recording, life)]
    heal, end, resolution = recording.heal, recording.end, recording.resolution_of(expectation.alert)
    assert heal is not None and end is not None, "an assumption says so"  # noqa: PT018
    deadline = heal + durations.seconds(expectation.within)
    repair = f"the repair at {moment(heal)}"
    # The repair is written down when it is done; it was begun when the hold was over.
    begun = min(heal, durations.seconds(recording.incident.scenario.hold))
    yield from _lapses(recording, expectation, lives, begun)
    if not any(_was_active(life, begun - recording.resolution, heal) for life in lives):
        sentence = (
            f"{expectation.alert} was not active when the repair came at {moment(heal)}, so nothing resolved"
        )
        yield _finding(expectation, Verdict.FAIL, sentence)
        return
    for life in lives:
        last = life.changes[-1]
        who = short(life)
        if last.state in ACTIVE:
            known = Verdict.FAIL if end > deadline + resolution else Verdict.UNKNOWN
            sentence = f"{who} was still {last.state.value} when watching ended at {moment(end)}"
            yield _finding(expectation, known, sentence)
        elif last.t <= deadline:
            after = moment(max(last.t - heal, 0))
            yield _finding(expectation, Verdict.PASS, f"{who} resolved within {after} of {repair}")
        else:
            late = last.t > deadline + resolution
            taken = moment(last.t - heal)
            sentence = f"{who} resolved only {taken} after {repair}, allowed {expectation.within}"
            yield _finding(expectation, Verdict.FAIL if late else Verdict.UNKNOWN, sentence)


def _lapses(
    recording: Recording, expectation: Expectation, lives: list[Life], begun: float
) -> Iterator[Finding]:
    """Yield where the alert fell silent although nothing had been repaired.

    Where an instance is firing again without having been pending anew, or another fires at its place, nobody
    can say so.
    """
    resolution = recording.resolution_of(expectation.alert)
    for life in lives:
        for i, (before, change) in enumerate(pairwise(life.changes)):
            after = life.changes[i + 2].state if i + 2 < len(life.changes) else None
            replaced = any(
                other is not life and other.state_at(change.t + resolution) is AlertState.FIRING
                for other in lives
            )
            if (
                before.state is AlertState.FIRING
                and change.t < begun - recording.resolution
                and after is not AlertState.FIRING
                and not replaced
            ):
                sentence = (
                    f"{short(life)} stopped firing at {moment(change.t)}, although nothing was repaired"
                )
                yield _finding(expectation, Verdict.FAIL, sentence)


def _never(recording: Recording, expectation: Expectation) -> Iterator[Finding]:
    if blind := recording.rests_on.get(expectation.alert, frozenset()) & recording.touched_jobs:
        sentence = (
            f"{expectation.alert} reads {', '.join(sorted(blind))}, which this scenario takes down: nothing"
            " follows from its silence"
        )
        yield _finding(expectation, Verdict.UNKNOWN, sentence)
    lives = [life for life in recording.lives if life.alert == expectation.alert]
    firing = [(life, t) for life in lives if (t := life.first(AlertState.FIRING)) is not None]
    for life, t in firing:
        sentence = f"{short(life)} fired at {moment(t)}, and must never"
        yield _finding(expectation, Verdict.FAIL, sentence)
    end = recording.end
    assert end is not None, "an assumption says so"
    waiting = [
        life for life in _own(recording, expectation.alert) if life.state_at(end) is AlertState.PENDING
    ]
    for life in waiting:
        sentence = (
            f"{short(life)} was still pending when watching ended at {moment(end)}, so it may have been about"
            " to fire; hold or settle for longer, or expect it to resolve"
        )
        yield _finding(expectation, Verdict.UNKNOWN, sentence)
    is_blind = not any(life.changes for life in lives) and unseen.is_blind(recording, expectation.alert)
    if is_blind:
        lacking = unseen.said(recording, expectation.alert)
        sentence = f"{expectation.alert} stayed silent, from which nothing follows{lacking}"
        yield _finding(expectation, Verdict.UNKNOWN, sentence)
    if not firing and not waiting and not is_blind:
        yield _finding(expectation, Verdict.PASS, f"{expectation.alert} stayed silent; {_nearest(lives)}")


def _nothing_else(recording: Recording) -> Iterator[Finding]:
    """Every instance that fired is expected by the scenario; what is forbidden has its own finding."""
    scenario = recording.incident.scenario
    forbidden = {expectation.alert for expectation in scenario.expect if expectation.kind == "never"}
    own = [expectation for expectation in scenario.expect if expectation.kind == "fires"]
    expected = [*own, *recording.incident.beside]
    others = [
        (life, t)
        for life in recording.lives
        if (t := life.first(AlertState.FIRING)) is not None
        and life.alert not in forbidden
        and not any(
            life.alert == one.alert and not label_mistakes(life, one, recording.incident.namespace)
            for one in expected
        )
    ]
    for life, t in others:
        known = next((one for one in recording.incident.noise if one.matches(life.alert, life.labels)), None)
        said = (
            f"and is known noise until {known.until}: {known.reason}"
            if known
            else "and no expectation says so"
        )
        sentence = f"{instance(life)} fired at {moment(t)}, {said}"
        verdict = Verdict.PASS if known else Verdict.FAIL
        yield Finding(check="nothing else", verdict=verdict, sentence=sentence, alert=life.alert)
    if not others:
        yield Finding(check="nothing else", verdict=Verdict.PASS, sentence="nothing else fired")


def _in_window(recording: Recording, expectation: Expectation, t: float, what: str) -> Finding:
    after, within = durations.seconds(expectation.after), durations.seconds(expectation.within)
    within += max(recording.fault or 0.0, 0.0)  # breaking it took until then; the lab's time, not the rule's
    outside = max(after - t, t - within, 0.0)
    window = f"expected {expectation.after} to {expectation.within}"
    resolution = recording.resolution_of(expectation.alert)
    apart = durations.text(resolution)
    if not outside:
        return _finding(expectation, Verdict.PASS, f"{what} at {moment(t)}, {window}")
    if outside <= resolution:
        return _finding(
            expectation,
            Verdict.UNKNOWN,
            f"{what} at {moment(t)}, {window}: outside, but by less than the {apart} that this lab can tell"
            " apart; widen the window or play slower",
        )
    early = "too early" if t < after else "too late"
    return _finding(expectation, Verdict.FAIL, f"{what} at {moment(t)}, {window}: {early}")


def _own(recording: Recording, alert: str) -> list[Life]:
    """Return the instances of an alert that this scenario is about; those of the cluster come and go.

    They are about its namespace or none, or are what the scenario says fires.
    """
    namespace = recording.incident.namespace
    said = [one for one in recording.incident.scenario.expect if one.kind == "fires" and one.alert == alert]
    return [
        life
        for life in recording.lives
        if life.alert == alert
        and (is_about(life, namespace) or any(not label_mistakes(life, one, namespace) for one in said))
    ]


def _is_of_nobody(recording: Recording, life: Life) -> bool:
    """Say whether an instance that names no namespace came near firing beside the one that was to fire."""
    said = [
        one for one in recording.incident.scenario.expect if one.kind == "fires" and one.alert == life.alert
    ]
    return bool(
        said
        and life.first(AlertState.FIRING) is None
        and NAMESPACE_LABEL not in life.labels
        and all(label_mistakes(life, one, recording.incident.namespace) for one in said)
    )


def _awakes(life: Life) -> Iterator[float]:
    """Yield when an instance got active."""
    before = AlertState.INACTIVE
    for change in life.changes:
        if before not in ACTIVE and change.state in ACTIVE:
            yield change.t
        before = change.state


def _was_active(life: Life, start: float, stop: float) -> bool:
    return life.state_at(stop) in ACTIVE or any(start <= change.t <= stop for change in life.changes)


def _nearest(lives: list[Life]) -> str:
    """Say how near an alert that did not fire came to it."""
    pending = [t for life in lives if (t := life.first(AlertState.PENDING)) is not None]
    return f"it was pending at {moment(min(pending))}" if pending else "it was not even pending"


def _finding(expectation: Expectation, verdict: Verdict, sentence: str) -> Finding:
    return Finding(check=expectation.kind, verdict=verdict, alert=expectation.alert, sentence=sentence)
