"""Two operands and an operator: what the result measures, and which number must be scaled to fit."""

import promql_parser as library

from alertdrill.compress import functions, printer
from alertdrill.compress.quantity import NUMBER, Quantity, unknown
from alertdrill.model import Value

COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
SECONDS = "it counts in seconds, and neither the clock nor Kubernetes' own timers run faster"


class Refused(Exception):  # noqa: N818  # a finding about a rule, not a fault
    """Why an expression can't be scaled."""


class Scaled(Value, frozen=True, kw_only=True):
    """An expression for a live run, and what it measures."""

    text: str
    quantity: Quantity


def combine(node: library.BinaryExpr, left: Scaled, right: Scaled, speed: float) -> Scaled:
    """Return a binary operation between operands that are already scaled."""
    operator = str(node.op)
    one, other = left.text, right.text
    match operator:
        case "and" | "unless":
            quantity = left.quantity
        case "or":
            try:
                one, other, quantity = fit(left, right, speed)
            except Refused as why:
                quantity = unknown(str(why))
        case "*" | "/":
            quantity = _product(left.quantity, right.quantity, 1 if operator == "*" else -1)
        case "^":
            quantity = _power(left.quantity, right)
        case _ if left.quantity.instant or right.quantity.instant:
            quantity = _instants(operator, left.quantity, right.quantity)
        case _:
            one, other, quantity = fit(left, right, speed, inside=operator == "%")
    if operator == "atan2" or (node.modifier is not None and node.modifier.return_bool):
        quantity = Quantity(constant=quantity.constant)
    elif operator not in COMPARISONS and operator not in {"and", "unless"}:
        quantity = functions.spread(quantity) if not quantity.instant else quantity
    return Scaled(text=printer.binary(node, one, other), quantity=quantity)


def fit(left: Scaled, right: Scaled, speed: float, *, inside: bool = False) -> tuple[str, str, Quantity]:
    """Return both texts such that they measure alike, and what; raises Refused where they can't.

    `inside`: what is scaled stands beside an operator that binds as `*` does.
    """
    one, other = left.quantity, right.quantity
    if one.constant and other.constant:
        return left.text, right.text, Quantity(constant=True, zero=one.zero and other.zero)
    if one.constant:
        return _fitted(left, other, speed, inside=inside), right.text, other
    if other.constant:
        return left.text, _fitted(right, one, speed, inside=inside), one
    if one.power is None or other.power is None:
        raise Refused(one.why if one.power is None else other.why)
    if one.power != other.power or one.instant != other.instant:
        raise Refused(
            f"the speed changes `{left.text}` and `{right.text}` differently, so they can't be compared"
        )
    return left.text, right.text, one


def _fitted(constant: Scaled, other: Quantity, speed: float, *, inside: bool) -> str:
    """Return the constant as large as what it is compared with."""
    if constant.quantity.zero and other.own_pace:
        raise Refused(f"a shorter window holds less of what the drill does not pace ({other.why})")
    if constant.quantity.zero or (other.power == 0 and not other.instant):
        return constant.text
    if other.power is None:
        raise Refused(other.why)
    if other.power < 0 or other.instant:
        raise Refused(f"{SECONDS} ({other.why})" if other.why else SECONDS)
    text = printer.times(constant.text, speed**other.power)
    return printer.grouped(text) if inside and text != constant.text else text


def _product(left: Quantity, right: Quantity, sign: int) -> Quantity:
    if left.instant or right.instant:
        return unknown(SECONDS)
    if left.power is None or right.power is None:
        return unknown(left.why if left.power is None else right.why)
    return Quantity(
        power=left.power + sign * right.power,
        constant=left.constant and right.constant,
        zero=left.zero and right.constant,
        why=left.why or right.why,
    )


def _power(base: Quantity, exponent: Scaled) -> Quantity:
    if base.constant and exponent.quantity.constant:
        return Quantity(constant=True)
    if base.power == 0 and exponent.quantity.power == 0 and not base.instant:
        return NUMBER
    return unknown("a power of a quantity that the speed changes")


def _instants(operator: str, left: Quantity, right: Quantity) -> Quantity:
    """Return what comes of a point in time and something else."""
    alike = all(one.instant or (one.plain and one.power == 0) for one in (left, right))
    if operator in COMPARISONS and (alike or left.zero or right.zero):
        return left
    if operator == "-" and alike:
        return Quantity(power=-1, why="a time between two moments is in seconds of the clock")
    raise Refused(SECONDS)
