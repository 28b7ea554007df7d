"""One expression x k → the expression for a live run; what can't be scaled is a Refused with a reason.

Durations shrink by k. A number that is compared with, or added to, something that k makes larger is scaled
to fit, by the powers of quantity.py.
"""

import math
from collections.abc import Callable
from datetime import timedelta

import promql_parser as library

from alertdrill import durations
from alertdrill.compress import arithmetic, functions, printer
from alertdrill.compress.arithmetic import Refused, Scaled
from alertdrill.compress.quantity import NUMBER, Quantity, of_metric
from alertdrill.errors import UsageError
from alertdrill.rules import promql


def scale(expression: str, speed: float, metric: Callable[[str], Quantity] = of_metric) -> Scaled:
    """Return the expression for a run at `speed`; `metric` tells what a series of a name measures."""
    try:
        tree = promql.parse(expression)
    except UsageError as why:
        raise Refused(str(why)) from why
    return Scaler(speed, metric).scale(tree)


def duration(seconds: float, speed: float) -> str:
    """Return a duration shrunk to whole milliseconds, as text; one that would vanish is Refused."""
    shrunk = round(abs(seconds) * 1000 / speed) / 1000
    if seconds and not shrunk:
        raise Refused(f"the duration {durations.text(abs(seconds))} would become less than a millisecond")
    return ("-" if seconds < 0 else "") + durations.text(shrunk)


class Scaler:
    """Scales trees for one speed."""

    def __init__(self, speed: float, metric: Callable[[str], Quantity]) -> None:
        self.speed = float(speed)
        self.metric = metric

    def scale(self, node: promql.Expr) -> Scaled:  # noqa: PLR0911  # one for each kind of node
        """Scale any node, its children first."""
        match node:
            case library.NumberLiteral():
                zero = node.val == 0 or not math.isfinite(node.val)
                return Scaled(text=printer.number(node.val), quantity=Quantity(constant=True, zero=zero))
            case library.ParenExpr():
                inner = self.scale(node.expr)
                return Scaled(text=f"({inner.text})", quantity=inner.quantity)
            case library.UnaryExpr():
                inner = self.scale(node.expr)
                return Scaled(text=f"-{inner.text}", quantity=functions.spread(inner.quantity))
            case library.VectorSelector():
                return self._selector(node, "")
            case library.MatrixSelector():
                return self._selector(node.vector_selector, f"[{self._duration(node.range)}]")
            case library.SubqueryExpr():
                inner = self.scale(node.expr)
                step = self._duration(node.step) if node.step is not None else ""
                window = f"[{self._duration(node.range)}:{step}]" if node.range is not None else ""
                text = f"{inner.text}{window}{self._place(node)}"
                return Scaled(text=text, quantity=inner.quantity)
            case library.Call():
                return self._call(node)
            case library.AggregateExpr():
                return self._aggregate(node)
            case library.BinaryExpr():
                left, right = self.scale(node.lhs), self.scale(node.rhs)
                return arithmetic.combine(node, left, right, self.speed)
        return Scaled(text=node.prettify(), quantity=NUMBER)  # a text, as label_replace() takes

    def _selector(self, node: library.VectorSelector, window: str) -> Scaled:
        quantity = self.metric(promql.metric(node))
        return Scaled(text=f"{promql.bare(node)}{window}{self._place(node)}", quantity=quantity)

    def _place(self, node: library.VectorSelector | library.SubqueryExpr) -> str:
        """Return `@` and `offset`, scaled."""
        if node.at is not None and node.at.type == library.AtModifierType.At:
            raise Refused("`@` with a time of its own points at a moment that no drill will see")
        offset = f" offset {self._duration(node.offset)}" if node.offset is not None else ""
        return printer.at(node.at) + offset

    def _duration(self, delta: timedelta) -> str:
        return duration(delta.total_seconds(), self.speed)

    def _call(self, node: library.Call) -> Scaled:
        name = node.func.name
        if name in functions.CALENDAR:
            raise Refused(f"{name}() reads the calendar, and the calendar can't be made faster")
        arguments = [self.scale(argument) for argument in node.args]
        texts = [argument.text for argument in arguments]
        if name == "predict_linear":
            if not arguments[1].quantity.constant:
                raise Refused("the second argument of predict_linear() is in seconds, and not a number")
            texts[1] = printer.times(texts[1], 1 / self.speed)
        if name.startswith("clamp"):
            fitted = [arithmetic.fit(arguments[0], limit, self.speed) for limit in arguments[1:]]
            texts[1:] = [limit for _, limit, _ in fitted]
        quantity = functions.of_call(name, node.args, [argument.quantity for argument in arguments])
        return Scaled(text=f"{name}({', '.join(texts)})", quantity=quantity)

    def _aggregate(self, node: library.AggregateExpr) -> Scaled:
        inner = self.scale(node.expr)
        texts = [inner.text]
        if node.param is not None:
            param = self.scale(node.param)
            if param.quantity.power != 0 or param.quantity.instant:
                raise Refused(f"the parameter of {node.op} is a quantity that the speed changes")
            texts.insert(0, param.text)
        if str(node.op) == "count_values" and inner.quantity.power != 0:
            raise Refused("count_values makes labels of values that the speed changes")
        quantity = functions.of_aggregation(str(node.op), inner.quantity)
        return Scaled(text=printer.aggregate(node, texts), quantity=quantity)
