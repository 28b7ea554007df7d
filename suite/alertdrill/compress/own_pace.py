"""What a shorter window can still tell of what keeps its own pace: it holds fewer events, or none."""

import math

from alertdrill import durations
from alertdrill.compress.quantity import Events, Refused, Scaled
from alertdrill.rules.pace import NAME as PACE_FILE

# So many events are well above one: one more or less changes nothing that a rule should ask.
EVENTS_MIN = 10.0
EQUALITIES = frozenset({"==", "!="})
DECLARE = f"declare in {PACE_FILE} that the lab paces it, if it does"


def check_comparison(operator: str, left: Scaled, right: Scaled, speed: float) -> None:
    """Raise Refused where a lab's window holds too little of what is compared."""
    for measured, other in ((left, right), (right, left)):
        events = measured.quantity.events
        if events is None:
            continue
        if other.quantity.constant:
            _check_number(operator, measured, events, other.quantity.number, speed)
        elif other.quantity.events is None and measured.quantity.step != 0:
            raise Refused(
                f"how much of {events.metric}, which keeps its own pace, `{other.written}` stands for"
                f" can't be"
                " told, and so not whether a lab's shorter window can hold it; compare it with a plain"
                " number,"
                f" or {DECLARE}"
            )


def check_times(left: Scaled, right: Scaled) -> None:
    """Raise Refused where a series that keeps its own pace meets itself at another time."""
    for metric, _ in sorted(left.quantity.reads):
        one, other = (_places(side, metric) for side in (left, right))
        if other and one != other:
            raise Refused(
                f"`{left.written}` beside `{right.written}` asks how much {metric} changes in between, which"
                f" is less in a lab for what keeps its own pace; {DECLARE}"
            )


def _places(side: Scaled, metric: str) -> set[str]:
    return {place for name, place in side.quantity.reads if name == metric}


def _check_number(
    operator: str, measured: Scaled, events: Events, number: float | None, speed: float
) -> None:
    quantity = measured.quantity
    if events.window is None:
        raise Refused(
            f"`{measured.written}` has all of {events.metric} since something started, and a lab's share"
            f" of that is"
            f" not known, as it keeps its own pace; ask for rate() or increase() of it, or {DECLARE}"
        )
    if number is None or events.rest is None or quantity.step is None:
        raise Refused(
            f"how much of {events.metric}, which keeps its own pace, makes `{measured.written}` what it is"
            " compared with can't be told, and so not whether a lab's shorter window can hold it; compare"
            f" it with a plain number, or {DECLARE}"
        )
    distance = abs(number * speed ** (quantity.power or 0) - events.rest)
    if not distance:
        _check_any(measured, events, events.window, speed)
    elif operator in EQUALITIES and math.isfinite(distance):
        raise Refused(
            f"`{measured.written}` is never exactly a number, for what keeps its own pace ({events.metric});"
            f" compare with < or >, or {DECLARE}"
        )
    elif quantity.step and distance / quantity.step < EVENTS_MIN:
        _refuse_few(measured, events, distance / quantity.step, speed)


def _check_any(measured: Scaled, events: Events, window: float, speed: float) -> None:
    if not events.sure:
        raise Refused(
            f"`{measured.written}` asks whether there was any in {durations.text(window * speed)}, and a"
            f" lab's"
            f" {durations.text(window)} may hold none of {events.metric}, which keeps its own pace;"
            f" {DECLARE},"
            " or there in `every:` how often it counts at least"
        )


def _refuse_few(measured: Scaled, events: Events, count: float, speed: float) -> None:
    assert events.window is not None, "what has none is refused before"
    lower = max(1, math.floor(speed * count / EVENTS_MIN))
    raise Refused(
        f"{events.metric} keeps its own pace: where `{measured.written}` meets its number,"
        f" {durations.text(events.window * speed)} in life hold {count * speed:.3g} of it and a lab's"
        f" {durations.text(events.window)} {count:.2g}, and fewer than {EVENTS_MIN:g} can't be told from"
        f" chance;"
        f" play it with --speed {lower}, ask over a longer window, or {DECLARE}"
    )
