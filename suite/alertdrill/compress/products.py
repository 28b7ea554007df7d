"""Products, ratios and powers of quantities, and of numbers."""

import math
import operator
from collections.abc import Callable

import msgspec

from alertdrill.compress.quantity import Events, Quantity, joined, unknown

NUMBERS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": math.fmod,
    "^": math.pow,
}


def number(name: str, left: float | None, right: float | None) -> float | None:
    """Return what two known numbers give, None where that is not known here."""
    if left is None or right is None or name not in NUMBERS:
        return None
    try:
        return float(NUMBERS[name](left, right))
    except (ArithmeticError, ValueError):  # PromQL has an answer, and nobody compares with it
        return None


def negated(quantity: Quantity, value: float | None) -> Quantity:
    """Return a quantity with its sign turned."""
    events = quantity.events
    if events is not None and events.rest is not None:
        events = msgspec.structs.replace(events, rest=-events.rest)
    turned = -value if value is not None and quantity.constant else None
    return msgspec.structs.replace(quantity, number=turned, events=events)


def product(left: Quantity, right: Quantity, sign: int) -> Quantity:
    """Return a product, or with a negative sign a ratio."""
    if left.instant or right.instant:
        return unknown(
            "it multiplies a point in time, and no clock runs faster in a lab; play it with --speed 1"
        )
    if left.power is None or right.power is None:
        return unknown(left.why if left.power is None else right.why)
    return Quantity(
        power=left.power + sign * right.power,
        time=left.time + sign * right.time,
        per=left.per + sign * right.per,
        constant=left.constant and right.constant,
        pace=joined(left.pace, right.pace),
        step=_step(left, right, sign),
        events=_events(left, right, sign),
        reads=left.reads | right.reads,
        every=left.every if right.constant else right.every if left.constant else None,
        buckets=left.buckets or right.buckets,
        why=left.why or right.why,
    )


def power(base: Quantity, exponent: Quantity) -> Quantity:
    """Return a power; of what the speed changes nothing is known."""
    if base.constant and exponent.constant:
        return Quantity(constant=True)
    if all(
        one.power == 0 and not one.clock and not one.instant and not one.events for one in (base, exponent)
    ):
        return Quantity(pace=joined(base.pace, exponent.pace), reads=base.reads | exponent.reads)
    return unknown("it is a power of what the speed changes; compare what stands below the `^`")


def _step(left: Quantity, right: Quantity, sign: int) -> float | None:
    """Return by how much one event changes a product."""
    if right.constant and left.step is not None and right.number:
        return left.step * abs(right.number) ** sign
    if left.constant and sign == 1 and right.step is not None and left.number is not None:
        return right.step * abs(left.number)
    counted = [one for one in (left, right) if one.events]
    is_ratio = len(counted) == 2 and sign == -1  # noqa: PLR2004  # of one kind: a level, whatever the pace
    return 0.0 if is_ratio or (counted and all(one.step == 0 for one in counted)) else None


def _events(left: Quantity, right: Quantity, sign: int) -> Events | None:
    """Return what a product owes to events: it is zero where its counted factor is."""
    events = left.events or right.events
    if events is None:
        return None
    if right.constant or left.constant:
        other = right if right.constant else left
        below = left.constant and sign == -1  # a number divided by what is counted
        known = not below and other.number is not None and events.rest is not None
        scale = (other.number or 0.0) if sign == 1 or not other.number else 1 / other.number
        return msgspec.structs.replace(events, rest=(events.rest or 0.0) * scale if known else None)
    rest = 0.0 if left.events and left.events.rest == 0 else None
    if sign == 1 and right.events and right.events.rest == 0:
        rest = 0.0
    return msgspec.structs.replace(events, rest=rest, sure=events.sure and sign == -1)
