"""A backtest's result as text: a table with the noisiest first, then what is to be said of each."""

from collections.abc import Iterator
from datetime import UTC, datetime

from alertdrill import durations
from alertdrill.backtest import noise
from alertdrill.backtest.values import Alert, Near, Noise, Result
from alertdrill.judge.words import often

SHORT = 60.0  # seconds; what is longer is told in whole minutes


def render(result: Result) -> str:
    """Return the result as people read it."""
    return "\n".join(_lines(result)) + "\n"


def _lines(result: Result) -> Iterator[str]:
    start, end = (f"{datetime.fromtimestamp(one, UTC):%Y-%m-%d %H:%M}" for one in (result.start, result.end))
    yield f"{result.server} from {start} to {end} UTC, by {result.engine}"
    yield ""
    holds = [one.hold for one in result.alerts[0].variants] if result.alerts else []
    head = ["fired", "for", "longest", *(f"for: {hold}" for hold in holds), "alert"]
    rows = [_row(one) for one in result.alerts]
    widths = [max(len(row[place]) for row in [head, *rows]) for place in range(len(head) - 1)]
    for row in [head, *rows]:
        yield "  ".join([*(cell.rjust(width) for cell, width in zip(row[:-1], widths, strict=True)), row[-1]])
    for one in result.alerts:
        if told := list(_told(one)):
            yield ""
            yield f"{one.name} ({one.file}:{one.line})" if one.file else one.name
            yield from (f"  {line}" for line in told)
    yield ""
    yield from result.notes
    yield result.proof
    yield _sum(result)


def _row(alert: Alert) -> list[str]:
    mark = "?" if alert.unknown else ""
    own = alert.noise
    variants = [f"{one.fired} ({_time(one.seconds)})" for one in alert.variants]
    severity = f" {alert.severity}" if alert.severity else ""
    name = f"{alert.name}{severity}, for: {own.hold}"
    return [f"{own.fired}{mark}", _time(own.seconds), _time(own.longest), *variants, name]


def _told(alert: Alert) -> Iterator[str]:
    if alert.unknown:
        yield f"? unknown: {alert.unknown}"
    fired = [one for one in alert.instances if one.fired]
    for labels, count in noise.busiest(alert.instances):
        yield f"{often(count)}: {labels}" if labels else often(count)
    if len(fired) > noise.NAMES:
        yield f"and {len(fired) - noise.NAMES} more"
    if alert.near is not None and not alert.unknown:
        yield _near(alert.near)
    if alert.agreement is not None and alert.agreement.evaluations:
        told = f"the deployed revision agrees with the history in {alert.agreement.share:.2%} of evaluations"
        yield f"{told} ({alert.agreement.agreed} of {alert.agreement.evaluations})"
        if alert.agreement.why and not alert.unknown:
            yield f"  {alert.agreement.why}"
    yield from alert.notes


def _near(near: Near) -> str:
    """Say how near an alert came."""
    value = f"; nearest to {near.threshold} was {near.value:.6g}" if near.value is not None else ""
    if near.pending:
        return f"it did not fire; it was pending for {_time(near.pending)} of {_time(near.needed)}{value}"
    return f"it did not fire, and was not even pending{value}"


def _sum(result: Result) -> str:
    unknown = sum(bool(one.unknown) for one in result.alerts)
    loud: list[Noise] = [one.noise for one in result.alerts if one.noise.seconds]
    parts = [
        f"{len(result.alerts)} alerts: {len(loud)} fired, {often(sum(one.fired for one in loud))} in all"
    ]
    if unknown:
        parts.append(f"{unknown} unknown")
    if result.too_noisy:
        parts.append(f"more often than allowed: {', '.join(result.too_noisy)}")
    return "; ".join(parts)


def _time(seconds: float) -> str:
    """Return a duration as exact as it matters."""
    if not seconds:
        return "-"
    return durations.text(round(seconds / 60) * 60 if seconds > SHORT else round(seconds))
