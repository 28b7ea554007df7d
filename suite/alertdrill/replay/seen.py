"""Is a recording complete? Its rules as the lab ran them, on its own samples, must come to what was seen.

Evaluation by evaluation. A sample that was on its way while rules were evaluated has a time before them, and
they did not see it: at such an evaluation the truth is what it is with the sample or without it. Longest on
its way is the marker of a target that is given up.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from alertdrill import durations
from alertdrill.compress import compress
from alertdrill.engine import Alert, Engine, Instance, Window, evaluate, samples
from alertdrill.incident import STALE, Event, Incident, timeline
from alertdrill.judge.words import moment
from alertdrill.model import AlertState, Finding, Verdict
from alertdrill.names import LOOKBACK_SECONDS, NAMESPACE_LABEL, SCRAPE_DURATION
from alertdrill.replay import virtual
from alertdrill.rules import RuleSet, intervals, promql

TOLD_MAX = 3
NOT_KNOWN = "whether the recording is complete is not known"
MEND = "restore it, or record it again"
GIVEN_UP_SCRAPES = 2.1
ON_ITS_WAY_SECONDS = 0.25  # how long a scrape takes where the recording does not have it
WITH, WITHOUT = "seen:", "unseen:"  # where the engine keeps what is recorded with such samples and without

Key = tuple[str, tuple[tuple[str, str], ...]]
States = dict[Key, dict[int, AlertState]]
Truth = dict[Key, frozenset[int]]  # the evaluations at which an instance was true


def lacking(incident: Incident) -> list[Finding]:
    """Return what every run leaves and this recording lacks: by the rest of it nothing is proved."""
    return [
        Finding(check="recording", verdict=Verdict.UNKNOWN, sentence=f"{sentence}; {MEND}")
        for sentence in _lacking(incident)
    ]


def findings(engine: Engine, incident: Incident, rules: RuleSet) -> Iterator[Finding]:
    """Yield whether the recording, which lacks nothing, has all that its own rules were evaluated on."""
    live = _live(incident)
    scaled = compress(rules, incident.speed).rules
    if incident.speed > 1:  # at the pace of life it is in the engine already, as it was
        engine.write(one for one in incident.series if one.labels.get("__name__", "") not in promql.OF_ALERTS)
    window = _window(incident, scaled)
    names = scaled.alerts - set(virtual.unseen(incident, scaled))
    found = evaluate(engine, scaled, window, tag=WITH, only=names, annotate=False).alerts
    apart = _apart(incident, found, {}, live)
    if apart:
        seconds = _on_its_way(incident)
        names = frozenset(name for name, _ in apart)
        before = evaluate(
            engine, scaled, _earlier(window, seconds), tag=WITHOUT, only=names, annotate=False
        ).alerts
        late = max(seconds, given_up_late(incident) / incident.speed)
        without = _true(before, later_ms=round(seconds * 1000))
        apart = _apart(incident, found, without, live, late_ms=round(late * 1000))
    count = sum((one.last_ms - one.first_ms) // one.step_ms + 1 for one in found)
    if not count:
        sentence = f"{NOT_KNOWN}: it has nothing of what its alerts read"
        yield Finding(check="recording", verdict=Verdict.UNKNOWN, sentence=sentence)
    elif not apart:
        sentence = (
            f"the recording is complete: the lab's rules come to what was seen at each of {count} evaluations"
        )
        yield Finding(check="recording", verdict=Verdict.PASS, sentence=sentence)
    for (name, _), times in sorted(apart.items())[:TOLD_MAX]:
        first = moment((times[0] / 1000 - incident.fault_at) * incident.speed)
        yield Finding(
            check="recording",
            verdict=Verdict.UNKNOWN,
            sentence=f"the recording is not complete: by it {name} was in another state than was seen at"
            f" {len(times)} evaluations, first at {first}",
            alert=name,
        )


def _lacking(incident: Incident) -> Iterator[str]:
    """Yield whether it lacks the states of alerts, and `up` of what was scraped."""
    if not _live(incident):
        yield f"{NOT_KNOWN}: it has no samples of ALERTS, which say what was seen at each evaluation"
    there = {frozenset(one.labels.items()) for one in incident.series}
    lost = [
        f"{one.data['job']} at {one.data['instance']}"
        for one in incident.events
        if one.kind == "scrape" and (labels := one.data.get("labels"))
        if not virtual.is_anothers(labels, incident.namespace) and frozenset(labels.items()) not in there
    ]
    if lost and incident.has_all_of("up"):  # what is cut down to rules that don't read it, has none
        more = f" and {len(lost) - TOLD_MAX} more" if len(lost) > TOLD_MAX else ""
        yield (
            "the recording is not complete: it tells of scrapes, and has no samples of `up`, of"
            f" {', '.join(lost[:TOLD_MAX])}{more}"
        )


def alert_events(incident: Incident, rules: RuleSet) -> list[Event]:
    """Return what became of each alert by the samples of ALERTS that are recorded."""
    every = incident.limits.evaluation_interval / incident.speed
    lives = timeline.lives(
        (one for one in incident.series if one.labels.get("__name__", "") == "ALERTS"),
        interval_ms=round(every * 1000),
        fault_at=incident.fault_at,
        speed=incident.speed,
        intervals=intervals.of_alerts(compress(rules, incident.speed).rules.groups, every),
    )
    return [
        Event(
            t=change.t,
            kind="alert",
            data={"alert": life.alert, "labels": life.labels, "annotations": {}, "state": change.state.value},
        )
        for life in lives
        for change in life.changes
    ]


def _window(incident: Incident, scaled: RuleSet) -> Window:
    at = [
        ms for one in incident.series if one.labels.get("__name__", "") == "ALERTS" for ms in one.timestamps
    ]
    return Window(
        start=min(one.timestamps[0] for one in incident.series if one.timestamps) / 1000,
        end=max(at) / 1000,
        interval=incident.limits.evaluation_interval / incident.speed,
        lookback=LOOKBACK_SECONDS / incident.speed,
        phases=virtual.phases(incident, scaled, incident.fault_at, speed=1),
    )


def _earlier(window: Window, seconds: float) -> Window:
    return msgspec.structs.replace(
        window,
        start=window.start - seconds,
        end=window.end - seconds,
        phases={name: t - seconds for name, t in window.phases.items()},
    )


def _on_its_way(incident: Incident) -> float:
    """Return how long after its time a scrape's sample may have come, in live seconds."""
    measured = [
        value
        for one in incident.series
        if one.labels.get("__name__", "") == SCRAPE_DURATION
        for value in one.values
        if value != STALE
    ]
    return max([ON_ITS_WAY_SECONDS, *measured])


