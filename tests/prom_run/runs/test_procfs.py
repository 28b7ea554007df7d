"""What /proc says, about processes that would rather not be found."""

import os
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prom_run.runs import procfs
from prom_run.runs.procfs import Process

TAIL = b" S 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 777 2 3"


@given(st.binary(max_size=15))
def test_a_name_can_be_anything(name: bytes) -> None:
    """Spaces, parentheses, newlines: a name does not change what is read after it."""
    assert Process(42, "S", 1, 42, 42, 777) == procfs.parsed(b"42 (" + name + b")" + TAIL)


def test_we_are_among_the_processes() -> None:
    """The list holds ourselves, as the kernel knows us."""
    found = {each.pid: each for each in procfs.processes()}[os.getpid()]
    assert (os.getppid(), os.getpgid(0), os.getsid(0)) == (found.parent, found.group, found.session)


def test_a_process_that_is_gone_is_none() -> None:
    """There is no process 0 to look at, and no error in asking."""
    assert procfs.process(0) is None
    assert not procfs.carries(0, "X=1")


def test_children_and_marks_are_found() -> None:
    """A child is listed, and known by its environment whatever it calls itself."""
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env={"MARK": "a b"}
    ) as child:
        assert child.pid in procfs.children()
        assert procfs.carries(child.pid, "MARK=a b")
        assert not procfs.carries(child.pid, "MARK=a")
        child.kill()
    assert child.pid not in procfs.children()


def test_a_mark_is_found_in_the_middle_of_an_exec() -> None:
    """A process that has only just begun its program is known, too: the kernel shows no environment yet."""
    for _ in range(300):
        with subprocess.Popen(["sleep", "60"], env={"MARK": "a b"}) as child:
            found = procfs.carries(child.pid, "MARK=a b")
            child.kill()
        assert found


def test_a_signal_reaches_only_the_process_meant() -> None:
    """A process that has the number of another is left alone."""
    with subprocess.Popen(["sleep", "60"]) as child:
        found = procfs.process(child.pid)
        assert found
        procfs.send(
            Process(child.pid, "S", found.parent, found.group, found.session, found.started + 1),
            signal.SIGKILL,
        )
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.2)
        procfs.send(found, signal.SIGKILL)
        assert -signal.SIGKILL == child.wait(5)
    procfs.send(found, signal.SIGKILL)
