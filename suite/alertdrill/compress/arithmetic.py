"""Two operands and an operator: what the result measures, and which number must be scaled to fit."""

import math

import msgspec
import promql_parser as library

from alertdrill.compress import functions, own_pace, printer, products
from alertdrill.compress.quantity import Quantity, Refused, Scaled, joined, unknown
from alertdrill.rules.pace import NAME as PACE_FILE

COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
SETS = frozenset({"and", "unless"})
ELAPSED = Quantity(power=-1, time=1, why="it is a time between two moments")
TIMES_OF_ITS_OWN = COMPARISONS | {"-", "/"}  # beside these a series meets itself at another time as another


def combine(  # noqa: C901, PLR0912  # one for each kind of operator
    node: library.BinaryExpr, left: Scaled, right: Scaled, speed: float
) -> tuple[str, Quantity]:
    """Return a binary operation between operands that are already scaled."""
    operator = str(node.op)
    one, other = left.text, right.text
    if operator in TIMES_OF_ITS_OWN:
        own_pace.check_times(left, right)
    match operator:
        case "and" | "unless":
            quantity = left.quantity
        case "or":
            try:
                one, other, quantity = fit(left, right, speed)
                quantity = _resting(quantity, _either(*_rests(left.quantity, right.quantity, speed)))
            except Refused as why:
                quantity = unknown(str(why))
        case "*" | "/":
            quantity = products.product(left.quantity, right.quantity, 1 if operator == "*" else -1)
        case "^":
            quantity = products.power(left.quantity, right.quantity)
        case _ if left.quantity.instant or right.quantity.instant:
            quantity = _instants(operator, left, right)
        case "-" if _may_be_moments(left.quantity, right.quantity):
            quantity = ELAPSED
        case _:
            one, other, quantity = fit(left, right, speed, inside=operator == "%")
            if operator in COMPARISONS:
                own_pace.check_comparison(operator, left, right, speed)
                quantity = right.quantity if left.quantity.constant else left.quantity
            else:
                quantity = _resting(quantity, _sum(operator, *_rests(left.quantity, right.quantity, speed)))
    if operator == "atan2" or (node.modifier is not None and node.modifier.return_bool):
        quantity = Quantity(constant=quantity.constant, pace=quantity.pace)
    elif operator not in COMPARISONS and operator not in SETS:
        quantity = quantity if quantity.instant else functions.spread(quantity)
        number = products.number(operator, left.quantity.number, right.quantity.number)
        quantity = msgspec.structs.replace(quantity, number=number if quantity.constant else None)
    return printer.binary(node, one, other), quantity


def fit(left: Scaled, right: Scaled, speed: float, *, inside: bool = False) -> tuple[str, str, Quantity]:
    """Return both texts such that they measure alike, and what; raises Refused where they can't.

    `inside`: what is scaled stands beside an operator that binds as `*` does.
    """
    one, other = left.quantity, right.quantity
    if one.constant and other.constant:
        return left.text, right.text, Quantity(constant=True)
    if one.constant:
        return _fitted(left, right, speed, inside=inside), right.text, other
    if other.constant:
        return left.text, _fitted(right, left, speed, inside=inside), one
    for measured in (one, other):
        if measured.power is None:
            raise Refused(measured.why)
    if one.power != other.power or one.instant != other.instant or one.clock != other.clock:
        whys = "; ".join(dict.fromkeys(measured.why for measured in (one, other) if measured.why))
        raise Refused(
            f"a lab changes `{left.written}` and `{right.written}` differently, so they can't be compared"
            + (f" ({whys})" if whys else "")
            + "; compare what is paced alike, or play it with --speed 1"
        )
    return left.text, right.text, _merged(one, other)


def _fitted(constant: Scaled, measured: Scaled, speed: float, *, inside: bool) -> str:
    """Return the constant as large as what it is compared with."""
    other = measured.quantity
    still = is_still(constant.quantity.number)
    if other.power is None:
        if still and other.pace == "lab":
            return constant.text
        raise Refused(other.why)
    if still or (other.power == 0 and not other.clock and not other.instant):
        return constant.text
    if other.clock or other.instant:
        if other.why == ELAPSED.why or other.instant:
            remedy = "play it with --speed 1"
        else:
            remedy = f"play it with --speed 1, or declare in {PACE_FILE} what it is, if a name misleads"
        raise Refused(
            f"`{measured.written}` is in seconds ({other.why}), and no clock runs faster in a lab; {remedy}"
        )
    text = printer.scaled(constant.text, speed, other.power)
    return printer.grouped(text) if inside and text != constant.text else text


def is_still(number: float | None) -> bool:
    """Say whether a number is the same at any scale."""
    return number is not None and (number == 0 or not math.isfinite(number))


def _rests(left: Quantity, right: Quantity, speed: float) -> tuple[float | None, float | None]:
    """Return what both sides are where nothing is counted, as far as that can be told."""
    return _rest(left, right.power, speed), _rest(right, left.power, speed)


def _rest(quantity: Quantity, power: int | None, speed: float) -> float | None:
    if quantity.constant:
        return None if quantity.number is None else quantity.number * speed ** (power or 0)
    return quantity.events.rest if quantity.events else None


def _sum(operator: str, left: float | None, right: float | None) -> float | None:
    if left is None or right is None or operator not in {"+", "-"}:
        return None
    return left + right if operator == "+" else left - right


def _either(left: float | None, right: float | None) -> float | None:
    return left if left == right else None


def _resting(quantity: Quantity, rest: float | None) -> Quantity:
    if quantity.events is None:
        return quantity
    return msgspec.structs.replace(quantity, events=msgspec.structs.replace(quantity.events, rest=rest))


def _merged(one: Quantity, other: Quantity) -> Quantity:
    """Return what two alike quantities are together, added or side by side."""
    steps = one.step, other.step
    events = one.events or other.events
    if one.events and other.events:
        windows = one.events.window, other.events.window
        events = msgspec.structs.replace(
            one.events,
            window=None if None in windows else min(w for w in windows if w is not None),
            sure=one.events.sure and other.events.sure,
        )
    return msgspec.structs.replace(
        one,
        pace=joined(one.pace, other.pace),
        step=None if None in steps else max(step for step in steps if step is not None),
        events=events,
        reads=one.reads | other.reads,
        every=max(one.every, other.every) if one.every is not None and other.every is not None else None,
        buckets=one.buckets or other.buckets,
        why=one.why or other.why,
    )


def _may_be_moments(left: Quantity, right: Quantity) -> bool:
    """Say whether one series less another may be a time between two points in time."""
    timely = all(one.plain and one.time == 1 and not one.per for one in (left, right))
    return timely and (left.moment or right.moment)


def _instants(operator: str, left: Scaled, right: Scaled) -> Quantity:
    """Return what comes of a point in time and something else."""
    sides = left.quantity, right.quantity
    alike = all(one.instant or (one.plain and one.power == 0) for one in sides)
    if operator in COMPARISONS and (alike or any(is_still(one.number) for one in sides)):
        return left.quantity
    if operator == "-" and alike:
        return ELAPSED
    raise Refused(
        f"`{left.written} {operator} {right.written}` is a sum with the clock, and no clock runs faster"
        f" in a lab;"
        " compare moments with moments, or play it with --speed 1"
    )
