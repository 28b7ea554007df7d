"""Questions that differ in their threshold only: the answer to the loosest has all samples of the others.

Prometheus is asked the loosest alone; of its answer the others keep what is beyond their threshold. Two
numbers compare in Python as they do in Go, and nothing else of PromQL is done here: asked for each of them,
Prometheus would send the same samples over and over, which takes nearly twice as long.
"""

import operator
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import compress
from typing import NamedTuple

import promql_parser as library

from alertdrill.engine.engine import Engine
from alertdrill.engine.question import Question
from alertdrill.errors import LabError
from alertdrill.incident import Series
from alertdrill.rules import promql

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
RISING, FALLING, OR_EQUAL = frozenset({">", ">="}), frozenset({"<", "<="}), frozenset({">=", "<="})
# As exact in Python as in Go, so that a threshold is the number that it is for Prometheus.
EXACT = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}


class Compared(NamedTuple):
    """A question taken apart: what is compared, how, and with which number."""

    left: str
    op: str
    number: float

    @property
    def looseness(self) -> tuple[float, bool]:
        """Return what is smallest for the loosest of those alike."""
        return (self.number if self.op in RISING else -self.number), self.op not in OR_EQUAL

    def kept(self, series: Series) -> Series | None:
        """Return what of a series is beyond the threshold, None where nothing is."""
        compare, number = COMPARISONS[self.op], self.number
        beyond = [value != "stale" and compare(value, number) for value in series.values]
        if all(beyond):
            return series
        times = tuple(compress(series.timestamps, beyond))
        values = tuple(compress(series.values, beyond))
        return Series(labels=series.labels, timestamps=times, values=values) if times else None


class Loosest:
    """The loosest of questions that differ in their threshold; each may be answered, from any thread.

    What was found is let go once each had its answer: who comes again asks its own question.
    """

    def __init__(self, those: dict[Question, Compared]) -> None:
        self._compared = those
        self._left = set(those)
        self._question, _ = min(those.items(), key=lambda one: one[1].looseness)
        self._asking = threading.Lock()
        self._asked = False
        self._found: list[Series] | None = None

    def answer(self, question: Question, engine: Engine) -> list[Series]:
        """Return the answer to one of them; what can't be asked is a LabError."""
        with self._asking:
            if not self._asked:
                self._asked = True
                with suppress(LabError):  # whatever is the matter, each says it of its own question
                    self._found = self._question.ask(engine)
            found, compared = self._found, self._compared[question]
            self._left.discard(question)
            if not self._left:
                self._found = None  # it may be large, and has served
        if found is None:
            return question.ask(engine)
        return [series for one in found if (series := compared.kept(one)) is not None]


def shared(questions: Sequence[Question]) -> dict[Question, Loosest]:
    """Return for each question that has others like it what they share."""
    alike: dict[tuple[object, ...], dict[Question, Compared]] = {}
    for one in questions:
        if compared := _compared(one.promql):
            alike.setdefault((compared.left, compared.op in RISING, *one[1:]), {})[one] = compared
    return {
        one: loosest
        for those in alike.values()
        if len(those) > 1
        for loosest in [Loosest(those)]
        for one in those
    }


def _compared(text: str) -> Compared | None:
    """Return what a question compares with a number, None where it does something else."""
    node = promql.comparison(text, RISING | FALLING)
    if node is None:
        return None
    number = _number(node.rhs)
    if number is None or number != number or _number(node.lhs) is not None:  # noqa: PLR0124  # NaN
        return None
    if node.modifier is not None and node.modifier.return_bool:
        return None
    return Compared(promql.text(node.lhs), str(node.op), number)


def _number(node: promql.Expr) -> float | None:
    match node:
        case library.NumberLiteral():
            return float(node.val)
        case library.ParenExpr():
            return _number(node.expr)
        case library.BinaryExpr():
            left, right = _number(node.lhs), _number(node.rhs)
            if left is None or right is None or str(node.op) not in EXACT:
                return None
            try:
                return float(EXACT[str(node.op)](left, right))
            except ZeroDivisionError:
                return None
    return None
