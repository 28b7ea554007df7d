"""Programs, run for real."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from alertdrill.clock import WallClock, wait_for
from alertdrill.errors import LabError
from alertdrill.machine import process

PYTHON = sys.executable


def test_the_output_is_returned() -> None:
    """Standard output comes back as text, what was given on standard input with it."""
    assert "in\n" == process.run("echoing", ["cat"], timeout=10, stdin="in\n")


def test_the_environment_is_added_to() -> None:
    """`env` is on top of this process's own."""
    said = process.run("printing", ["sh", "-c", "echo $MINE; echo $PATH"], timeout=10, env={"MINE": "1"})
    assert f"1\n{os.environ['PATH']}\n" == said


def test_sigterm_interrupts_what_is_interruptible() -> None:
    """And afterwards it means what it did before."""
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), process.interruptible():
        signal.raise_signal(signal.SIGTERM)
    assert before == signal.getsignal(signal.SIGTERM)


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["/no/such/program"], r"^trying: can't run /no/such/program: No such file or directory$"),
        (["sh", "-c", "echo oops >&2; exit 7"], r"^trying: sh ended with 7: oops$"),
        (["sh", "-c", "exit 1"], r"^trying: sh ended with 1: it said nothing$"),
        (["sleep", "60"], r"^trying: sleep was not done after 0.2 s$"),
    ],
)
def test_a_program_that_fails_is_one_sentence(argv: list[str], sentence: str) -> None:
    """Not found, a bad exit and a passed deadline are LabErrors that say what was attempted and found."""
    with pytest.raises(LabError, match=sentence):
        process.run("trying", argv, timeout=0.2 if argv[0] == "sleep" else 10)


def test_a_log_has_both_streams_and_the_error_names_it(tmp_path: Path) -> None:
    """With a log, earlier lines stay in it, and only this run's last words are in the error."""
    log = tmp_path / "log"
    log.write_text("earlier\n")
    with pytest.raises(LabError, match=rf"ended with 3: out \| err \(all of it: {log}\)"):
        process.run("trying", ["sh", "-c", "echo out; echo err >&2; exit 3"], timeout=10, log=log)
    assert "earlier\nout\nerr\n" == log.read_text()


def test_a_passed_deadline_ends_grandchildren_too(tmp_path: Path) -> None:
    """What the program started is ended with it."""
    pid_file = tmp_path / "pid"
    script = f"sleep 60 & echo $! > {pid_file}; wait"
    with pytest.raises(LabError, match="not done"):
        process.run("trying", ["sh", "-c", script], timeout=0.5)
    pid = int(pid_file.read_text())
    wait_for("its end", lambda: not is_running(pid), deadline=5, clock=WallClock(), every=0.01)


def test_an_interrupt_ends_the_program(tmp_path: Path) -> None:
    """Ctrl-C while a program runs takes the program along and is passed on."""
    pid_file = tmp_path / "pid"
    code = (
        "import signal; from alertdrill.machine import process\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"process.run('trying', ['sh', '-c', 'echo $$ > {pid_file}; exec sleep 60'], timeout=60)"
    )
    with subprocess.Popen([PYTHON, "-c", code], stderr=subprocess.DEVNULL) as child:
        wait_for(
            "the program", lambda: pid_file.exists() and pid_file.read_text(), deadline=20, clock=WallClock()
        )
        child.send_signal(signal.SIGINT)
        child.wait(20)
    assert not is_running(int(pid_file.read_text()))


def is_running(pid: int) -> bool:
    """Return whether a process is there and is no zombie."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_what_does_not_stop_when_asked_is_killed() -> None:
    """A program that ignores TERM is gone after the grace."""
    # It sleeps so that only a kill can end it in time.
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    with subprocess.Popen([PYTHON, "-c", code], stdout=subprocess.PIPE, process_group=0) as child:
        assert child.stdout
        assert b"up\n" == child.stdout.readline()
        process.kill_group(child, grace=0.1)
        assert -9 == child.returncode


@pytest.mark.parametrize(
    ("said", "words"),
    [(b"", "it said nothing"), (b"\n \n", "it said nothing"), (b"1\n2\n\n3\n4\n5", "2 | 3 | 4 | 5")],
)
def test_last_words(said: bytes, words: str) -> None:
    """The last non-empty lines are joined; silence is said."""
    assert words == process.last_words(said)


def test_bytes_that_are_no_text_do_not_break_the_error() -> None:
    """Output that is no UTF-8 is shown as well as it can be."""
    assert "�" == process.last_words(b"\xff")
