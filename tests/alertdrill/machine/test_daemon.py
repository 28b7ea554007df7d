"""Daemons are known by their command line, never by a number in a file."""

import shutil
import sys
from pathlib import Path

import pytest

from alertdrill.clock import WallClock, wait_for
from alertdrill.errors import LabError
from alertdrill.machine import daemon

SHELL = shutil.which("sh") or "/bin/sh"
# A shell ignores words after its script, so one of them can be the mark that a daemon is known by.
FOREVER = "while :; do sleep 0.05; done"


def start(script: str, mark: str, folder: Path) -> daemon.Daemon:
    """Start a shell script whose command line carries a mark."""
    return daemon.start("starting a shell", [SHELL, "-c", script, mark], log=folder / "log")


def sleeper(mark: str, folder: Path) -> daemon.Daemon:
    """Start a program that never forks: a shell's child has the shell's words until it is another program."""
    argv = [sys.executable, "-c", "import time; time.sleep(60)", mark]  # until it is ended, or long after
    return daemon.start("starting a sleeper", argv, log=folder / "log")


def wait(what: str, log: Path) -> None:
    """Wait until a daemon has said something."""
    wait_for(what, lambda: what in log.read_text(), deadline=10, clock=WallClock(), every=0.01)


def test_a_daemon_is_found_and_stopped_by_its_mark(tmp_path: Path) -> None:
    """Only the program with the very word is found, and it is gone once it was stopped."""
    mark, other = f"--at={tmp_path}/one", f"--at={tmp_path}/one-more"
    ours, theirs = sleeper(mark, tmp_path), sleeper(other, tmp_path)
    assert [ours.pid] == daemon.find(mark)
    assert daemon.stop("a shell", mark, grace=5)
    assert ours.has_ended()
    assert not daemon.find(mark)
    assert [theirs.pid] == daemon.find(other)
    assert daemon.stop("a shell", other, grace=5)
    assert theirs.has_ended()


def test_a_daemon_that_will_not_stop_is_killed(tmp_path: Path) -> None:
    """One that ignores TERM is ended by force."""
    mark = f"--at={tmp_path}"
    started = start(f"trap '' TERM; echo deaf; {FOREVER}", mark, tmp_path)
    wait("deaf", tmp_path / "log")
    assert daemon.stop("a shell", mark, grace=0.2)
    assert started.has_ended()


def test_stopping_nothing_says_so(tmp_path: Path) -> None:
    """Where nothing runs, nothing is stopped."""
    assert not daemon.stop("a shell", f"--at={tmp_path}", grace=1)


def test_what_a_daemon_says_is_in_its_log(tmp_path: Path) -> None:
    """Both streams end in the log, begun anew by every start."""
    for said in ("first", "second"):
        started = start(f"echo {said}; echo {said} >&2", "mark", tmp_path)
        wait_for("the shell's end", started.has_ended, deadline=10, clock=WallClock(), every=0.01)
        assert f"{said}\n{said}\n" == (tmp_path / "log").read_text()


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Starting what can't be started is a sentence."""
    with pytest.raises(LabError, match=r"starting it: can't run /nowhere/it: No such file"):
        daemon.start("starting it", ["/nowhere/it"], log=tmp_path / "log")
