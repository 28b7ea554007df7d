"""One expression x k → the expression for a live run; what can't be scaled is a Refused with a reason.

Durations shrink by k. A number that is compared with, or added to, something that k makes larger is scaled
to fit, by the powers of quantity.py.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

import msgspec
import promql_parser as library

from alertdrill import durations
from alertdrill.compress import arithmetic, functions, printer, products
from alertdrill.compress.metrics import of_metric, own_pace
from alertdrill.compress.quantity import NUMBER, Meaning, Quantity, Refused, Scaled
from alertdrill.errors import UsageError
from alertdrill.model import Claim
from alertdrill.rules import promql

RANGES = library.MatrixSelector | library.SubqueryExpr


def scale(expression: str, speed: float, metric: Callable[[str], Meaning] = of_metric) -> Scaled:
    """Return the expression for a run at `speed`; `metric` tells what a series of a name measures."""
    return Scaler(speed, metric).scale(read(expression))


def read(expression: str) -> promql.Expr:
    """Return an expression's tree; what only Prometheus can read is refused."""
    try:
        return promql.parse(expression)
    except UsageError as why:
        raise Refused(str(why)) from why


def duration(seconds: float, speed: float) -> str:
    """Return a duration shrunk to whole milliseconds, as text; one that would vanish is Refused."""
    shrunk = round(abs(seconds) * 1000 / speed) / 1000
    if seconds and not shrunk:
        raise Refused(
            f"the duration {durations.text(abs(seconds))} would become less than a millisecond; use a"
            f" lower speed"
        )
    return ("-" if seconds < 0 else "") + durations.text(shrunk)


class Scaler:
    """Scales trees for one speed; `claims` is on what its result rests, by metric."""

    def __init__(self, speed: float, metric: Callable[[str], Meaning]) -> None:
        self.speed = float(speed)
        self.metric = metric
        self.claims: dict[str, Claim] = {}

    def scale(self, node: promql.Expr) -> Scaled:
        """Scale any node, its children first."""
        text, quantity = self._scaled(node)
        return Scaled(text=text, quantity=quantity, original=node)

    def _scaled(self, node: promql.Expr) -> tuple[str, Quantity]:  # noqa: PLR0911  # one for each kind of node
        match node:
            case library.NumberLiteral():
                return printer.number(node.val), Quantity(constant=True, number=node.val)
            case library.ParenExpr():
                inner = self.scale(node.expr)
                return f"({inner.text})", inner.quantity
            case library.UnaryExpr():
                return self._negated(node)
            case library.VectorSelector():
                return self._selector(node, "")
            case library.MatrixSelector():
                return self._selector(node.vector_selector, f"[{self._duration(node.range)}]")
            case library.SubqueryExpr():
                return self._subquery(node)
            case library.Call():
                return self._call(node)
            case library.AggregateExpr():
                return self._aggregate(node)
            case library.BinaryExpr():
                left, right = self.scale(node.lhs), self.scale(node.rhs)
                return arithmetic.combine(node, left, right, self.speed)
        return node.prettify(), NUMBER  # a text, as label_replace() takes

    def _negated(self, node: library.UnaryExpr) -> tuple[str, Quantity]:
        inner = self.scale(node.expr)
        return f"-{inner.text}", products.negated(functions.spread(inner.quantity), inner.quantity.number)

    def _selector(self, node: library.VectorSelector, window: str) -> tuple[str, Quantity]:
        place = self._place(node)
        meaning = self.metric(promql.metric(node))
        for claim in meaning.claims:
            self.claims.setdefault(claim.metric, claim)
        return f"{promql.bare(node)}{window}{place}", _at(meaning.quantity, place)

    def _subquery(self, node: library.SubqueryExpr) -> tuple[str, Quantity]:
        inner, place = self.scale(node.expr), self._place(node)
        step = self._duration(node.step) if node.step is not None else ""
        assert node.range is not None, "a subquery has a range"
        return f"{inner.text}[{self._duration(node.range)}:{step}]{place}", _at(inner.quantity, place)

    def _place(self, node: library.VectorSelector | library.SubqueryExpr) -> str:
        """Return `@` and `offset`, scaled."""
        if node.at is not None and node.at.type == library.AtModifierType.At:
            raise Refused(
                "`@` with a time of its own points at a moment that no drill will see; play it with --speed 1"
            )
        offset = f" offset {self._duration(node.offset)}" if node.offset is not None else ""
        return printer.at(node.at) + offset

    def _duration(self, delta: timedelta) -> str:
        return duration(delta.total_seconds(), self.speed)

    def _call(self, node: library.Call) -> tuple[str, Quantity]:
        name = node.func.name
        if name in functions.CALENDAR:
            raise Refused(
                f"{name}() reads the calendar, and the calendar can't be made faster; play it with --speed 1"
            )
        arguments = [self.scale(argument) for argument in node.args]
        texts = [argument.text for argument in arguments]
        if name == "predict_linear":
            if not arguments[1].quantity.constant:
                raise Refused(
                    "the second argument of predict_linear() is in seconds, and not a number; write a number"
                )
            texts[1] = printer.scaled(texts[1], self.speed, -1)
        if name.startswith("clamp"):
            fitted = [arithmetic.fit(arguments[0], limit, self.speed) for limit in arguments[1:]]
            texts[1:] = [limit for _, limit, _ in fitted]
        if name in functions.DIFFERENTIATING:
            self._claim_pace(arguments[0].quantity)
        quantities = [argument.quantity for argument in arguments]
        quantity = functions.of_call(name, quantities, self._window(node.args))
        return f"{name}({', '.join(texts)})", quantity

    def _claim_pace(self, quantity: Quantity) -> None:
        """Note that a rule rests on the pace of what it reads, no longer on its level alone."""
        for metric, _ in quantity.reads:
            if metric in self.claims:
                self.claims[metric] = own_pace(self.claims[metric])

    def _window(self, arguments: Sequence[promql.Expr]) -> float | None:
        """Return the seconds of a range among the arguments, as a lab has it."""
        for argument in arguments:
            while isinstance(argument, library.ParenExpr):
                argument = argument.expr  # noqa: PLW2901  # what stands in the parentheses
            if isinstance(argument, RANGES) and argument.range is not None:
                return argument.range.total_seconds() / self.speed
        return None

    def _aggregate(self, node: library.AggregateExpr) -> tuple[str, Quantity]:
        inner = self.scale(node.expr)
        texts = [inner.text]
        if node.param is not None:
            param = self.scale(node.param)
            if param.quantity.power != 0 or param.quantity.clock or param.quantity.instant:
                raise Refused(f"the parameter of {node.op} is what the speed changes; write a number")
            texts.insert(0, param.text)
        if str(node.op) == "count_values" and (inner.quantity.power != 0 or inner.quantity.events):
            raise Refused(
                "count_values makes labels of values that the speed changes; count what is compared"
            )
        quantity = functions.of_aggregation(str(node.op), inner.quantity)
        return printer.aggregate(node, texts), quantity


def _at(quantity: Quantity, place: str) -> Quantity:
    """Return what a quantity reads as it is, at a place in time."""
    if not place:
        return quantity
    return msgspec.structs.replace(quantity, reads=functions.placed(quantity, place.strip()))
