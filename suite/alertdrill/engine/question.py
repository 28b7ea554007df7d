"""What an engine is asked: an expression, at every step of a time."""

from typing import NamedTuple

from alertdrill.engine.engine import Engine
from alertdrill.incident import Series


class Question(NamedTuple):
    """What `Engine.ask` is asked."""

    promql: str
    start: float
    end: float
    step: float
    lookback: float

    def ask(self, engine: Engine) -> list[Series]:
        """Return the answer; what can't be asked is a LabError."""
        return engine.ask(self.promql, start=self.start, end=self.end, step=self.step, lookback=self.lookback)
