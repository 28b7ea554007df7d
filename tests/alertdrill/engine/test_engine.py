"""The throw-away Prometheus: what is written is what is answered, and it ends with us."""

import math
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import filelock
import pytest

from alertdrill import engine
from alertdrill.clock import NotYet, WallClock, wait_for
from alertdrill.engine import Engine
from alertdrill.errors import LabError
from alertdrill.incident import STALE, Series
from alertdrill.machine import tools
from alertdrill.machine.daemon import find

LONG_AGO = 1_500_000_000  # no clock of this machine has been there
STEP = 15


def series(name: str, *values: float | str, first: int = LONG_AGO, **labels: str) -> Series:
    """Return a series with a sample every 15 s."""
    times = tuple((first + STEP * number) * 1000 for number in range(len(values)))
    return Series(labels={"__name__": name, **labels}, timestamps=times, values=values)  # type: ignore[arg-type]


def ask(running: Engine, promql: str, steps: int, *, lookback: float = 300) -> list[Series]:
    """Return what an expression was at the first so many steps."""
    return running.ask(promql, start=LONG_AGO, end=LONG_AGO + STEP * steps, step=STEP, lookback=lookback)


WAITING = """
import signal
from concurrent.futures import ThreadPoolExecutor
from alertdrill import engine
from alertdrill.cli.main import _interrupt

def ask():
    with engine.started() as running:
        print("asking", flush=True)
        slow = "max_over_time(rate((time() * vector(1))[1h:100ms])[12h:1s])"
        running.ask(slow, start=0, end=200_000, step=3)

signal.signal(signal.SIGTERM, _interrupt)
with ThreadPoolExecutor(1) as pool:
    pool.submit(ask).result()
"""


@pytest.fixture(scope="module")
def running() -> Iterator[Engine]:
    """Start one engine for all tests here."""
    with engine.started() as one:
        yield one


def test_what_is_written_is_what_is_answered(running: Engine) -> None:
    """Every sample comes back at its own time, to the last bit, however long ago it was."""
    written = series("written", 1.5, -0.0, 1e300, 0.1, math.inf, b="2", a="é \n")
    running.write([written])
    assert [written] == ask(running, "written", 4)


def test_times_of_any_length_are_written(running: Engine) -> None:
    """A series from before there were computers on is written as it is, markers between."""
    times = (-(10**12), -5, 0, 1, 130, 20_000, 10**7, 10**12)
    values = (1.0, STALE, 2.0, STALE, STALE, 3.0, math.nan, STALE)
    running.write([Series(labels={"__name__": "old"}, timestamps=times, values=values)])
    (found,) = running.prometheus.samples("old", start=-(10**9) - 1, end=10**9)
    kept = [(ms, value) for ms, value in zip(times, values, strict=True) if value != STALE]
    assert repr(kept) == repr(list(zip(found.timestamps, found.values, strict=True)))


def test_samples_may_come_in_any_order(running: Engine) -> None:
    """What is written later may be older by years."""
    running.write([series("newer", 1.0, first=LONG_AGO + 10**8)])
    running.write([series("older", 2.0)])
    assert [2.0] == list(ask(running, "older", 0)[0].values)


def test_a_staleness_marker_ends_a_series(running: Engine) -> None:
    """After a marker the series is not there, although its last sample is young; a gap alone is bridged."""
    running.write([series("ended", 1.0, 1.0, STALE), series("gap", 1.0, 1.0)])
    seconds = [
        tuple((ms // 1000 - LONG_AGO) // STEP for ms in one.timestamps) for one in ask(running, "ended", 4)
    ]
    assert [(0, 1)] == seconds
    assert 5 == len(ask(running, "gap", 4)[0].values)


def test_how_long_a_sample_counts_is_asked_for(running: Engine) -> None:
    """A lab looks back for a shorter time."""
    running.write([series("once", 1.0)])
    assert [2, 21] == [len(ask(running, "once", 30, lookback=seconds)[0].values) for seconds in (30, 301)]


def test_more_than_one_request_and_answer(running: Engine) -> None:
    """More samples than fit in a request are all written, and more steps than fit in an answer all told."""
    many = 30_000
    running.write([series("long", *map(float, range(many)), x=x) for x in "ab"])
    assert [tuple(map(float, range(many)))] * 2 == [one.values for one in ask(running, "long", many - 1)]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (
            Series(labels={"a": "b"}, timestamps=(1,), values=(1.0,)),
            "{'a': 'b'} is no series, which has a name",
        ),
        (Series(labels={"__name__": "x", "": "b"}, timestamps=(1,), values=(1.0,)), "is no series"),
        (
            Series(labels={"__name__": "x"}, timestamps=(2, 2), values=(1.0, 2.0)),
            "the times of .* don't ascend",
        ),
    ],
)
def test_what_would_be_left_out_without_a_word_is_refused(running: Engine, bad: Series, why: str) -> None:
    """A series without a name, and two samples of one moment, would be missed by nobody."""
    with pytest.raises(LabError, match=f"writing samples into the engine: .*{why}"):
        running.write([bad])