def given_up_late(incident: Incident) -> float:
    """Return how long after its time it is known that a target was given up, in seconds of rule time.

    Prometheus lets two more scrapes go by, for the target may come back, and a tenth; then it writes the
    markers, with the time of the first of them.
    """
    gone = any(STALE in one.values for one in incident.series if one.labels.get("__name__", "") == "up")
    return GIVEN_UP_SCRAPES * incident.limits.scrape_interval if gone else 0.0


def _live(incident: Incident) -> States:
    """Return the states that were seen, by instance and evaluation."""
    found: States = {}
    for one in incident.series:
        if one.labels.get("__name__", "") == "ALERTS":
            key = one.labels["alertname"], tuple(sorted(timeline.instance(one.labels).items()))
            state = AlertState(one.labels["alertstate"])
            at = found.setdefault(key, {})
            at.update((ms, state) for ms, v in zip(one.timestamps, one.values, strict=True) if v != STALE)
    return found


def _true(alerts: Sequence[Alert], *, later_ms: int = 0) -> Truth:
    """Return the evaluations at which each instance was true."""
    return {
        _key(alert, one): frozenset(
            ms + later_ms for first, last in one.runs for ms in range(first, last + 1, alert.step_ms)
        )
        for alert in alerts
        for one in alert.instances
    }


def _key(alert: Alert, one: Instance) -> Key:
    return alert.rule.name, tuple(sorted(one.labels.items()))


def _apart(
    incident: Incident,
    alerts: Sequence[Alert],
    without: Mapping[Key, frozenset[int]],
    live: States,
    *,
    late_ms: int = 0,
) -> dict[Key, list[int]]:
    """Return for each instance the evaluations at which it was in another state than was seen.

    `without` is the truth without those samples that take as long as any, which is `late_ms` at most.
    """
    begun = round((incident.fault_at + virtual.span(incident)[0] / incident.speed) * 1000)
    found: dict[Key, list[int]] = {}
    for alert in alerts:
        mine = {key: ms for key, ms in _true([alert]).items() if _is_told(incident, dict(key[1]))}
        seen = {key for key in live if key[0] == alert.rule.name and _is_told(incident, dict(key[1]))}
        for key in {*mine, *seen}:
            true, then = mine.get(key, frozenset()), live.get(key, {})
            doubtful = true ^ without.get(key, true) | _just_changed(true, alert.step_ms, late_ms)
            # Where a sample was on its way it is as it was seen.
            true = (true - doubtful) | {ms for ms in doubtful if ms in then}
            states = dict(_states(alert, sorted(true)))
            times = [
                ms
                for ms in range(alert.first_ms, alert.last_ms + 1, alert.step_ms)
                if ms >= begun
                and states.get(ms) is not then.get(ms)
                and not _since_before(ms, true, alert, begun)
            ]
            if times:
                found[key] = times
    return found


def _just_changed(true: frozenset[int], step_ms: int, late_ms: int) -> frozenset[int]:
    """Return the evaluations so soon after a change that some had what changed it, and some not yet."""
    edges = {ms for ms in true if ms - step_ms not in true} | {
        ms + step_ms for ms in true if ms + step_ms not in true
    }
    return frozenset(ms + late for ms in edges for late in range(0, late_ms, step_ms))


def _states(alert: Alert, true: Sequence[int]) -> Iterator[tuple[int, AlertState]]:
    rule = alert.rule
    changes = timeline.states_of_runs(
        timeline.runs(true, alert.step_ms),
        step_ms=alert.step_ms,
        end_ms=alert.last_ms,
        hold=durations.seconds(rule.hold or "0"),
        keep_firing_for=durations.seconds(rule.keep_firing_for or "0"),
    )
    for ms, state, _ in samples.each(changes, range(alert.first_ms, alert.last_ms + 1, alert.step_ms)):
        yield ms, state


def _since_before(ms: int, true: frozenset[int], alert: Alert, begun: int) -> bool:
    """Say whether it has been true since the first evaluation here: since when before that, nobody knows."""
    first = max(alert.first_ms, begun + (alert.first_ms - begun) % alert.step_ms)
    return all(one in true for one in range(first, ms + 1, alert.step_ms))


def _is_told(incident: Incident, labels: Mapping[str, str]) -> bool:
    """Say whether the recording has what this instance is about; older ones have that of their namespace."""
    if incident.metrics is None:
        return labels.get(NAMESPACE_LABEL) == incident.namespace
    return not virtual.is_anothers(labels, incident.namespace)
