"""Truth over time → alert states; and raw samples of ALERTS → lives.

Pure: timestamps go in, states come out.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Literal

import msgspec

from alertdrill.incident import STALE, Series
from alertdrill.model import AlertState, Change, Life

# An evaluation that comes this much later than the interval was not the next one.
MISSED_EVALUATION = 1.5
GRACE_SECONDS, OUTAGE_SECONDS_MAX = 600.0, 3600.0  # Prometheus' own defaults
OF_PROMETHEUS = frozenset({"__name__", "alertname", "alertstate"})
RESTORING = 2  # evaluations after a restart before `for` is what it was


def states(
    truth: Sequence[tuple[float, bool]], *, hold: float, keep_firing_for: float = 0.0
) -> tuple[Change, ...]:
    """Return when an alert changes state, given what its expression was at each evaluation.

    `truth` is (seconds, is true) in order of time; `hold` is the rule's `for`, in the same seconds. As
    Prometheus does it: pending at the first true evaluation, firing at the first one `hold` or more after
    it, inactive at the first false one, unless firing is kept up for `keep_firing_for` after it.
    """
    changes: list[Change] = []
    state, active_since, false_since = AlertState.INACTIVE, 0.0, None
    for t, true in truth:
        before = state
        if true:
            false_since = None
            if state is AlertState.INACTIVE:
                state, active_since = AlertState.PENDING, t
            if state is AlertState.PENDING and t - active_since >= hold:
                state = AlertState.FIRING
        elif state is AlertState.FIRING and keep_firing_for > 0:
            false_since = t if false_since is None else false_since
            if t - false_since >= keep_firing_for:
                state = AlertState.INACTIVE
        else:
            state = AlertState.INACTIVE
        if state is not before:
            changes.append(Change(t=t, state=state))
    return tuple(changes)


def runs(times_ms: Sequence[int], step_ms: int) -> tuple[tuple[int, int], ...]:
    """Return the first and the last of each row of evaluations that follow each other at once."""
    if times_ms and times_ms[-1] - times_ms[0] == (len(times_ms) - 1) * step_ms:
        return ((times_ms[0], times_ms[-1]),)  # nearly always so, and then none need be looked at
    if not times_ms:
        return ()
    breaks = [place for place, (ms, after) in enumerate(pairwise(times_ms), 1) if after - ms != step_ms]
    ends = zip([0, *breaks], [*breaks, len(times_ms)], strict=True)
    return tuple([(times_ms[first], times_ms[end - 1]) for first, end in ends])


def resumed(
    active_at: float, *, down_at: float, now: float, hold: float, grace: float = GRACE_SECONDS
) -> float | None:
    """Return since when Prometheus takes an alert to be active that it finds again after a restart.

    `down_at` is its last evaluation before, `now` its second one after, all in seconds. None is anew: a `for`
    shorter than `grace` (`--rules.alert.for-grace-period`) is not restored, nor one after an hour's outage.
    """
    if hold < grace or now - down_at > OUTAGE_SECONDS_MAX:
        return None
    rest = hold - (down_at - active_at)
    if rest <= 0:
        return active_at
    return now + grace - hold if rest < grace else active_at + (now - down_at)


def states_of_runs(
    true: Sequence[tuple[int, int]],
    *,
    step_ms: int,
    end_ms: int,
    hold: float,
    keep_firing_for: float = 0.0,
    since_ms: int | None = None,
) -> tuple[Change, ...]:
    """Return what `states` does of truth that is told as `runs`, up to the evaluation at `end_ms`.

    Its work is in the number of runs, not of evaluations. Times become seconds. `since_ms` is since when the
    first run counts, where that is not its first evaluation: after a restart, `resumed` says.
    """
    held, kept = _up_to(round(hold * 1000), step_ms), _up_to(round(keep_firing_for * 1000), step_ms)
    inactive, pending, firing = AlertState.INACTIVE, AlertState.PENDING, AlertState.FIRING
    changes: list[tuple[int, AlertState]] = []
    state = inactive
    following = iter([*(first for first, _ in true[1:]), end_ms + 1])
    for place, (first, last) in enumerate(true):
        if state is inactive:
            wait = held
            if since_ms is not None and not place:  # restored after two evaluations, which found it pending
                wait = max(_up_to(since_ms + round(hold * 1000) - first, step_ms), RESTORING * step_ms)
            if wait:
                changes.append((first, pending))
            state = pending
            if first + wait <= last:
                changes.append((first + wait, firing))
                state = firing
        over = last + step_ms + (kept if state is firing else 0)
        if over < next(following) and over <= end_ms:
            changes.append((over, inactive))
            state = inactive
    return tuple([Change(t=ms / 1000, state=state) for ms, state in changes])


def _up_to(ms: int, step_ms: int) -> int:
    """Return the first multiple of the step that is no less."""
    return -(-ms // step_ms) * step_ms


def instance(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels of an alert, as people are told them, of those that its samples of ALERTS have.

    Where the template of a label comes to nothing the alert has no such label, and Prometheus writes the
    template itself into ALERTS.
    """
    return {name: value for name, value in labels.items() if name not in OF_PROMETHEUS and "{{" not in value}


