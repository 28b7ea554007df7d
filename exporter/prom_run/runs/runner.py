"""One command over time: when it runs next, what it is doing, what became of it."""

import asyncio
import os
import time
from collections import Counter, deque
from concurrent.futures import Executor
from dataclasses import dataclass, field

import msgspec

from exporter_kit import log
from exporter_kit.masks import Masks, secret_values
from prom_run.runs import checkout, schedule, textfile
from prom_run.runs.checkout import Checkout
from prom_run.runs.children import Children
from prom_run.runs.command import Command
from prom_run.runs.environment import environment
from prom_run.runs.execution import Execution
from prom_run.runs.history import History
from prom_run.runs.output import Output
from prom_run.runs.record import Record, Run, Trigger

# A clock can be set while we sleep: look at it again after so many seconds.
NAP_MAX = 30.0
# Nobody tells us of a new commit: it is looked for so often.
LOOK_SECONDS = 1.0
_SCHEDULING = ("period", "cron", "timezone", "jitter", "at_start")


@dataclass
class Tally:
    """What has been counted since we started."""

    exits: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    runs: int = 0
    overruns: int = 0
    timeouts: int = 0
    spawn_errors: int = 0
    truncated: int = 0
    leftovers: int = 0
    unsaved: int = 0
    output_bytes: int = 0


class Runner:
    """Runs one command when it is due or asked for, never twice at once.

    A request during a run is kept, once: what asks (a new commit) came after that run had begun.
    """

    def __init__(
        self, command: Command, masks: Masks, *, children: Children, history: History, disk: Executor
    ) -> None:
        self.command = command
        self.current: Execution | None = None
        self.tally = Tally()
        self.asked = False
        self.runs: deque[Run] = deque(history.load(), maxlen=command.keep)
        self.textfile = textfile.restored(command.textfile, command.name)
        self.last_success = max((run.ended for run in self.runs if run.outcome == "success"), default=0.0)
        self._schedule = schedule.of(command)
        self._latest: Record | None = None
        self._masks = masks
        self._children = children
        self._history = history
        self._disk = disk
        self._wake = asyncio.Event()
        self._stopping = False
        self._before: textfile.Stamp = None
        self._looked_at: tuple[str, str] | None = None

    @property
    def last(self) -> Run | None:
        """The last run that ended by itself; one that we ended early says nothing about the command."""
        return next((run for run in reversed(self.runs) if run.outcome != "stopped"), None)

    @property
    def line(self) -> str:
        """The command line as people may see it."""
        given = environment(self.command, os.environ, {})
        values = Masks().with_values(secret_values(given))
        # Word by word, as quotes would change a value that holds one.
        argv = tuple(values.hide(word) for word in self.command.argv)
        return self._masks.hide(str(msgspec.structs.replace(self.command, argv=argv)))

    @property
    def next_start(self) -> float:
        """When the next run is due, in seconds since the epoch."""
        return time.time() + self._schedule.wait()

    def ask(self) -> None:
        """Run as soon as possible."""
        self.asked = True
        self._wake.set()

    def output(self, run_id: str) -> Output | None:
        """Return what a run printed."""
        if self._latest and self._latest.run.id == run_id:
            return self._latest.output
        return self._history.output(run_id)

    def looks_at(self) -> Checkout | None:
        """Return the checkout as it is now, None where the command has none or it isn't there."""
        try:
            return checkout.resolve(self.command.checkout) if self.command.checkout else None
        except OSError:
            return None

    def change(self, command: Command, masks: Masks) -> None:
        """Use another definition from the next run on; the schedule begins anew only if it has changed."""
        if command.textfile != self.command.textfile:
            # What the old one said must not stay for ever.
            self.textfile = textfile.restored(command.textfile, command.name)
            self._before = textfile.stamp(command.textfile)
        rescheduled = any(getattr(command, name) != getattr(self.command, name) for name in _SCHEDULING)
        self.command, self._masks = command, masks
        self.runs = deque(self.runs, maxlen=command.keep)
        if rescheduled:
            self._schedule = schedule.of(command)
            self._wake.set()

    def stop(self) -> None:
        """End the run in progress and begin no other."""
        self._stopping = True
        self._wake.set()
        if self.current:
            self.current.stop()

    async def run(self) -> None:
        """Go on until stopped."""
        trigger: Trigger = "start" if self.command.at_start else "schedule"
        while True:
            await self._due()
            if self._stopping:
                return
            if self.asked:
                trigger, self.asked = "request", False
            elif self._schedule.wait():
                trigger = "commit"
            if not self._schedule.wait():
                self._schedule.begin()
            await self._once(trigger)
            trigger = "schedule"
            missed = self._schedule.advance()
            self.tally.overruns += missed
            if missed and not self._stopping:
                log.get().warning("run took longer than its period", command=self.command.name, missed=missed)

    async def _due(self) -> None:
        """Sleep until a run is due or asked for, there is a new commit, or we are to stop."""
        while not (self._stopping or self.asked) and (wait := self._schedule.wait()):
            if self.command.on_commit and self._place() not in {self._looked_at, None}:
                return
            nap = LOOK_SECONDS if self.command.on_commit else NAP_MAX
            try:
                await asyncio.wait_for(self._wake.wait(), min(wait, nap))
            except TimeoutError:
                continue
            self._wake.clear()

    def _place(self) -> tuple[str, str] | None:
        """Return which commit the checkout is at, and where that lies; None where there is no checkout."""
        now = self.looks_at()
        return (now.path, now.commit) if now else None

    async def _once(self, trigger: Trigger) -> None:
        self._before = textfile.stamp(self.command.textfile)
        self._looked_at = self._place()
        number = f"{time.time_ns() // 1000:017d}"
        log.get().info("run begins", command=self.command.name, run=number, trigger=trigger)
        self.current = Execution(
            self.command, number=number, trigger=trigger, masks=self._masks, record=self._take
        )
        if self._stopping:
            self.current.stop()
        try:
            await self.current.run(self._children)
        finally:
            self.current = None
        await self._save()

    def _take(self, record: Record) -> None:
        """Make a run known, before its leftovers are ended and it is on disk."""
        run, tally = record.run, self.tally
        self._latest = record
        self.runs.append(run)
        if run.outcome == "success":
            self.last_success = run.ended
        if self.command.textfile and run.outcome != "stopped":
            self.textfile = textfile.read(self.command.textfile, run.command, self._before)
            if self.textfile.error:
                log.get().warning("textfile not taken", command=run.command, why=self.textfile.error)
        tally.exits[run.exit_code] += 1
        tally.seconds += run.duration
        tally.runs += 1
        tally.timeouts += run.outcome == "timeout"
        tally.spawn_errors += run.outcome == "not started"
        tally.truncated += record.output.truncated
        tally.leftovers += run.leftovers
        tally.output_bytes += run.output_bytes
        log.get().info(
            "run ended",
            command=run.command,
            run=run.id,
            outcome=run.outcome,
            code=run.exit_code,
            seconds=round(run.duration, 3),
            **({"note": run.note} if run.note else {}),
        )

    async def _save(self) -> None:
        """Put the run on disk, away from the event loop: a slow or full disk delays nobody else."""
        assert self._latest is not None
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._disk, self._history.add, self._latest, self.command.keep)
        except OSError as error:
            self.tally.unsaved += 1
            log.get().error("run not saved", command=self.command.name, error=str(error))
