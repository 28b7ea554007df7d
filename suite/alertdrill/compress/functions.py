"""What PromQL's functions and aggregations make of a quantity."""

from collections.abc import Sequence

import msgspec

from alertdrill.compress.quantity import DURATION, NOW, NUMBER, Quantity, unknown
from alertdrill.rules import promql

# fmt: off
CALENDAR = frozenset({
    "hour", "minute", "month", "year", "day_of_week", "day_of_month", "day_of_year", "days_in_month",
})
PER_SECOND = frozenset({"rate", "irate", "deriv"})
FIXED = {
    "time": NOW, "timestamp": NOW, "pi": Quantity(constant=True), "absent": NUMBER, "sgn": NUMBER,
    "absent_over_time": NUMBER, "present_over_time": NUMBER, "count_over_time": NUMBER,
    "changes": NUMBER, "resets": NUMBER,
}
KEEPING = frozenset({
    "avg_over_time", "min_over_time", "max_over_time", "last_over_time", "first_over_time",
    "quantile_over_time", "sort", "sort_desc", "sort_by_label", "sort_by_label_desc", "label_replace",
    "label_join", "scalar", "vector", "abs", "predict_linear", "clamp", "clamp_min", "clamp_max",
})
SPREADING = frozenset({  # keep the power, but are no point in time any more
    "increase", "delta", "idelta", "sum_over_time", "stddev_over_time", "mad_over_time",
    "double_exponential_smoothing",
})
KEEPING_AGGREGATIONS = frozenset({
    "avg", "min", "max", "topk", "bottomk", "quantile", "limitk", "limit_ratio",
})
SPREADING_AGGREGATIONS = frozenset({"sum", "stddev"})
COUNTING_AGGREGATIONS = frozenset({"count", "group", "count_values"})
# fmt: on
SECOND_ARGUMENT = frozenset({"quantile_over_time", "histogram_quantile"})


def of_call(name: str, arguments: Sequence[promql.Expr], quantities: Sequence[Quantity]) -> Quantity:
    """Return what a function's value measures, given what its arguments do."""
    if name in FIXED or not quantities:
        return FIXED.get(name, unknown(f"{name}() is not known here"))
    main = quantities[1 if name in SECOND_ARGUMENT else 0]
    if name in KEEPING:
        return main
    if name in SPREADING:
        return spread(main)
    if name in PER_SECOND:
        return shifted(spread(main), 1)
    return _of_quantile(arguments) if name == "histogram_quantile" else _of_values(name, quantities)


def of_aggregation(name: str, inner: Quantity) -> Quantity:
    """Return what an aggregation's value measures."""
    if name in KEEPING_AGGREGATIONS:
        return inner
    if name in SPREADING_AGGREGATIONS:
        return spread(inner)
    if name in COUNTING_AGGREGATIONS:
        return NUMBER
    return _of_values(name, [inner])


def shifted(quantity: Quantity, by: int) -> Quantity:
    """Return a quantity whose power is that much higher."""
    power = None if quantity.power is None else quantity.power + by
    return Quantity(power=power, why=quantity.why, own_pace=quantity.own_pace)


def spread(quantity: Quantity) -> Quantity:
    """Return a quantity that is no point in time and not a series as it is any more."""
    if quantity.instant:
        return unknown("arithmetic on points in time")
    return msgspec.structs.replace(quantity, plain=False)


def _of_values(name: str, quantities: Sequence[Quantity]) -> Quantity:
    """Return what a function we know nothing of gives: for values that are the same, the same."""
    if all(one.power == 0 and not one.instant for one in quantities):
        return NUMBER
    return unknown(f"{name}() of a quantity that the speed changes")


def _of_quantile(arguments: Sequence[promql.Expr]) -> Quantity:
    """Return what a quantile measures: what its buckets are of, and no longer how many fell into them."""
    for argument in arguments:
        for node in promql.walk(argument):
            if isinstance(node, promql.VectorSelector) and DURATION.search(
                promql.metric(node).removesuffix("_bucket")
            ):
                return Quantity(power=-1, why="a quantile of durations is in the program's own seconds")
    return NUMBER
