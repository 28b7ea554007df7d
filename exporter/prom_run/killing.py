"""Ending all that a run has started: politely, then for good."""

import asyncio
import contextlib
import os
import signal

from prom_run import procfs
from prom_run.procfs import Process

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
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, number)  # at once, before they can fork more
        members = self.members()
        for member in members:
            if member.group != self._pid:
                procfs.send(member, number)
        return len(members)

    async def end(self, patience: float) -> int:
        """End everyone: SIGTERM, and after `patience` seconds SIGKILL until nobody is left.

        Returns how many there were at the start.
        """
        count = self.signal(signal.SIGTERM)
        waited = 0.0
        while waited < patience and self.members():
            await asyncio.sleep(LOOK)
            waited += LOOK
        for _ in range(LOOKS_MAX):
            if not self.signal(signal.SIGKILL):
                break
            await asyncio.sleep(LOOK)
        return count
