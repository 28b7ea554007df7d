"""Programs run as argv lists, with a deadline, and with their last words in the error."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from alertdrill.errors import LabError


def run(
    what: str,
    argv: Sequence[str | Path],
    *,
    timeout: float,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    cwd: Path | None = None,
    log: Path | None = None,
    into: Path | None = None,
) -> str:
    """Run a program to its end and return its standard output.

    `what` is a sentence's object ("creating the cluster"); `env` is added to this process's own; `log`
    receives both streams as they come, `into` standard output as bytes. Not found, a non-zero exit and a
    passed `timeout` (seconds) are LabErrors that carry the last lines it printed. The program gets a
    process group of its own, and all of it is killed when the time is over or we are interrupted.
    """
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
    start = log.stat().st_size if log and log.exists() else 0
    sink = log.open("ab") if log else into.open("wb") if into else None
    try:
        process = subprocess.Popen(
            [str(word) for word in argv],
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=sink or subprocess.PIPE,
            stderr=subprocess.STDOUT if log else subprocess.PIPE,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            process_group=0,
        )
    except OSError as error:
        raise LabError(f"{what}: can't run {argv[0]}: {error.strerror}") from error
    finally:
        if sink:
            sink.close()
    with process:  # closes the pipes, whatever happens
        try:
            out, err = process.communicate(stdin.encode() if stdin is not None else None, timeout=timeout)
        except subprocess.TimeoutExpired:
            kill_group(process)
            raise LabError(f"{what}: {Path(argv[0]).name} was not done after {timeout:g} s") from None
        except BaseException:
            kill_group(process)
            raise
    if process.returncode:
        said = log.read_bytes()[start:] if log else err or out
        raise LabError(
            f"{what}: {Path(argv[0]).name} ended with {process.returncode}: {last_words(said)}"
            + (f" (all of it: {log})" if log else "")
        )
    return out.decode(errors="replace") if out else ""


def kill_group(process: subprocess.Popen[bytes], *, grace: float = 5.0) -> None:
    """End a program started in a process group of its own, with all it started: TERM, then KILL."""
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 10.0)):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM interrupt the main thread as Ctrl-C does, so that what was started here ends here."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def last_words(said: bytes, *, lines: int = 4) -> str:
    """Return the last non-empty lines, joined by ` | `, for an error sentence."""
    found = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
    return " | ".join(found[-lines:]) or "it said nothing"
