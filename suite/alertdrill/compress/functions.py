"""What PromQL's functions and aggregations make of a quantity."""

import math
from collections.abc import Sequence

import msgspec

from alertdrill.compress.quantity import NOW, Events, Quantity, Refused, unknown
from alertdrill.rules.pace import NAME as PACE_FILE

# fmt: off
CALENDAR = frozenset({
    "hour", "minute", "month", "year", "day_of_week", "day_of_month", "day_of_year", "days_in_month",
})
PER_SECOND = frozenset({"rate", "irate", "deriv"})
PER_WINDOW = frozenset({"increase", "delta", "idelta"})
COUNTING = frozenset({"changes", "resets"})
LAST_TWO = frozenset({"irate", "idelta"})
DIFFERENTIATING = PER_SECOND | PER_WINDOW | COUNTING
FIXED = frozenset({
    "absent", "absent_over_time", "count_over_time", "present_over_time",
})
KEEPING = frozenset({
    "avg_over_time", "last_over_time", "first_over_time", "quantile_over_time", "sort", "sort_desc",
    "sort_by_label", "sort_by_label_desc", "label_replace", "label_join", "scalar", "vector", "abs", "clamp",
    "clamp_min", "clamp_max", "double_exponential_smoothing",
})
EXTREMES = frozenset({"min_over_time", "max_over_time"})
SPREADS = frozenset({"stddev_over_time", "stdvar_over_time", "mad_over_time"})
KEEPING_AGGREGATIONS = frozenset({
    "avg", "min", "max", "topk", "bottomk", "quantile", "limitk", "limit_ratio",
})
SPREADING_AGGREGATIONS = frozenset({"sum", "stddev"})
COUNTING_AGGREGATIONS = frozenset({"count", "group", "count_values"})
# fmt: on
# A level that a fault moves goes and comes back in rule time; one that pods move as they start does not.
MOVED = "where only what the lab scales moves it, as a scenario's fault and its repair do"
SECOND_ARGUMENT = frozenset({"quantile_over_time", "histogram_quantile"})


def of_call(  # noqa: C901, PLR0911  # one for each kind of function
    name: str, quantities: Sequence[Quantity], window: float | None
) -> Quantity:
    """Return what a function's value measures, given what its arguments do.

    `window` is the range of its argument in seconds of the lab, None where it has none.
    """
    if name in {"time", "timestamp"}:
        return NOW
    if not quantities:
        return (
            Quantity(constant=True, number=math.pi)
            if name == "pi"
            else unknown(f"{name}() is not known here")
        )
    main = quantities[1 if name in SECOND_ARGUMENT else 0]
    if name in FIXED:
        return Quantity(pace=main.pace)
    if name == "sgn" and main.power is not None and not main.events and not main.instant:
        return Quantity(pace=main.pace)
    if name in KEEPING:
        return main if name in {"vector", "scalar"} else msgspec.structs.replace(main, number=None)
    if name in EXTREMES:
        return msgspec.structs.replace(main, reads=placed(main, name))
    if name in DIFFERENTIATING:
        return _differentiated(name, main, window)
    if name == "predict_linear":
        return _predicted(main)
    if name in SPREADS:
        return _spread_over_time(name, main, quantities)
    if name == "histogram_quantile":
        return _of_quantile(main)
    return spread(main) if name == "sum_over_time" else _of_values(name, quantities)


def of_aggregation(name: str, inner: Quantity) -> Quantity:
    """Return what an aggregation's value measures."""
    if name in KEEPING_AGGREGATIONS:
        return inner
    if name in SPREADING_AGGREGATIONS:
        return spread(inner)
    if name in COUNTING_AGGREGATIONS:
        return Quantity(pace=inner.pace)
    return _of_values(name, [inner])


def spread(quantity: Quantity) -> Quantity:
    """Return a quantity that is no point in time and not a series as it is any more."""
    if quantity.instant:
        return unknown("this is arithmetic on points in time")
    return msgspec.structs.replace(quantity, plain=False, number=None)


def placed(quantity: Quantity, place: str) -> frozenset[tuple[str, str]]:
    """Return what a quantity reads as it is, at another place in time."""
    return frozenset((metric, f"{where} {place}".strip()) for metric, where in quantity.reads)