def test_what_the_engine_does_not_understand_is_lab_trouble(running: Engine) -> None:
    """Bytes that are no samples, and an expression that is none, are told with its own words."""
    broken = Engine(f"{running.url}/no/such/path")
    with pytest.raises(LabError, match="writing samples into the engine: it answered 40"):
        broken.write([series("x", 1.0)])
    with pytest.raises(LabError, match="asking Prometheus for up >"):
        ask(running, "up >", 1)


def test_the_version_is_shown(running: Engine) -> None:
    """An answer can say which Prometheus gave it."""
    assert re.fullmatch(r"3\.\d+\.\d+.*", running.version)


def test_an_engine_leaves_nothing() -> None:
    """It listens on loopback only, and its process and folder are gone when it is done with."""
    with engine.started() as one:
        (word,) = {word for word in _flags(one) if word.startswith("--storage.tsdb.path=")}
        assert one.url.startswith("http://127.0.0.1:")
    assert ([], False) == (find(word), Path(word.partition("=")[2]).parent.exists())
    with pytest.raises(LabError, match="writing samples into the engine: "):
        one.write([series("x", 1.0)])


def _flags(one: Engine) -> list[str]:
    """Return the command line of an engine."""
    port = one.url.rpartition(":")[2]
    listening = subprocess.run(
        ["ss", "-Hltnp", f"sport = :{port}"], check=True, capture_output=True, text=True
    ).stdout
    pid = re.search(r"pid=(\d+)", listening)
    assert pid is not None
    return Path(f"/proc/{pid[1]}/cmdline").read_text().split("\0")


PROGRAM = """
import time
from alertdrill import engine
with engine.started() as one:
    print(one.url, flush=True)
    time.sleep(60)  # until it is killed, or long after
"""


def test_an_engine_ends_with_the_process_that_started_it() -> None:
    """Killed without a word, that process takes the engine with it."""
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        one = Engine(parent.stdout.readline().strip())
        assert one.prometheus.ready()
        parent.send_signal(signal.SIGKILL)

    def is_gone() -> bool:
        if one.prometheus.ready():
            raise NotYet(one.url)
        return True

    assert wait_for("the engine to end", is_gone, deadline=10, clock=WallClock(), every=0.05)


def test_what_an_engine_left_that_was_killed_is_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is held, or has just been made, may be somebody's."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("left", "held", "new"):
        (tmp_path / f"alertdrill-engine-{name}" / "data").mkdir(parents=True)
    long_ago = time.time() - 3600
    with filelock.FileLock(tmp_path / "alertdrill-engine-held" / "held"):
        for name in ("left", "held"):
            os.utime(tmp_path / f"alertdrill-engine-{name}", (long_ago, long_ago))
        with engine.started():
            pass
        assert {"alertdrill-engine-held", "alertdrill-engine-new"} == {one.name for one in tmp_path.iterdir()}


def test_a_program_that_is_no_engine_is_lab_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ends at once, or can't be run at all, is told with its last words."""
    program = tmp_path / "prometheus"
    program.write_text("#!/bin/sh\necho no space left >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr(tools, "prometheus", lambda: program)
    with (
        pytest.raises(LabError, match="starting the engine: it ended with 3: no space left"),
        engine.started(),
    ):
        raise AssertionError
    monkeypatch.setattr(tools, "prometheus", lambda: tmp_path)
    monkeypatch.setenv("PATH", os.devnull)
    with (
        pytest.raises(LabError, match=r"starting the engine: can't run .*: Permission denied"),
        engine.started(),
    ):
        raise AssertionError


def test_many_series_of_hours_take_seconds(running: Engine) -> None:
    """Two hundred series of three hours, 144,000 samples, are written and asked within ten seconds."""
    began = time.monotonic()
    values = tuple(map(float, range(720)))
    running.write(series("much", *values, x=str(number)) for number in range(200))
    assert {200.0} == set(ask(running, "count(rate(much[1m]) > 0)", 719)[0].values)
    assert time.monotonic() - began < 10


def test_who_interrupts_does_not_wait_for_an_answer() -> None:
    """The engine ends, and with it a question that takes a minute."""
    waiting = subprocess.Popen(
        [sys.executable, "-c", WAITING], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with waiting:
        assert waiting.stdout
        assert b"asking\n" == waiting.stdout.readline()
        time.sleep(0.5)  # until the question is under way
        waiting.send_signal(signal.SIGTERM)
        _, said = waiting.communicate(timeout=20)
    assert b"KeyboardInterrupt" == said.splitlines()[-1]