def lives(
    series: Iterable[Series],
    *,
    interval_ms: int,
    fault_at: float,
    speed: float,
    intervals: Mapping[str, Sequence[float]] | None = None,
) -> tuple[Life, ...]:
    """Return the life of every alert instance in raw samples of ALERTS.

    `interval_ms` is the live time between two evaluations, `intervals` has it in seconds for each alert whose
    groups are known, of which it may have several; times become seconds of rule time since `fault_at` (live
    seconds since the epoch). ALERTS has one series per state of an instance, with a sample at every
    evaluation of its group: where none follows, the instance had another state at the next, and not before.
    """
    known = {alert: [round(one * 1000) for one in those] for alert, those in (intervals or {}).items()}
    instances: dict[tuple[str, tuple[tuple[str, str], ...]], dict[int, AlertState]] = {}
    for one in series:
        key = one.labels["alertname"], tuple(sorted(instance(one.labels).items()))
        states_at = instances.setdefault(key, {})
        for ms, value in zip(one.timestamps, one.values, strict=True):
            if value != STALE:
                states_at[ms] = AlertState(one.labels["alertstate"])
    return tuple(
        Life(
            alert=alert,
            labels=dict(labels),
            changes=tuple(
                Change(t=round((ms / 1000 - fault_at) * speed, 3), state=state)
                for ms, state in _changes(sorted(states_at.items()), known.get(alert, [interval_ms]))
            ),
        )
        for (alert, labels), states_at in sorted(instances.items())
    )


def _changes(
    samples: Sequence[tuple[int, AlertState]], intervals_ms: Sequence[int]
) -> list[tuple[int, AlertState]]:
    interval_ms = _kept([ms for ms, _ in samples], intervals_ms)
    changes: list[tuple[int, AlertState]] = []
    last_ms: int | None = None
    for ms, state in samples:
        if last_ms is not None and ms - last_ms > MISSED_EVALUATION * interval_ms:
            changes.append((last_ms + interval_ms, AlertState.INACTIVE))
        if not changes or changes[-1][1] is not state:
            changes.append((ms, state))
        last_ms = ms
    if last_ms is not None:
        changes.append((last_ms + interval_ms, AlertState.INACTIVE))
    return changes


def _kept(times_ms: Sequence[int], intervals_ms: Sequence[int]) -> int:
    """Return the longest of some intervals that no two evaluations are closer than; else the shortest."""
    least = min((after - before for before, after in pairwise(times_ms)), default=max(intervals_ms))
    kept = [one for one in intervals_ms if one <= MISSED_EVALUATION * least]
    return max(kept, default=min(intervals_ms))


def mark_stale(series: Series, scrapes_ms: Sequence[int]) -> Series:
    """Return the series with a staleness marker at each first scrape that no longer had it.

    `scrapes_ms` are the timestamps of its target's `up`, in order. The database leaves the markers out of
    what it answers; a scrape without a sample of the series is where each was. Samples that came with times
    of their own, as cAdvisor's do, have no markers.
    """
    if not series.timestamps:
        return series
    first = bisect_left(scrapes_ms, series.timestamps[0])
    after = first + len(series.timestamps)
    if (*scrapes_ms[first:after],) == series.timestamps:  # none missed it, as mostly: it ends, if at all
        if after == len(scrapes_ms) or series.values[-1] == STALE:
            return series
        return msgspec.structs.replace(
            series,
            timestamps=(*series.timestamps, scrapes_ms[after]),
            values=(*series.values, STALE),
        )
    if 2 * len({*series.timestamps} & {*scrapes_ms}) < len(series.timestamps):
        return series
    samples: dict[int, float | Literal["stale"]] = dict(zip(series.timestamps, series.values, strict=True))
    had_it = False
    for ms in sorted({*scrapes_ms, *series.timestamps}):
        if ms in samples:
            had_it = samples[ms] != STALE
        elif had_it:
            samples[ms] = STALE
            had_it = False
    ordered = sorted(samples.items())
    return msgspec.structs.replace(
        series, timestamps=tuple(ms for ms, _ in ordered), values=tuple(value for _, value in ordered)
    )
