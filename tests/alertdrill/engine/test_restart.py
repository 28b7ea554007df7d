"""A restart of Prometheus: what is left of `for` is waited for, as the real one does it."""

import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from alertdrill.clock import NotYet, WallClock, wait_for
from alertdrill.engine import Engine
from alertdrill.engine.engine import CONFIG, FLAGS, LISTENING
from alertdrill.incident import Series, timeline
from alertdrill.machine import tools
from alertdrill.model import AlertState

pytestmark = pytest.mark.slow

STEP_MS, HOLD, GRACE = 250, 5.0, 1.0
BEFORE = {"waiting": 1.5, "nearly firing": 4.5, "firing": 7.0}
RULES = f"groups: [{{name: g, interval: {STEP_MS}ms, rules: [{{alert: A, expr: up == 1, for: {HOLD:g}s}}]}}]"


@contextmanager
def prometheus(folder: Path, name: str) -> Iterator[Engine]:
    """Run a Prometheus on a folder, which it leaves as it is."""
    flags = (
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--rules.alert.for-grace-period={GRACE:g}s",
    )
    log = folder / name
    with log.open("wb") as sink:
        process = subprocess.Popen([str(tools.prometheus()), *FLAGS, *flags], stdout=sink, stderr=sink)

    def address() -> str:
        listening = LISTENING.search(log.read_text())
        if not listening or not Engine(f"http://{listening[1]}").prometheus.ready():
            raise NotYet(log.read_text()[-300:])
        return f"http://{listening[1]}"

    try:
        yield Engine(wait_for("Prometheus", address, deadline=20, clock=WallClock(), every=0.05), folder)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def fired_again(before: float, folder: Path) -> tuple[float, float]:
    """Restart a Prometheus so long after it began; return when it must fire again, and when it did."""
    (folder / "prometheus.yml").write_text(CONFIG)
    clock = WallClock()
    with prometheus(folder, "first.log") as first:
        begun = round(clock.now() * 1000)
        times = tuple(range(begun, begun + 40_000, 100))
        first.write([Series(labels={"__name__": "up"}, timestamps=times, values=(1.0,) * len(times))])
        first.run_rules(RULES)
        clock.sleep(before)
    clock.sleep(1)
    with prometheus(folder, "second.log") as second:
        clock.sleep(HOLD + 3)
        seen = second.prometheus.samples("ALERTS", start=begun / 1000, end=clock.now())
        since = second.prometheus.samples("ALERTS_FOR_STATE", start=begun / 1000, end=clock.now())
    at = sorted({ms for one in seen for ms in one.timestamps})
    down, found = next((a, b) for a, b in pairwise(at) if b - a > 2 * STEP_MS)
    active = since[0].values[0]
    assert isinstance(active, float)
    # Nothing is written down until `for` is restored: what is found first is of the evaluation after that.
    up = found - timeline.RESTORING * STEP_MS
    resumed = timeline.resumed(active, down_at=down / 1000, now=(up + STEP_MS) / 1000, hold=HOLD, grace=GRACE)
    assert resumed is not None
    changes = timeline.states_of_runs(
        [(up, at[-1])], step_ms=STEP_MS, end_ms=at[-1], hold=HOLD, since_ms=round(resumed * 1000)
    )
    expected = next(one.t for one in changes if one.state is AlertState.FIRING)
    firing = [one for one in seen if one.labels["alertstate"] == "firing"]
    fired = min(ms for one in firing for ms in one.timestamps if ms > down) / 1000
    return expected, fired


@pytest.fixture(scope="module")
def restarted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[tuple[float, float]]]]:
    """Restart one at each of these moments, all at once: they do little but wait."""
    with ThreadPoolExecutor(len(BEFORE)) as pool:
        yield {
            name: pool.submit(fired_again, before, tmp_path_factory.mktemp("restart"))
            for name, before in BEFORE.items()
        }


@pytest.mark.parametrize("moment", BEFORE)
def test_a_for_goes_on_after_a_restart(
    moment: str, restarted: dict[str, Future[tuple[float, float]]]
) -> None:
    """Whether it was pending for long, for short or had fired: it fires again when the timeline says."""
    expected, fired = restarted[moment].result()
    # ALERTS_FOR_STATE is in whole seconds, and what is now is so a moment after an evaluation.
    assert expected == pytest.approx(fired, abs=1.0 + 2 * STEP_MS / 1000)
