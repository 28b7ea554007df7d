"""What /proc says about processes: who belongs to whom. Names are never trusted, processes choose them."""

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
ZOMBIE = frozenset("ZX")


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
    """Return whether a process was started with `mark` (NAME=value) in its environment."""
    try:
        environment = (PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return False
    return mark.encode() in environment.split(b"\0")


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
