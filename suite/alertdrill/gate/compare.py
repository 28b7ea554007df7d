"""Two tellings of one case → what changed; pure."""

from collections.abc import Iterable, Iterator

from alertdrill import durations
from alertdrill.gate.differ import difference
from alertdrill.gate.values import Case, Change, Kind
from alertdrill.judge.words import moment, short
from alertdrill.model import AlertState, Life
from alertdrill.replay.compare import spans

# Who fires so much of the time in which it could, does so always.
ALWAYS_SHARE = 0.95
DETAILS_MAX = 20


def changes(case: Case, alerts: Iterable[str]) -> Iterator[Change]:
    """Yield what these alerts do in a case by the new rules, and did not by the old ones."""
    for alert in sorted(alerts):
        yield from _of_alert(case, alert)


def active(case: Case, alert: str) -> bool:
    """Say whether anything became of an alert by either revision."""
    return any(life.alert == alert and life.changes for told in (case.old, case.new) for life in told.lives)


def _of_alert(case: Case, alert: str) -> Iterator[Change]:
    doubts = [told.doubts.get(alert, "") for told in (case.old, case.new)]
    if all(doubts):
        return
    if any(doubts):
        which = "by the new rules" if doubts[1] else "by the old rules"
        sentence = f"{alert}: what it does {which} can't be told: {next(filter(None, doubts))}"
        yield Change(alert=alert, kind=Kind.UNKNOWN, case=case.name, sentence=sentence)
        return
    old, new = (
        [life for life in told.lives if life.alert == alert and _fired(life)] for told in (case.old, case.new)
    )
    severity = next((life.labels["severity"] for life in (*new, *old) if "severity" in life.labels), "")
    for kind, sentence, details in _firing(case, alert, old, new):
        yield Change(
            alert=alert,
            kind=kind,
            case=case.name,
            severity=severity,
            sentence=sentence,
            details=details[:DETAILS_MAX],
        )


def _fired(life: Life) -> bool:
    return life.first(AlertState.FIRING) is not None


def _firing(
    case: Case, alert: str, old: list[Life], new: list[Life]
) -> Iterator[tuple[Kind, str, tuple[str, ...]]]:
    if not (old or new):
        return
    if any(_always(case, life) for life in new) and not any(_always(case, life) for life in old):
        yield Kind.ALWAYS, f"{alert} fires all the time", _lines("now", new)
    elif not old:
        yield Kind.NOW_FIRES, f"{alert} fires now, first at {moment(_first(new))}", _lines("now", new)
    elif not new:
        sentence = f"{alert} does not fire any more; it fired first at {moment(_first(old))}"
        yield Kind.NO_LONGER_FIRES, sentence, _lines("before", old)
    else:
        yield from _both(case, alert, old, new)


def _both(
    case: Case, alert: str, old: list[Life], new: list[Life]
) -> Iterator[tuple[Kind, str, tuple[str, ...]]]:
    """Yield how an alert that fires by both differs."""
    details = (*_lines("before", old), *_lines("now", new))
    by = _first(new) - _first(old)
    if abs(by) > case.apart:
        kind, word = (Kind.LATER, "later") if by > 0 else (Kind.EARLIER, "earlier")
        times = f"at {moment(_first(new))} in place of {moment(_first(old))}"
        yield kind, f"{alert} fires {durations.text(round(abs(by)))} {word}, {times}", details
    counts, totals = (len(old), len(new)), (_total(case, old), _total(case, new))
    begun = [sum(len(spans(life)) for life in lives) for lives in (old, new)]
    if counts[0] != counts[1]:
        kind = Kind.MORE if counts[1] > counts[0] else Kind.LESS
        yield kind, f"{alert} fires for {counts[1]} in place of {counts[0]}", details
    elif begun[0] != begun[1]:
        kind = Kind.MORE if begun[1] > begun[0] else Kind.LESS
        yield kind, f"{alert} begins to fire {_often(begun[1])} in place of {_often(begun[0])}", details
    elif abs(totals[1] - totals[0]) > case.apart + abs(by):
        kind = Kind.MORE if totals[1] > totals[0] else Kind.LESS
        told = [durations.text(round(one)) for one in totals]
        yield kind, f"{alert} fires for {told[1]} in all in place of {told[0]}", details
    if counts[0] == counts[1]:
        if other := _other([life.labels for life in old], [life.labels for life in new]):
            yield Kind.LABELS, f"{alert} has other labels: {other}", details
        if other := _other([life.annotations for life in old], [life.annotations for life in new]):
            yield Kind.TEXT, f"{alert} tells something else: {other}", ()


def _often(times: int) -> str:
    return "once" if times == 1 else f"{times} times"


def _other(old: list[dict[str, str]], new: list[dict[str, str]]) -> str:
    """Return what differs between the first two that do, in a few words, `""` where none does."""
    ordered = (sorted(those, key=lambda one: sorted(one.items())) for those in (old, new))
    differing = (difference(before, after) for before, after in zip(*ordered, strict=True) if before != after)
    return next(differing, "")


def _first(lives: list[Life]) -> float:
    return min(first for life in lives if (first := life.first(AlertState.FIRING)) is not None)


def _total(case: Case, lives: list[Life]) -> float:
    return sum(min(stop, case.end) - start for life in lives for start, stop in spans(life))


def _always(case: Case, life: Life) -> bool:
    """Say whether an instance fires from before anything happened to the end, but for its `for`."""
    since = life.changes[0].t
    could = case.end - case.start
    return since <= case.start + case.apart and _total(case, [life]) >= ALWAYS_SHARE * (
        could - ((life.first(AlertState.FIRING) or 0) - since)
    )


def _lines(when: str, lives: list[Life]) -> tuple[str, ...]:
    return tuple(
        f"{when}: {short(life)} "
        + " and ".join(
            f"from {moment(start)} " + ("on" if stop == float("inf") else f"to {moment(stop)}")
            for start, stop in spans(life)
        )
        for life in lives
    )
