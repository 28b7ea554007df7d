"""States of an alert's instances → how often, how long, for whom, and how near; pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

from alertdrill import durations, engine
from alertdrill.backtest.values import Instance, Noise
from alertdrill.incident import timeline
from alertdrill.model import AlertState, Change

NAMES = 3  # of instances that are told

Spans = tuple[tuple[float, float], ...]


def firing(changes: Sequence[Change], start: float, end: float) -> Spans:
    """Return when an instance was firing, as far as that is between two times."""
    found = []
    since: float | None = None
    for one in (*changes, Change(t=end, state=AlertState.INACTIVE)):
        if one.state is AlertState.FIRING:
            since = one.t
        elif since is not None:
            if min(one.t, end) > max(since, start):
                found.append((max(since, start), min(one.t, end)))
            since = None
    return tuple(found)


def with_hold(alert: engine.Alert, instance: engine.Instance, hold: float) -> tuple[Change, ...]:
    """Return how an instance's states would have changed with another `for`."""
    keep = alert.rule.keep_firing_for
    return timeline.states_of_runs(
        instance.runs,
        step_ms=alert.step_ms,
        end_ms=alert.last_ms,
        hold=hold,
        keep_firing_for=durations.seconds(keep) if keep else 0.0,
    )


def noise(hold: str, fired: Iterable[Spans], start: float) -> Noise:
    """Return how often and how long; what was firing when the time began did not begin to fire in it."""
    spans = sorted(span for those in fired for span in those)
    return Noise(
        hold=hold,
        fired=sum(first > start for first, _ in spans),
        seconds=sum(last - first for first, last in spans),
        longest=max((last - first for first, last in spans), default=0.0),
        awake=_union(spans),
    )


def _union(spans: Sequence[tuple[float, float]]) -> float:
    total, until = 0.0, float("-inf")
    for first, last in spans:
        total += max(last - max(first, until), 0.0)
        until = max(until, last)
    return total


def of(alert: engine.Alert, start: float, end: float) -> tuple[Instance, ...]:
    """Return the instances that were active between two times, those that fired most first."""
    found = []
    for one in alert.instances:
        fired = firing(one.changes, start, end)
        pending = max((_pending(one.changes, start, end)), default=0.0)
        if fired or pending:
            found.append(
                Instance(labels=one.labels, fired=fired, pending=pending, annotations=one.annotations)
            )
    return tuple(sorted(found, key=_rank))


def _rank(one: Instance) -> tuple[float, float, list[tuple[str, str]]]:
    seconds = sum(last - first for first, last in one.fired)
    return -seconds, -one.pending, sorted(one.labels.items())


def _pending(changes: Sequence[Change], start: float, end: float) -> list[float]:
    """Return how long each pending was that did not end in firing, as far as it ended after the start."""
    found = []
    since: float | None = None
    for one in (*changes, Change(t=end, state=AlertState.INACTIVE)):
        if one.state is AlertState.PENDING:
            since = one.t
        elif one.state is AlertState.INACTIVE and since is not None and one.t > start:
            found.append(one.t - since)
            since = None
        else:
            since = None
    return found


def busiest(instances: Sequence[Instance], names: int = NAMES) -> list[tuple[str, int]]:
    """Return the labels that tell the instances apart, with how often each of these fired, most first."""
    different = {
        name
        for one in instances
        for name in one.labels
        if any(other.labels.get(name) != one.labels.get(name) for other in instances)
    } or set(instances[0].labels if instances else ())
    told: Counter[str] = Counter()
    for one in instances:
        if one.fired:
            text = ", ".join(f"{name}={one.labels[name]}" for name in sorted(different & set(one.labels)))
            told[text] += len(one.fired)
    return sorted(told.items(), key=lambda pair: (-pair[1], pair[0]))[:names]
