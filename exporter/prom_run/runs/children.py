"""The processes we start: told of their end by SIGCHLD, reaped one by one, orphans of theirs included."""

import asyncio
import contextlib
import ctypes
import os
import signal

from prom_run.runs import procfs

PR_SET_CHILD_SUBREAPER = 36


class Children:
    """Watches processes for one event loop.

    An ended process stays a zombie until `release`: so long nobody can take over its number, and signals
    to its group and session reach nobody else. Nothing here blocks, and no process is waited for but
    those that have ended.
    """

    def __init__(self) -> None:
        self._ours: dict[int, asyncio.Future[None]] = {}
        self._loop = asyncio.get_running_loop()
        self._adopts = False

    def open(self) -> None:
        """Begin to listen, and adopt what our processes leave behind."""
        self._adopts = _adopt(1)
        self._loop.add_signal_handler(signal.SIGCHLD, self._look)

    def close(self) -> None:
        """Stop listening and adopting."""
        self._adopts = _adopt(0)
        self._loop.remove_signal_handler(signal.SIGCHLD)

    def watch(self, pid: int) -> asyncio.Future[None]:
        """Return a future that is done when a process of ours has ended."""
        ended = self._ours[pid] = self._loop.create_future()
        if has_ended(pid):
            ended.set_result(None)
        return ended

    def release(self, pid: int) -> None:
        """Reap a process that has ended."""
        del self._ours[pid]
        os.waitpid(pid, 0)
        self._reap_strangers()

    def may_have_left_some(self) -> bool:
        """Return whether any process may have outlived its parent: only then is a closer look worth it."""
        return not self._adopts or bool(self.strangers())

    def strangers(self) -> frozenset[int]:
        """Return the children that we did not start: what our processes left behind."""
        return procfs.children() - self._ours.keys()

    def _look(self) -> None:
        for pid, ended in self._ours.items():
            if not ended.done() and has_ended(pid):
                ended.set_result(None)
        self._reap_strangers()

    def _reap_strangers(self) -> None:
        for pid in self.strangers():
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def _adopt(wanted: int) -> bool:
    """Have orphans become our children, or not; return whether they now do."""
    try:
        done = ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, wanted, 0, 0, 0) == 0
    except (OSError, AttributeError):  # a C library without prctl
        return False
    return bool(done and wanted)


def has_ended(pid: int) -> bool:
    """Return whether a child has ended, and leave it to be reaped."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def exit_code(pid: int) -> int:
    """Return the exit code of a child that has ended, negative for a signal, and leave it to be reaped."""
    ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert ended is not None
    return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
