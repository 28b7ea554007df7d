"""Time is an argument: a Clock is passed down, and every wait has a deadline and a sentence."""

import threading
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

import tenacity

from alertdrill.errors import LabError, TransientError

T = TypeVar("T")

# A trouble that waiting seldom mends may last so long: a registry may answer a moment later, and a service
# account comes a moment after its namespace.
HOPE_SECONDS = 20.0
# A wait of so long is told, and what it waits for by then; so is another state after as long again.
TELL_SECONDS = 4.0


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        ...


class WallClock:
    """The machine's clock."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Block this thread for so many seconds."""
        time.sleep(seconds)  # whoever asks for it says why


class StoppableClock:
    """The machine's clock, which wakes every sleeper when it is stopped."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def now(self) -> float:
        """Return seconds since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Block this thread for so many seconds; LabError as soon as the clock is stopped."""
        if self._stopped.wait(max(seconds, 0)):
            raise LabError("the run was interrupted")

    def go_on(self) -> None:
        """Return at once; LabError if the clock has been stopped."""
        if self.stopped:
            raise LabError("the run was interrupted")

    @property
    def stopped(self) -> bool:
        """Say whether it has been stopped."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Wake every sleeper, now and from now on."""
        self._stopped.set()


class Hope:
    """Is lost when a trouble that waiting seldom mends has been seen for HOPE_SECONDS without a break."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: float | None = None

    def is_lost(self, *, trouble: bool) -> bool:
        """Take in whether there is trouble at this look, and say whether it has been there for too long."""
        if not trouble:
            self._since = None
            return False
        if self._since is None:
            self._since = self._clock.now()
        return self._clock.now() - self._since >= HOPE_SECONDS


class NotYet(Exception):  # noqa: N818  # says what was seen instead; not an error until the deadline
    """Raised by an `until` to say what the last state was."""


def wait_for(
    what: str,
    until: Callable[[], T],
    *,
    deadline: float,
    clock: Clock,
    every: float = 0.5,
    tell: Callable[[str], None] = lambda _seen: None,
) -> T:
    """Call `until` every so many seconds and return its first truthy value.

    `deadline` is in seconds from now. `until` says what it saw by raising NotYet("2 of 3 pods ready").
    A TransientError counts as that too; any other error, an interruption of the clock among them, ends the
    wait at once. A passed deadline is a LabError naming what was awaited and what was seen last. `tell` gets
    what was seen, for whoever looks on: not at once, and no state twice.
    """
    seen = told = "nothing"
    told_at = clock.now()

    def attempt() -> T | None:
        nonlocal seen, told, told_at
        try:
            value = until()
        except (NotYet, TransientError) as state:
            value, seen = None, str(state)
        else:
            seen = seen if value else repr(value)
        if not value and seen != told and clock.now() - told_at >= TELL_SECONDS:
            told, told_at = seen, clock.now()
            tell(seen)
        return value

    end = clock.now() + deadline
    retrying = tenacity.Retrying(
        sleep=clock.sleep,
        wait=tenacity.wait_fixed(every),
        stop=lambda _state: clock.now() + every > end,
        retry=tenacity.retry_if_result(lambda value: not value),
    )
    try:
        value = retrying(attempt)
    except tenacity.RetryError:
        raise LabError(f"waited {deadline:g} s for {what}; last seen: {seen}") from None
    assert value is not None
    return value
