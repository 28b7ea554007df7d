"""What /proc says about processes: who belongs to whom. Names are never trusted, processes choose them."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
ZOMBIE = frozenset("ZX")
# Seconds between two looks at a process in the middle of an exec, and how many before it counts as one that
# has wiped its words.
EXEC_LOOK = 0.001
EXEC_LOOKS_MAX = 50


@dataclass(frozen=True)
class Process:
    """One line of /proc/PID/stat, as far as it concerns us."""

    pid: int
    state: str
    parent: int
    group: int
    session: int
    started: int


def processes() -> Iterator[Process]:
    """Yield every process there is."""
    for name in os.listdir(PROC):  # noqa: PTH208  # a Path per process would cost more than the rest
        if name.isdigit() and (found := process(int(name))):
            yield found


def process(pid: int) -> Process | None:
    """Return a process, or None where there is none any more."""
    try:
        line = (PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return None
    return parsed(line)


def parsed(line: bytes) -> Process:
    """Read a stat line. The name in it may hold spaces and parentheses: only the last ')' ends it."""
    before, _, after = line.rpartition(b")")
    fields = after.split()
    return Process(
        pid=int(before.partition(b" ")[0]),
        state=fields[0].decode(),
        parent=int(fields[1]),
        group=int(fields[2]),
        session=int(fields[3]),
        started=int(fields[19]),
    )


def carries(pid: int, mark: str) -> bool:
    """Return whether a process was started with `mark` (NAME=value) in its environment.

    In the middle of an exec a process has no environment for a moment: then it is looked at again.
    """
    place = PROC / str(pid)
    with contextlib.suppress(OSError):
        environment = (place / "environ").read_bytes()
        if not environment:
            _await_exec(place)
            environment = (place / "environ").read_bytes()
        return mark.encode() in environment.split(b"\0")
    return False


def _await_exec(place: Path) -> None:
    """Wait until a process has the words of its command line; OSError if it has no program."""
    (place / "exe").readlink()
    for _ in range(EXEC_LOOKS_MAX):
        if (place / "cmdline").read_bytes():
            break
        time.sleep(EXEC_LOOK)  # the end of an exec has no event to wait for


def children() -> frozenset[int]:
    """Return our own children, zombies included, adopted ones too."""
    found: set[int] = set()
    told = False
    for thread in os.listdir("/proc/self/task"):  # noqa: PTH208  # once per run: plain calls
        try:
            with open(f"/proc/self/task/{thread}/children", "rb") as stream:  # noqa: PTH123
                found.update(map(int, stream.read().split()))
            told = True
        except FileNotFoundError:  # a thread that ended, or a kernel without CONFIG_PROC_CHILDREN
            continue
    if not told:
        found.update(each.pid for each in processes() if each.parent == os.getpid())
    return frozenset(found)


def send(target: Process, number: int) -> None:
    """Send a signal to this very process, never to another that took over its number."""
    try:
        handle = os.pidfd_open(target.pid)
    except OSError:
        return
    try:
        now = process(target.pid)
        if now and now.started == target.started:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                signal.pidfd_send_signal(handle, number)
    finally:
        os.close(handle)
