"""Two tellings of the same alerts, held against each other; pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from alertdrill.judge.words import instance, moment
from alertdrill.model import AlertState, Life

Key = tuple[str, tuple[tuple[str, str], ...]]


def key(life: Life) -> Key:
    """Return what tells an instance from all others."""
    return life.alert, tuple(sorted(life.labels.items()))


def spans(life: Life) -> list[tuple[float, float]]:
    """Return from when to when an instance fired; one that fires at the end does so for ever."""
    found: list[tuple[float, float]] = []
    since: float | None = None
    for change in life.changes:
        if change.state is AlertState.FIRING:
            since = change.t if since is None else since
        elif since is not None:
            found.append((since, change.t))
            since = None
    return [*found, (since, float("inf"))] if since is not None else found


def known(
    live: Sequence[Life],
    replayed: Sequence[Life],
    *,
    span: tuple[float, float],
    apart: Callable[[str], float],
) -> tuple[list[Life], list[Life]]:
    """Return what fired in each telling of a recording, without that of which it can't tell when.

    Since when that has been true which was active as it began, it does not say, and what fires just before
    its end in one telling alone may in the other do so just after.
    """
    begun, end = span
    before = {key(life) for life in live if life.changes and life.changes[0].t <= begun + apart(life.alert)}

    fired, again = (
        {key(life) for life in lives if life.first(AlertState.FIRING) is not None}
        for lives in (live, replayed)
    )

    def told(life: Life) -> bool:
        first, mine = life.first(AlertState.FIRING), key(life)
        if first is None or mine in before:
            return False
        return mine in fired & again or first <= end - apart(life.alert)

    return list(filter(told, live)), list(filter(told, replayed))


def firing(
    live: Iterable[Life],
    replayed: Iterable[Life],
    *,
    apart: Callable[[str], float],
    called: tuple[str, str] = ("live", "at real durations"),
) -> Iterator[str]:
    """Yield a sentence for each instance that fired in one telling and not, or at another time, in the other.

    Times are the same when they are no more seconds from each other than `apart` says for that alert. The two
    tellings are `called` so.
    """
    then, now = called
    ours, theirs = ({key(life): life for life in lives} for lives in (replayed, live))
    for one in sorted({*ours, *theirs}):
        mine, other = ours.get(one), theirs.get(one)
        if mine is None and other is not None:
            yield f"{instance(other)} fired at {_first(other)} {then}, and not {now}"
        elif other is None and mine is not None:
            yield f"{instance(mine)} fires at {_first(mine)} {now}, and did not {then}"
        elif mine is not None and other is not None and not _same(spans(mine), spans(other), apart(one[0])):
            yield f"{instance(mine)} fired {_said(spans(other))} {then}, and {_said(spans(mine))} {now}"


def _first(life: Life) -> str:
    first = life.first(AlertState.FIRING)
    return moment(first) if first is not None else "no time"


def _same(ours: Sequence[tuple[float, float]], theirs: Sequence[tuple[float, float]], apart: float) -> bool:
    return len(ours) == len(theirs) and all(
        one == other or abs(one - other) <= apart
        for mine, others in zip(ours, theirs, strict=True)
        for one, other in zip(mine, others, strict=True)
    )


def _said(times: Sequence[tuple[float, float]]) -> str:
    return " and ".join(
        f"from {moment(start)} " + (f"to {moment(stop)}" if stop != float("inf") else "on")
        for start, stop in times
    )
