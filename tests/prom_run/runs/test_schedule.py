"""When commands are due."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prom_run.runs.command import Command
from prom_run.runs.schedule import Cron, Every, of


class Hand:
    """A clock that is moved by hand."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def every(
    clock: Hand, *, period: float = 60, at_start: bool = True, jitter: float = 0, spread: float = 0
) -> Every:
    """Return a grid."""
    command = Command(name="x", argv=("x",), period=period, jitter=jitter, at_start=at_start)
    return Every(command, clock, lambda _most: spread)


def cron(clock: Hand, expression: str, *, timezone: str = "UTC", at_start: bool = False) -> Cron:
    """Return a cron schedule."""
    command = Command(name="x", argv=("x",), cron=expression, timezone=timezone, at_start=at_start)
    return Cron(command, clock, lambda _most: 0.0)


def test_the_first_run_is_at_the_start() -> None:
    """A period begins with a run, unless told otherwise."""
    assert 0 == every(Hand()).wait()
    assert 60 == every(Hand(), at_start=False).wait()


def test_a_slow_run_does_not_shift_those_after_it() -> None:
    """A run of 20 s leaves 40 s of a minute."""
    clock = Hand()
    grid = every(clock)
    grid.begin()
    clock.now = 20
    assert (0, 40) == (grid.advance(), grid.wait())


def test_due_times_during_a_run_are_missed() -> None:
    """A run of 150 s passes two points of a minute's grid; they are counted and not made up for."""
    clock = Hand()
    grid = every(clock)
    grid.begin()
    clock.now = 150
    assert (2, 30) == (grid.advance(), grid.wait())


def test_a_requested_run_in_between_uses_up_nothing() -> None:
    """What was due is still due after a run that somebody asked for."""
    clock = Hand()
    grid = every(clock)
    grid.begin()
    clock.now = 30
    assert (0, 30) == (grid.advance(), grid.wait())


def test_jitter_puts_a_start_off() -> None:
    """Each start is put off, the grid is not."""
    clock = Hand()
    grid = every(clock, jitter=10, spread=7)
    assert 7 == grid.wait()
    clock.now = 7
    grid.begin()
    clock.now = 8
    assert (0, 59) == (grid.advance(), grid.wait())


@given(st.lists(st.tuples(st.floats(0, 500), st.booleans()), max_size=30), st.sampled_from([0.5, 60, 61.7]))
def test_no_point_is_used_twice_or_forgotten(steps: list[tuple[float, bool]], period: float) -> None:
    """Runs and misses together are the points of the grid that have passed."""
    clock = Hand()
    grid = every(clock, period=period)
    used = missed = 0
    for took, asked in steps:
        if not asked:
            clock.now += grid.wait()
        if grid.wait() == 0:
            grid.begin()
            used += 1
        clock.now += took
        missed += grid.advance()
        assert grid.wait() <= period * 1.000001
    passed = int(clock.now / period) + 1 if steps else 0
    assert abs(used + missed - passed) <= 1  # a point may be passed within rounding


@pytest.mark.parametrize(
    ("expression", "timezone", "now", "expected"),
    [
        ("*/5 * * * *", "UTC", "2026-01-01 10:02", "2026-01-01 10:05"),
        ("0 3 * * *", "UTC", "2026-01-01 03:00", "2026-01-02 03:00"),
        ("0 3 * * MON", "UTC", "2026-01-01 00:00", "2026-01-05 03:00"),
        ("30 9 * * *", "Europe/Berlin", "2026-07-01 00:00", "2026-07-01 07:30"),
        ("30 9 * * *", "Europe/Berlin", "2026-12-01 00:00", "2026-12-01 08:30"),
    ],
)
def test_cron_is_due_at_its_times(expression: str, timezone: str, now: str, expected: str) -> None:
    """Cron times are those of the time zone, summer time included."""
    begin, end = (datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() for text in (now, expected))
    assert end - begin == cron(Hand(begin), expression, timezone=timezone).wait()


def test_cron_times_during_a_run_are_missed() -> None:
    """A run over three of its own times misses them."""
    clock = Hand()
    times = cron(clock, "* * * * *")
    clock.now = 60
    times.begin()
    clock.now = 60 + 185
    assert (3, 55) == (times.advance(), times.wait())


def test_a_clock_that_leaps_ahead_is_caught_up_with() -> None:
    """After a leap of a year the next cron time is in the future again."""
    clock = Hand()
    times = cron(clock, "* * * * *")
    clock.now = 3.2e7
    times.advance()
    assert 0 < times.wait() <= 60


def test_a_command_chooses_its_schedule() -> None:
    """Cron goes before the period that is always there."""
    assert isinstance(of(Command(name="x", argv=("x",))), Every)
    assert isinstance(of(Command(name="x", argv=("x",), cron="* * * * *")), Cron)
