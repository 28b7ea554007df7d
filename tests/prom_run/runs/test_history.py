"""Runs on disk survive restarts, crashes and full disks."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter_kit.files import ASIDE
from prom_run.runs.history import InMemory, OnDisk
from prom_run.runs.output import Output
from prom_run.runs.record import Record, Run

WRITER = """
import sys
from pathlib import Path
from prom_run.runs.history import OnDisk
from prom_run.runs.output import Output
from prom_run.runs.record import Record, Run
history = OnDisk(Path(sys.argv[1]))
print("ready", flush=True)
number = int(sys.argv[2])
while True:
    number += 1
    run = Run(id=f"{number:017d}", command="x", started=number, duration=1, outcome="success", exit_code=0)
    history.add(Record(run, Output("x" * 100_000)), 5)
"""


def record(number: int, text: str = "") -> Record:
    """Return a record that was made at a time."""
    run = Run(
        id=f"{number:017d}",
        command="x",
        started=number,
        duration=1.5,
        outcome="failure",
        exit_code=2,
        note=text,
    )
    return Record(run, Output(text, text, len(text), 3))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text())
def test_what_was_kept_is_found_again(tmp_path: Path, text: str) -> None:
    """A run and its output come back as they were, whatever was printed."""
    history = OnDisk(tmp_path / "x")
    kept = record(1, text)
    history.add(kept, 5)
    assert [kept.run] == OnDisk(tmp_path / "x").load()
    assert kept.output == history.output(kept.run.id)


def test_the_oldest_are_forgotten(tmp_path: Path) -> None:
    """As many runs are kept as was asked for, oldest first."""
    history = OnDisk(tmp_path)
    for number in range(10):
        history.add(record(number), 3)
    assert [7, 8, 9] == [run.started for run in history.load()]
    assert history.output(record(1).run.id) is None


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff", b'{"run": 1}', b"[]", None])
def test_a_damaged_file_is_left_out(tmp_path: Path, damage: bytes | None) -> None:
    """A file that can't be read, or is of another version, hides no other run."""
    history = OnDisk(tmp_path)
    for number in (1, 2):
        history.add(record(number), 5)
    file = tmp_path / f"{1:017d}.json"
    file.write_bytes(file.read_bytes().replace(b'"format":1', b'"format":2') if damage is None else damage)
    assert [2] == [run.started for run in history.load()]
    assert history.output(record(1).run.id) is None


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """The caller is told that a run could not be kept."""
    (tmp_path / "x").write_text("")
    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        OnDisk(tmp_path / "x").add(record(1), 5)


def test_killed_at_any_moment_it_is_whole(tmp_path: Path) -> None:
    """After twelve kills in the middle of writing, every run is whole and nothing else is left."""
    chance = random.Random(7)  # noqa: S311  # repeatable, no secret
    last = 0
    for _ in range(12):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(last)], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout
            assert b"ready\n" == writer.stdout.readline()
            with pytest.raises(subprocess.TimeoutExpired):
                writer.wait(chance.uniform(0.01, 0.1))
            writer.send_signal(signal.SIGKILL)
        files = sorted(tmp_path.glob("*.json"))
        for file in files:
            assert len(msgspec.json.decode(file.read_bytes(), type=Record).output.head) == 100_000
        runs = OnDisk(tmp_path).load()
        assert len(runs) == len(files)
        assert not list(tmp_path.glob(f"{ASIDE}*"))
        last = int(runs[-1].id) if runs else last
    assert last > 12


def test_in_memory_the_last_outputs_are_kept() -> None:
    """Without a folder a few outputs stay, and nothing is found at the start."""
    history = InMemory()
    for number in range(30):
        history.add(record(number, "text"), 100)
    assert [] == history.load()
    assert history.output(record(3).run.id) is None
    assert record(29, "text").output == history.output(record(29).run.id)
