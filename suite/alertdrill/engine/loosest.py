"""Questions that differ in their threshold only: the answer to the loosest has all samples of the others.

It is written into the engine, which then has the others of it: Prometheus compares, far fewer samples. One
takes longer to be written than to be evaluated anew, so that pays where the loosest is seldom true and has
many others. Where it does not, each is asked as it is.
"""

import operator
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from typing import NamedTuple

import promql_parser as library

from alertdrill.engine import naming
from alertdrill.engine.engine import Engine
from alertdrill.engine.question import Question
from alertdrill.errors import LabError
from alertdrill.incident import Series
from alertdrill.rules import promql

OTHERS_MIN = 3
# What a sample costs, measured by bench.gate: to be written, and to be compared again.
WRITE_SECONDS, COMPARE_SECONDS = 3e-6, 0.5e-6
RISING, FALLING, OR_EQUAL = frozenset({">", ">="}), frozenset({"<", "<="}), frozenset({">=", "<="})
# As exact in Python as in Go, so that the loosest is that for Prometheus, too.
EXACT = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
NAME, OF = "loosest:", "of"  # what is written is called so, and has the number of its series for a label
NUMBERS = count()


class Compared(NamedTuple):
    """A question taken apart: what is compared, how, and with which number, as text and as it is."""

    left: str
    op: str
    threshold: str
    number: float

    @property
    def looseness(self) -> tuple[float, bool]:
        """Return what is smallest for the loosest of those alike."""
        return (self.number if self.op in RISING else -self.number), self.op not in OR_EQUAL


class Loosest:
    """The loosest of questions that differ in their threshold; each may be answered from any thread."""

    def __init__(self, those: dict[Question, Compared]) -> None:
        self._compared = those
        self._question, _ = min(those.items(), key=lambda one: one[1].looseness)
        self._first = threading.Lock()  # is never given back
        self._name = ""  # under which it is written, if it is
        self._labels: list[dict[str, str]] = []

    def answer(self, question: Question, engine: Engine) -> list[Series]:
        """Return the answer to one of them."""
        if self._first.acquire(blocking=False):  # who comes meanwhile does not wait
            with suppress(LabError):  # whatever is the matter, each says it of its own question
                self._name = self._written(engine)
        if not self._name:
            return question.ask(engine)
        mine = self._compared[question]
        # A sample stands where it was evaluated, and is nobody else's.
        there = question._replace(
            promql=f'{{__name__="{self._name}"}} {mine.op} {mine.threshold}', lookback=question.step / 2
        )
        return [
            Series(labels=self._labels[int(one.labels[OF])], timestamps=one.timestamps, values=one.values)
            for one in there.ask(engine)
        ]

    def _written(self, engine: Engine) -> str:
        begun = time.monotonic()
        found = self._question.ask(engine)
        seconds = time.monotonic() - begun
        many = sum(len(one.timestamps) for one in found)
        if (len(self._compared) - 1) * (seconds - many * COMPARE_SECONDS) < many * WRITE_SECONDS:
            return ""
        name = f"{NAME}{next(NUMBERS)}"
        self._labels = [one.labels for one in found]
        engine.write(
            Series(labels={"__name__": name, OF: str(number)}, timestamps=one.timestamps, values=one.values)
            for number, one in enumerate(found)
        )
        return name


def shared(questions: Sequence[Question]) -> dict[Question, Loosest]:
    """Return for each question that has enough others like it what they share."""
    if any(naming.by_pattern(one.promql, {f"{NAME}0"}) for one in questions):
        return {}  # it would find what is written, too
    alike: dict[tuple[object, ...], dict[Question, Compared]] = {}
    for one in questions:
        if compared := _compared(one.promql):
            alike.setdefault((compared.left, compared.op in RISING, *one[1:]), {})[one] = compared
    return {
        one: loosest
        for those in alike.values()
        if len(those) > OTHERS_MIN
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
    return Compared(promql.text(node.lhs), str(node.op), promql.text(node.rhs), number)


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
