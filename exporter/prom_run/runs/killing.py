"""Ending all that a run has started: politely, then for good."""

import asyncio
import contextlib
import os
import signal

from prom_run.runs import procfs
from prom_run.runs.procfs import Process

# Seconds between two looks at what is left, and looks after SIGKILL before we give up and say so.
LOOK = 0.05
LOOKS_MAX = 100


class Family:
    """A run's session, process group, and whoever left both but still carries the run's mark.

    A process that made itself a new session *and* cleaned its environment has left for good: it is reaped
    when it ends, and stops nothing.
    """

    def __init__(self, pid: int, mark: str) -> None:
        self._pid = pid
        self._mark = mark

    def members(self) -> list[Process]:
        """Return who is alive."""
        return [
            each
            for each in procfs.processes()
            if each.state not in procfs.ZOMBIE
            and (self._pid in (each.session, each.group) or procfs.carries(each.pid, self._mark))
        ]

    def signal(self, number: int) -> int:
        """Send a signal to everyone in it; return how many there were."""
        members = self.members()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, number)
        for member in members:
            if member.group != self._pid:
                procfs.send(member, number)
        return len(members)

    async def end(self, patience: float) -> None:
        """Wait for `patience` seconds after a SIGTERM, then send SIGKILL until nobody is left."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._gone()
        for _ in range(LOOKS_MAX):
            if not self.signal(signal.SIGKILL):
                break
            await asyncio.sleep(LOOK)

    async def _gone(self) -> None:
        while self.members():  # noqa: ASYNC110  # /proc has no event to wait for
            await asyncio.sleep(LOOK)
