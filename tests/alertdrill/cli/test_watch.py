"""At each save it is told what the rules do now, and nothing that is saved ends the watch."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from alertdrill import data
from alertdrill.cli.watch import go_on
from alertdrill.clock import WallClock

RUN = "from alertdrill.cli import main; main()"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """Return a rule file to edit."""
    return Path(shutil.copy(data.path("rules", "pods.rules.yaml"), tmp_path / "pods.rules.yaml"))


@pytest.fixture
def watching(rules: Path) -> Iterator[subprocess.Popen[str]]:
    """Watch a folder of rules, with the recordings of this repository."""
    incidents = str(data.path("fixtures", "incidents"))
    command = [sys.executable, "-uc", RUN, "watch", str(rules.parent), "--incidents", incidents]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "watching 2 rules, held against 5 recordings; Ctrl-C ends it\n" == process.stdout.readline()
        yield process
        process.send_signal(signal.SIGINT)
        assert 130 == process.wait(20)


def said(process: subprocess.Popen[str], last: str) -> str:
    """Return what is said up to a line that begins so."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith(last):
            break
    return "".join(lines)


def test_each_save_is_gated(rules: Path, watching: subprocess.Popen[str]) -> None:
    """A rule that falls silent is told, one that can't be read too, and what is taken back is no change."""
    before = rules.read_text()
    begun = time.monotonic()
    rules.write_text(before.replace("[10m]) > 0", "[1m]) > 1/300"))
    assert "no-longer-fires PodRestartingTooMuch (warning)  [pods/crash-loop]" in said(watching, "in ")
    assert time.monotonic() - begun < 20  # two on a machine that does nothing else
    rules.write_text("groups: [{name: g, rules: [{alert: A}]}]\n")
    assert f"{rules}:1: " in said(watching, str(rules))
    rules.write_text(before)
    assert "PASS: nothing that alerts do has changed" in said(watching, "in ")


class Interrupted:
    """An object during whose clean-up somebody presses Ctrl-C."""

    def __del__(self) -> None:
        """Get the signal where Python prints what is raised, and goes on."""
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_that_python_drops_ends_a_watch_all_the_same(rules: Path) -> None:
    """It came while an object was cleaned up after."""

    def again() -> None:
        Interrupted()

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        go_on([rules], again, WallClock(), seen=None)
    assert before is signal.getsignal(signal.SIGINT)
