"""One run of a command: started, watched, ended if it must be, and written down."""

import asyncio
import contextlib
import fcntl
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from exporter_kit.durations import written
from exporter_kit.masks import Masks, secret_values
from prom_run.runs import checkout, children
from prom_run.runs.checkout import Checkout
from prom_run.runs.children import Children
from prom_run.runs.command import Command
from prom_run.runs.environment import MARK, environment
from prom_run.runs.killing import Family
from prom_run.runs.output import Output, Recorder
from prom_run.runs.record import NOT_STARTED, SIGNALLED, TIMED_OUT, Outcome, Record, Run, Trigger

# Seconds that a process may hold the pipe after the command itself has ended.
LINGER = 0.5
PIPE_BYTES = 256 * 1024
READ_BYTES = 256 * 1024


@dataclass(frozen=True)
class Started:
    """What the operating system gave us for a run."""

    pid: int
    pipe: int


class Execution:
    """A run in progress. `record` is called as soon as the outcome is known, before leftovers are ended."""

    def __init__(
        self,
        command: Command,
        *,
        number: str,
        trigger: Trigger,
        masks: Masks,
        record: Callable[[Record], None],
    ) -> None:
        self.command = command
        self.id = number
        self.trigger = trigger
        # Another prom-run on this machine may have a command of the same name, in a run of the same number.
        self.mark = f"{command.name}/{number}/{secrets.token_hex(8)}"
        self.started = time.time()
        self.checkout: Checkout | None = None
        self._begun = time.monotonic()
        self._masks = masks
        self._record = record
        self._recorder = Recorder()
        self._stop = asyncio.Event()
        self._closed = asyncio.Event()

    def stop(self) -> None:
        """End it early."""
        self._stop.set()

    def output(self) -> Output:
        """Return what it has printed so far."""
        return self._recorder.output(self._masks, ended=False)

    def duration(self) -> float:
        """Return for how many seconds it has been going on."""
        return time.monotonic() - self._begun

    async def run(self, family: Children) -> None:
        """Run to the end; when this returns, nothing of it is left.

        The outcome is known to all before leftovers are seen to, and only then is its number given back.
        """
        try:
            started = self._start()
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            self._close("not started", NOT_STARTED, _why(error, self.command))
            return
        ended = family.watch(started.pid)
        loop = asyncio.get_running_loop()
        loop.add_reader(started.pipe, self._read, started.pipe)
        everyone = Family(started.pid, f"{MARK}={self.mark}")
        try:
            outcome = await self._watch(ended, everyone)
            await self._drain(started.pipe)
            left = everyone.signal(signal.SIGTERM) if family.may_have_left_some() else 0
        finally:
            loop.remove_reader(started.pipe)
            os.close(started.pipe)
        self._close(*judged(outcome, children.exit_code(started.pid), self.command), leftovers=left)
        if left:
            await everyone.end(self.command.kill_after)
        family.release(started.pid)

    def _start(self) -> Started:
        command = self.command
        if command.checkout:
            self.checkout = checkout.resolve(command.checkout)
        fixed = self.checkout.fixed if self.checkout else str
        given = environment(command, os.environ, self._facts())
        self._masks = self._masks.with_values(secret_values(given))
        read, write = os.pipe2(os.O_CLOEXEC)
        try:
            os.set_blocking(read, False)
            with contextlib.suppress(OSError):  # past the user's limit the pipe keeps its size
                fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            process = subprocess.Popen(
                [fixed(word) for word in command.argv],
                stdin=subprocess.DEVNULL,
                stdout=write,
                stderr=write,
                cwd=fixed(command.cwd) or None,
                env=given,
                start_new_session=True,
            )
        except BaseException:
            os.close(read)
            raise
        finally:
            os.close(write)
        # From here on the process is watched and reaped by Children; Popen would warn that it wasn't.
        process.returncode = 0
        return Started(process.pid, read)

    def _facts(self) -> Mapping[str, str]:
        facts = {
            MARK: self.mark,
            "PROM_RUN_COMMAND": self.command.name,
            "PROM_RUN_DEADLINE": f"{self.started + self.command.timeout:.3f}",
        }
        if self.command.textfile:
            facts["PROM_RUN_TEXTFILE"] = self.command.textfile
        if self.checkout:
            facts |= {"PROM_RUN_CHECKOUT": self.checkout.path, "PROM_RUN_COMMIT": self.checkout.commit}
        return facts

    def _read(self, pipe: int) -> None:
        """Take what there is, once: other commands and the page want their turn."""
        try:
            data = os.read(pipe, READ_BYTES)
        except BlockingIOError:
            return
        if data:
            self._recorder.feed(data)
        else:
            self._closed.set()
            asyncio.get_running_loop().remove_reader(pipe)

    async def _watch(self, ended: asyncio.Future[None], everyone: Family) -> Outcome | None:
        """Wait for the end; bring it about when time is over or we are to stop."""
        stop: asyncio.Future[Any] = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait(
                {ended, stop}, timeout=self.command.timeout, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            stop.cancel()
        if ended.done():
            return None
        outcome: Outcome = "stopped" if self._stop.is_set() else "timeout"
        everyone.signal(signal.SIGTERM)
        await asyncio.wait({ended}, timeout=self.command.kill_after)
        while not ended.done():
            everyone.signal(signal.SIGKILL)
            await asyncio.wait({ended}, timeout=1.0)
        return outcome

    async def _drain(self, pipe: int) -> None:
        """Read the rest, for a moment only: a grandchild may hold the pipe for ever."""
        for _ in range(PIPE_BYTES // READ_BYTES + 1):
            if self._closed.is_set():
                return
            self._read(pipe)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closed.wait(), LINGER)

    def _close(self, outcome: Outcome, code: int, note: str, *, leftovers: int = 0) -> None:
        output = self._recorder.output(self._masks)
        run = Run(
            id=self.id,
            command=self.command.name,
            started=self.started,
            duration=self.duration(),
            outcome=outcome,
            exit_code=code,
            trigger=self.trigger,
            note=self._masks.hide(note),
            commit=self.checkout.commit if self.checkout else "",
            output_bytes=output.total_bytes,
            missing_bytes=output.missing_bytes,
            leftovers=leftovers,
        )
        self._record(Record(run, output))


def judged(outcome: Outcome | None, code: int, command: Command) -> tuple[Outcome, int, str]:
    """Return outcome, exit code and a note; `outcome` is given where we ended the run, `code` is Python's."""
    if outcome == "timeout":
        return outcome, TIMED_OUT, f"not done after {written(command.timeout)}"
    if code < 0:
        return outcome or "failure", SIGNALLED - code, f"ended by {_signal_name(-code)}"
    good = code in command.success_codes
    return outcome or ("success" if good else "failure"), code, ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"


def _why(error: Exception, command: Command) -> str:
    """Say why a run could not be started, and what is missing."""
    if isinstance(error, OSError):
        reason = os.strerror(error.errno) if error.errno else str(error)
        return f"can't run {error.filename or command.argv[0]}: {reason}"
    return f"can't run {command.argv[0]}: {error}"
