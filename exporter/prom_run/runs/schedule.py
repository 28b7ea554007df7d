"""When a command is due: a grid of periods, or cron. Due times that pass during a run are missed."""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo

from cronsim import CronSim

from prom_run.runs.command import Command

Clock = Callable[[], float]
Spread = Callable[[float], float]
# More missed cron times than these are not counted one by one.
MISSED_MAX = 1000


def at_random(most: float) -> float:
    """Return some seconds between 0 and `most`."""
    return random.uniform(0, most) if most else 0.0  # noqa: S311  # spreads load, keeps no secret


class Schedule(Protocol):
    """The due times of one command."""

    def wait(self) -> float:
        """Return the seconds until it is due; 0 where it is overdue."""
        ...

    def begin(self) -> None:
        """Take note that the run that was due begins now."""
        ...

    def advance(self) -> int:
        """Drop the due times that have passed meanwhile and return how many there were."""
        ...


class Every:
    """A grid that starts when it is made: a slow run does not shift the runs after it.

    It goes by a clock that nobody sets.
    """

    def __init__(self, command: Command, clock: Clock = time.monotonic, spread: Spread = at_random) -> None:
        self._command, self._clock, self._spread = command, clock, spread
        self._start = clock()
        self._next = 0 if command.at_start else 1
        self._offset = spread(command.jitter)

    def wait(self) -> float:
        """Return the seconds until the next point of the grid, jitter included."""
        return max(0.0, self._start + self._next * self._command.period + self._offset - self._clock())

    def begin(self) -> None:
        """Use up the point of the grid that is due."""
        self._next += 1
        self._offset = self._spread(self._command.jitter)

    def advance(self) -> int:
        """Skip the points that have passed."""
        passed = int((self._clock() - self._start) / self._command.period)
        missed = max(0, passed - self._next + 1)
        self._next += missed
        return missed


class Cron:
    """Cron times, by the time of day in the command's time zone."""

    def __init__(self, command: Command, clock: Clock = time.time, spread: Spread = at_random) -> None:
        self._command, self._clock, self._spread = command, clock, spread
        self._zone = zone(command.timezone)
        self._due = clock() if command.at_start else self._after(clock())
        self._offset = spread(command.jitter)

    def wait(self) -> float:
        """Return the seconds until the next cron time, jitter included."""
        return max(0.0, self._due + self._offset - self._clock())

    def begin(self) -> None:
        """Use up the cron time that is due."""
        self._due = self._after(self._clock())
        self._offset = self._spread(self._command.jitter)

    def advance(self) -> int:
        """Skip the cron times that have passed."""
        missed, now = 0, self._clock()
        while self._due <= now and missed < MISSED_MAX:
            missed += 1
            self._due = self._after(self._due)
        if self._due <= now:
            self._due = self._after(now)
        return missed

    def _after(self, moment: float) -> float:
        return next(CronSim(self._command.cron, datetime.fromtimestamp(moment, self._zone))).timestamp()


def zone(name: str) -> tzinfo:
    """Return a time zone by its name; UTC needs no time zone database."""
    return UTC if name == "UTC" else ZoneInfo(name)


def of(command: Command) -> Schedule:
    """Return the schedule a command asks for, starting now."""
    return Cron(command) if command.cron else Every(command)
