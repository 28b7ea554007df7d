"""Questions asked before their answers are wanted: the engine works on one core while we read on another.

What is wanted several times, as by an alert's warning and its page, is asked once; of what differs in a
threshold only most is asked of the answer to the loosest.
"""

import threading
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from types import TracebackType
from typing import Self

from alertdrill.engine import loosest
from alertdrill.engine.engine import Engine
from alertdrill.engine.question import Question
from alertdrill.incident import Series

AT_ONCE = 2
AHEAD_MAX = 3  # answers that wait to be wanted; each may be large


class Ahead:
    """Answers questions; those that were told beforehand, in their order, sooner.

    `wanted` are all that will come, as often as they will, for answers to be kept as long as they are of use.
    """

    def __init__(self, engine: Engine, questions: Iterable[Question], wanted: Iterable[Question]) -> None:
        self._engine = engine
        self._coming = iter(dict.fromkeys(questions))
        self._wanted = Counter(wanted)
        self._shared = loosest.shared(list(self._wanted))
        self._asked: dict[Question, Future[list[Series]]] = {}
        self._kept: dict[Question, list[Series]] = {}
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._own = threading.local()

    def __enter__(self) -> Self:
        """Begin to ask."""
        self._go_on()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Ask nothing more."""
        self._pool.shutdown(cancel_futures=True)

    def answer(self, question: Question) -> list[Series]:
        """Return the answer; what can't be asked is a LabError."""
        if (found := self._kept.pop(question, None)) is None:
            asked = self._asked.pop(question, None)
            self._go_on()
            found = self._ask(question, self._engine) if asked is None else asked.result()
        self._wanted[question] -= 1
        if self._wanted[question] > 0:
            self._kept[question] = found
        return found

    def _go_on(self) -> None:
        for question in islice(self._coming, AHEAD_MAX - len(self._asked)):
            self._asked[question] = self._pool.submit(self._in_thread, question)

    def _in_thread(self, question: Question) -> list[Series]:
        if not hasattr(self._own, "engine"):  # one is not shared between threads
            self._own.engine = Engine(self._engine.url, self._engine.folder)
        return self._ask(question, self._own.engine)

    def _ask(self, question: Question, engine: Engine) -> list[Series]:
        shared = self._shared.get(question)
        return question.ask(engine) if shared is None else shared.answer(question, engine)
