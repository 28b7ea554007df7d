"""Programs that outlive the command that started them, known again by a word on their command line.

A pid kept in a file may belong to somebody else's program by the time it is read; a command line that names
a folder of ours can't.
"""

import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from alertdrill.clock import WallClock, wait_for
from alertdrill.errors import LabError


@dataclass(frozen=True)
class Daemon:
    """One started program, seen from the command that started it."""

    pid: int

    def has_ended(self) -> bool:
        """Say whether it is over; asking buries it."""
        try:
            pid, _ = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:
            return True
        return pid != 0


def start(
    what: str, argv: Sequence[str | Path], *, log: Path, env: Mapping[str, str] | None = None
) -> Daemon:
    """Start a program in a session of its own; both its streams go to `log`, which is begun anew.

    `what` is a sentence's object ("starting the API server"); `env` is added to this process's own.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    words = [str(word) for word in argv]
    try:
        pid = os.posix_spawn(
            words[0], words, {**os.environ, **(env or {})}, file_actions=actions, setsid=True
        )
    except OSError as error:
        raise LabError(f"{what}: can't run {words[0]}: {error.strerror}") from error
    return Daemon(pid)


def find(*words: str) -> list[int]:
    """Return the pids of the programs that have one of these words on their command line."""
    marks = {word.encode() for word in words}
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                said = (entry / "cmdline").read_bytes()
            except OSError:
                continue  # it has just ended
            if marks & set(said.split(b"\0")):
                found.append(int(entry.name))
    return sorted(found)


def stop(what: str, *words: str, grace: float) -> bool:
    """Stop the programs that `find` finds, by force after `grace` seconds; say whether there were any."""
    pids = find(*words)
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in find(*words):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        try:
            wait_for(what, lambda: all(map(_is_gone, pids)), deadline=grace, clock=WallClock(), every=0.05)
        except LabError:
            continue
        return bool(pids)
    raise LabError(f"stopping {what}: {pids} did not end")


def _is_gone(pid: int) -> bool:
    """Say whether a program holds nothing any more; without its command line it may still hold a port."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state in "XZ"