def paced_by_lab(name: str, quantity: Quantity) -> bool:
    """Say whether the lab paces what a function that asks for a pace is asked of; own-pace is False."""
    if quantity.pace == "level":
        raise Refused(
            f"{name}() asks how fast something changes that is declared to have no pace: {quantity.why};"
            f" {MOVED}, write `is: paced-by-lab` there"
        )
    if quantity.pace == "mixed":
        raise Refused(
            f"{name}() asks how fast something changes of which the lab paces only a part; ask for each alone"
        )
    return quantity.pace != "own"


def _differentiated(name: str, main: Quantity, window: float | None) -> Quantity:
    """Return what is left when a function asks how much, or how often, something changes."""
    if main.power is None or main.instant:
        return unknown(main.why)
    lab = paced_by_lab(name, main)
    per = main.per + (name in PER_SECOND)
    time = 0 if name in COUNTING else main.time
    step = main.step
    if not lab and name in COUNTING:
        # What is rare is counted by event, what is frequent by scrape, of which each window holds as many.
        instead = "ask for increase() of it, or, " if main.events else ""
        metrics = sorted({metric for metric, _ in main.reads}) or ["..."]
        lines = [f"`- {{metric: {metric}, is: paced-by-lab, reason: ...}}`" for metric in metrics]
        raise Refused(
            f"{name}() counts the scrapes that saw {_names(main)} change, which keeps its own pace, so a lab"
            f" sees another number than life; {instead}{MOVED}, write in {PACE_FILE} beside the rules, under"
            f" `metrics:`, {' and '.join(lines)}"
        )
    if lab:
        power = main.power + 1 if name in PER_SECOND else 0 if name in COUNTING else main.power
        return Quantity(power=power, time=time, per=per, pace=main.pace, why=main.why, buckets=main.buckets)
    once = main.events is None or main.events.window is None  # not a change of what is a change already
    if not once and main.power != 0:
        return unknown(f"{name}() of a number per window has no pace that could be known")
    if name in PER_SECOND:
        step = None if step is None or not window else step / window
    if not once or name in LAST_TWO:
        step = None if step else step  # what is smooth stays so
    metric = next((metric for metric, _ in sorted(main.reads)), main.events.metric if main.events else "it")
    sure = main.every is not None and window is not None and main.every <= window and name not in LAST_TWO
    return Quantity(
        power=0 if name in PER_SECOND else -1,
        time=time,
        per=per,
        pace="own",
        step=step,
        events=Events(metric=metric, window=window, sure=sure),
        every=main.every,
        why=main.why,
        buckets=main.buckets,
    )


def _predicted(main: Quantity) -> Quantity:
    if main.power is None or paced_by_lab("predict_linear", main):
        return main
    raise Refused(
        f"predict_linear() looks ahead in a lab's time, and {_names(main)} changes at its own pace;"
        f" declare in"
        f" {PACE_FILE} that the lab paces it, if it does, or play it with --speed 1"
    )


def _spread_over_time(name: str, main: Quantity, quantities: Sequence[Quantity]) -> Quantity:
    if main.power is None:
        return main
    if not paced_by_lab(name, main):
        raise Refused(
            f"{name}() measures how much {_names(main)} changes in a window, which in a shorter one is"
            f" less for"
            f" what keeps its own pace; declare in {PACE_FILE} that the lab paces it, if it does"
        )
    return _of_values(name, quantities) if name == "stdvar_over_time" else spread(main)


def _names(quantity: Quantity) -> str:
    return ", ".join(sorted({metric for metric, _ in quantity.reads})) or "what it reads"


def _of_values(name: str, quantities: Sequence[Quantity]) -> Quantity:
    """Return what a function we know nothing of gives: for values that are the same, the same."""
    if all(one.power == 0 and not one.clock and not one.instant for one in quantities):
        main = quantities[0]
        events = msgspec.structs.replace(main.events, rest=None) if main.events else None
        return Quantity(pace=main.pace, events=events, constant=main.constant, reads=main.reads)
    why = next((one.why for one in quantities if one.why), "")
    doubt = unknown(
        f"{name}() is taken of what the speed changes"
        + (f" ({why})" if why else "")
        + f"; compare what stands in {name}(), or play it with --speed 1"
    )
    return msgspec.structs.replace(doubt, pace=quantities[0].pace)


def _of_quantile(main: Quantity) -> Quantity:
    """Return what a quantile measures: what its buckets are of, and no longer how many fell into them."""
    if main.power is None:
        return main
    if why := main.buckets or (main.why if main.time else ""):
        return Quantity(time=1, pace=main.pace, why=why)
    return Quantity(pace=main.pace)
