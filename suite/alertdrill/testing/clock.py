"""A clock that tests move."""

from alertdrill.clock import StoppableClock


class ManualClock(StoppableClock):
    """A clock that moves only when somebody sleeps on it, which takes no time unless it is stopped."""

    def __init__(self, now: float = 0.0) -> None:
        super().__init__()
        self._now = now
        self.slept: list[float] = []

    def now(self) -> float:
        """Return the seconds slept so far, plus where the clock started."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move the clock and remember by how much; LabError if it has been stopped."""
        super().sleep(0)
        self.slept.append(seconds)
        self._now += seconds
