"""Waiting, with a deadline and a sentence."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertdrill.clock import HOPE_SECONDS, TELL_SECONDS, Hope, NotYet, StoppableClock, WallClock, wait_for
from alertdrill.errors import LabError, TransientError
from alertdrill.testing import ManualClock


@given(st.integers(0, 30), st.floats(0.1, 5), st.floats(0, 60))
def test_a_wait_ends_by_its_deadline(ready_after: int, every: float, deadline: float) -> None:
    """What comes in time is returned, what does not is a LabError, and never is slept past the deadline."""
    clock = ManualClock(100.0)
    asked = 0

    def until() -> str:
        nonlocal asked
        asked += 1
        return "ready" if asked > ready_after else ""

    try:
        assert "ready" == wait_for("it", until, deadline=deadline, clock=clock, every=every)
        assert ready_after == len(clock.slept)
    except LabError:
        assert ready_after * every > deadline - every
    assert clock.now() - 100.0 <= deadline + 1e-9


def test_a_passed_deadline_names_what_was_awaited_and_last_seen() -> None:
    """The error says what for, how long, and the last state."""

    def until() -> bool:
        raise NotYet("2 of 3 pods ready")

    with pytest.raises(LabError, match=r"waited 3 s for all pods; last seen: 2 of 3 pods ready"):
        wait_for("all pods", until, deadline=3, clock=ManualClock())


def test_a_falsy_value_is_told_as_it_was() -> None:
    """What `until` returned last is in the error."""
    with pytest.raises(LabError, match=r"last seen: \[\]"):
        wait_for("alerts", list, deadline=1, clock=ManualClock())


def test_another_error_is_not_waited_out() -> None:
    """What `until` raises reaches the caller at once."""
    clock = ManualClock()

    def until() -> bool:
        raise LabError("the server is gone")

    with pytest.raises(LabError, match="gone"):
        wait_for("it", until, deadline=60, clock=clock)
    assert [] == clock.slept


def test_who_looks_on_is_told_what_a_long_wait_is_for() -> None:
    """Not of a short one, not twice of one state, and not of each of many states."""
    clock, told = ManualClock(), list[tuple[float, str]]()
    states = {0: "no pods", 3: "pods start", 5: "no series", 6: "an alert", 7: "another alert"}

    def until() -> bool:
        now = clock.now()
        if now >= 60:
            return True
        raise NotYet(next(state for since, state in reversed(states.items()) if now >= since))

    def tell(seen: str) -> None:
        told.append((clock.now(), seen))

    wait_for("it", until, deadline=90, clock=clock, every=1, tell=tell)
    assert [(TELL_SECONDS, "pods start"), (2 * TELL_SECONDS, "another alert")] == told


def test_what_may_pass_is_waited_out() -> None:
    """A server that does not answer now is asked again, as if it had said that it is not ready yet."""
    troubles = [TransientError("no connection"), TransientError("it answered 503")]

    def until() -> str:
        if troubles:
            raise troubles.pop()
        return "ready"

    clock = ManualClock()
    assert "ready" == wait_for("it", until, deadline=60, clock=clock, every=1)
    assert [1, 1] == clock.slept


def test_what_does_not_pass_is_said_at_the_deadline() -> None:
    """A server that never answers is a LabError with its last words, and not one to be waited out again."""

    def until() -> bool:
        raise TransientError("no connection")

    with pytest.raises(LabError, match="waited 3 s for it; last seen: no connection") as said:
        wait_for("it", until, deadline=3, clock=ManualClock())
    assert LabError is said.type


def test_an_interruption_is_not_waited_out() -> None:
    """Who waits for a server that may come back stops waiting when the run is stopped."""
    clock, asked = StoppableClock(), []

    def until() -> bool:
        asked.append(True)
        clock.stop()
        raise TransientError("no connection")

    with pytest.raises(LabError, match="the run was interrupted"):
        wait_for("it", until, deadline=60, clock=clock, every=30)
    assert [True] == asked


def test_hope_is_lost_only_by_trouble_without_a_break() -> None:
    """A moment without the trouble gives it all its seconds again."""
    clock = ManualClock()
    hope = Hope(clock)
    half = HOPE_SECONDS / 2
    seen = []
    for trouble in (True, True, False, True, True, True):
        seen.append(hope.is_lost(trouble=trouble))
        clock.sleep(half)
    assert [False, False, False, False, False, True] == seen


def test_the_wall_clock_moves_by_what_was_slept() -> None:
    """Sleeping takes the time it says."""
    clock = WallClock()
    before = clock.now()
    clock.sleep(0.01)
    assert 0.01 <= clock.now() - before + 0.001


def test_a_stopped_clock_ends_every_sleep() -> None:
    """Who sleeps on it, now or later, is woken by a LabError and does not sleep on."""
    clock = StoppableClock()
    threading.Timer(0.01, clock.stop).start()
    with pytest.raises(LabError):
        clock.sleep(60)
    with pytest.raises(LabError):
        clock.sleep(60)


def test_a_stoppable_clock_tells_the_time() -> None:
    """It is the machine's clock, and a sleep nobody stops takes its time."""
    clock = StoppableClock()
    before = time.time()
    clock.sleep(0.01)
    assert before + 0.009 <= clock.now() <= time.time()
