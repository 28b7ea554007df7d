"""A Prometheus that answers what a test says."""

from collections.abc import Callable, Sequence
from typing import Any

from alertdrill.incident import Series
from alertdrill.prometheus import Prometheus, RuleState

Answer = list[dict[str, Any]]


class FakePrometheus(Prometheus):
    """Nothing is evaluated: `answer` is asked for each query's text, and returns the API's `result`.

    `known` are the names of metrics that it has.
    """

    def __init__(
        self, answer: Callable[[str], Answer] = lambda _promql: [], known: Sequence[str] = ()
    ) -> None:
        super().__init__("http://127.0.0.1:1")
        self.answer = answer
        self.known = known

    def query(self, promql: str, *, at: float | None = None) -> Answer:
        """Return what the test says."""
        del at
        return self.answer(promql)

    def samples(self, selector: str, *, start: float, end: float) -> list[Series]:
        """Return what the test says of the query that raw samples are asked for by."""
        return [
            Series(
                labels=one["metric"],
                timestamps=tuple(round(float(t) * 1000) for t, _ in one["values"]),
                values=tuple(float(value) for _, value in one["values"]),
            )
            for one in self.query(f"{selector}[{max(round((end - start) * 1000), 1)}ms]", at=end)
        ]

    def names(self) -> list[str]:
        """Return those that the test says."""
        return list(self.known)

    def rules(self) -> list[RuleState]:
        """Return none."""
        return []
