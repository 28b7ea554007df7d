"""Samples of a rule's results, taken apart and put together; pure."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from alertdrill.incident import Series
from alertdrill.model import AlertState, Change


def joined(one: Series, other: Series) -> Series:
    """Return the samples of two series as one, in order of time; its labels are those of the second."""
    samples = sorted(
        [*zip(one.timestamps, one.values, strict=True), *zip(other.timestamps, other.values, strict=True)]
    )
    return Series(
        labels=other.labels,
        timestamps=tuple(ms for ms, _ in samples),
        values=tuple(value for _, value in samples),
    )


def called(series: Series, name: str) -> Series:
    """Return the series under another name."""
    return msgspec.structs.replace(series, labels={**series.labels, "__name__": name})


def a_moment_later(series: Series) -> Series:
    """Return the series as it is seen by whoever looks at the same time: from the next round on."""
    return msgspec.structs.replace(series, timestamps=tuple(ms + 1 for ms in series.timestamps))


def by_value(series: Series, *, moved: bool) -> Iterator[Series]:
    """Yield a series for each value there was; where it matters when it was, for each sample."""
    apart: dict[object, list[int]] = {}
    for place, (ms, value) in enumerate(zip(series.timestamps, series.values, strict=True)):
        apart.setdefault(ms if moved else repr(value), []).append(place)
    for places in apart.values():
        yield Series(
            labels=series.labels,
            timestamps=tuple(series.timestamps[place] for place in places),
            values=tuple(series.values[place] for place in places),
        )


def at(those: Sequence[Series], ms: int) -> tuple[Series, int]:
    """Return which series of an instance made it true at a time, and the place of that sample."""
    for one in those:
        if ms in one.timestamps:
            return one, one.timestamps.index(ms)
    raise AssertionError("an instance changes to active when it is true")


def each(changes: Sequence[Change], times: Iterable[int]) -> Iterator[tuple[int, AlertState, float]]:
    """Yield each evaluation at which an instance was active, with its state and since when it was."""
    rest = iter([*((round(one.t * 1000), one.state) for one in changes), (2**63, AlertState.INACTIVE)])
    state, active_at = AlertState.INACTIVE, 0.0
    following = next(rest)
    for ms in times:
        while following[0] <= ms:
            if state is AlertState.INACTIVE:
                active_at = float(following[0] // 1000)
            state, following = following[1], next(rest)
        if state is not AlertState.INACTIVE:
            yield ms, state, active_at
