"""`python -m bench.backtest`: 150 alerts over 2 days of 10,000 series at 30 s, beside their source.

The source is a real Prometheus that has 58 million samples: those of a hundred series, each under a hundred
names. Time is that of the whole command, memory that of it and of its engine, without the source.

Then `vmalert -replay` runs the same rules on the same samples, without pauses, two rules at a time and one
question for each: first beside that Prometheus, then beside a VictoriaMetrics, as its makers mean it to be
run. Where these can't be built it is left out.
"""

import itertools
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import click
import requests

from alertdrill import engine
from alertdrill.engine import Engine
from alertdrill.engine.block import Blocks
from alertdrill.errors import LabError
from alertdrill.incident import Series
from alertdrill.prometheus import remote_read
from alertdrill.prometheus.remote_read import Chunk, Matcher
from e2e import victoria

SERIES, DAYS = 10_000, 2.0
SECONDS_MAX, MEBIBYTES_MAX = 60.0, 1024.0
KEPT = ("nothing kept", "all kept")
EVERY_MS = 30_000
PATTERNS = 100
ALERTS = METRICS = 150
EXPRESSIONS = (
    "rate({metric}[5m]) > 0.9",
    "sum by (job) (rate({metric}[5m])) > 60",
    "avg by (zone) (rate({metric}[10m])) / ignoring (zone) group_left avg(rate({metric}[10m])) > 1.5",
    "max_over_time({metric}[10m]) - min_over_time({metric}[10m]) > 500",
    "{metric} unless {metric} offset 5m",
)


class Figure(NamedTuple):
    """One backtest: its seconds, the MiB of it and its engine, and what it said."""

    seconds: float
    mebibytes: float
    samples: int
    alerts: int
    fired: int


@click.command(context_settings={"show_default": True})
@click.option("--series", default=SERIES, help="How many there are.")
@click.option("--days", default=DAYS, help="How far they go back.")
def main(series: int, days: float) -> None:
    """Measure one backtest, once with nothing in the cache and once with all of it.

    Ends with 1 where one of the sizes that are promised for takes longer, or more memory.
    """
    end = int(time.time()) // 3600 * 3600
    promised = (series, days) == (SERIES, DAYS)
    bound = f" (promised ≤ {SECONDS_MAX:g} s, {MEBIBYTES_MAX:g} MiB)" if promised else ""
    with tempfile.TemporaryDirectory() as temporary, filled(series, days, end) as source:
        found = []
        for kept, one in zip(KEPT, measured(Path(temporary), source, days, ALERTS), strict=True):
            click.echo(
                f"{kept}: {one.seconds:.1f} s, {one.mebibytes:.0f} MiB{bound},"
                f" {one.samples / 1e6:.1f} million samples, {one.alerts} alerts that fired {one.fired} times"
            )
            found.append(one)
        _tell_peer("the same Prometheus", lambda: _replayed(source.url, days, end), found[0])
    _tell_peer("VictoriaMetrics", lambda: _replayed_by_victoria(series, days, end), found[0])
    over = any(one.seconds > SECONDS_MAX or one.mebibytes > MEBIBYTES_MAX for one in found)
    sys.exit(int(promised and over))


def _tell_peer(source: str, replay: Callable[[], tuple[float, int]], ours: Figure) -> None:
    try:
        theirs, samples = replay()
    except LabError as error:
        click.echo(f"vmalert beside {source} is left out: {error}")
    else:
        click.echo(
            f"vmalert -replay beside {source}: {theirs:.1f} s, {samples} samples of alerts written;"
            f" {theirs / ours.seconds:.2f}x as long as a backtest with nothing kept"
        )


@contextmanager
def filled(series: int, days: float, end: int) -> Iterator[Engine]:
    """Yield the source."""
    patterns = _packed(_patterns(end, days))
    with engine.started(lambda data: _copied(data, patterns, series)) as source:
        yield source


def measured(folder: Path, source: Engine, days: float, alerts: int) -> Iterator[Figure]:
    """Yield a backtest with nothing kept, and one with all kept."""
    (folder / "a.rules.yaml").write_text(json.dumps(_rules(alerts)))
    for _ in KEPT:
        seconds, mebibytes, said = _measured(folder, source, days)
        result = json.loads(said)
        fired = sum(one["noise"]["fired"] for one in result["alerts"])
        yield Figure(seconds, mebibytes, result["samples"], len(result["alerts"]), fired)


def _replayed(url: str, days: float, end: int) -> tuple[float, int]:
    """Return the seconds of vmalert's, and how many samples it wrote."""
    rules = {"groups": [{**group, "concurrency": 2} for group in _rules(ALERTS)["groups"]]}
    begun = time.monotonic()
    samples = victoria.replay(url, rules, end - round(days * 86_400), end, EVERY_MS // 1000)
    return time.monotonic() - begun, samples


def _replayed_by_victoria(series: int, days: float, end: int) -> tuple[float, int]:
    patterns = _patterns(end, days)
    with victoria.started() as source:
        victoria.write(
            source,
            (
                Series(labels=_labels(number), timestamps=times, values=values)
                for number in range(series)
                for times, values in (patterns[number % PATTERNS],)
            ),
        )
        return _replayed(source, days, end)


def _rules(alerts: int) -> dict[str, list[dict[str, object]]]:
    rules = [
        {
            "alert": f"Alert{n}",
            "expr": EXPRESSIONS[n % len(EXPRESSIONS)].format(metric=f"m{n % METRICS}_total"),
            "for": "5m",
        }
        for n in range(alerts)
    ]
    return {"groups": [{"name": "bench", "interval": "30s", "rules": rules}]}


def _patterns(end: int, days: float) -> list[tuple[tuple[int, ...], tuple[float, ...]]]:
    """Return the times and values of so many counters; the same each time."""
    many = int(days * 86_400_000 / EVERY_MS)
    times = tuple(end * 1000 - EVERY_MS * (many - number) for number in range(many))
    made = random.Random(0)  # noqa: S311  # no secret
    patterns = []
    for number in range(PATTERNS):
        steps = (made.random() * 30 * (1 + math.sin(place / 300 + number)) for place in range(many))
        patterns.append(
            (times, tuple(float(sum_) for sum_ in itertools.accumulate(round(step) for step in steps)))
        )
    return patterns


def _packed(patterns: list[tuple[tuple[int, ...], tuple[float, ...]]]) -> list[list[Chunk]]:
    """Return their chunks, as Prometheus packs them."""
    with engine.started() as packer:
        for number, (times, values) in enumerate(patterns):
            labels = {"__name__": "m", "n": str(number)}
            packer.write([Series(labels=labels, timestamps=times, values=values)])
        return [list(one) for one in _read(packer, times[0], times[-1])]


def _read(packer: Engine, first: int, last: int) -> Iterator[list[Chunk]]:
    body = remote_read.request([Matcher("__name__", "=", "m")], first, last)
    reply = requests.post(f"{packer.url}/api/v1/read", body, headers=remote_read.HEADERS, timeout=120)
    found: dict[object, list[Chunk]] = {}
    for frame in remote_read.frames(memoryview(reply.content)):
        for one in remote_read.chunked(frame):
            found.setdefault(one.labels, []).extend(one.chunks)
    yield from found.values()


def _copied(folder: Path, patterns: list[list[Chunk]], series: int) -> None:
    blocks = Blocks(folder)
    for number in range(series):
        labels = tuple(sorted(_labels(number).items()))
        for chunk in patterns[number % PATTERNS]:
            blocks.add(labels, chunk)
    blocks.close()


def _labels(number: int) -> dict[str, str]:
    return {
        "__name__": f"m{number % METRICS}_total",
        "instance": f"10.0.{number // 250}.{number % 250}:8080",
        "job": "bench",
        "zone": "abc"[number % 3],
    }


def _measured(folder: Path, source: Engine, days: float) -> tuple[float, float, str]:
    """Run the command; return its seconds, the MiB of it and all it started, and what it said."""
    hours = int(days * 24)
    command = ["-c", "from alertdrill.entry import main; main()", "backtest", str(folder / "a.rules.yaml")]
    options = ["--prometheus", source.url, "--since", f"{hours}h", "--format", "json", "--concurrency", "2"]
    cached = {**os.environ, "ALERTDRILL_CACHE": str(_cache(folder))}
    begun = time.monotonic()
    with subprocess.Popen(
        [sys.executable, *command, *options], stdout=subprocess.PIPE, text=True, env=cached
    ) as running:
        peak = [0.0]
        stop = threading.Event()
        watching = threading.Thread(target=_watch, args=(running.pid, peak, stop))
        watching.start()
        said, _ = running.communicate()
        seconds = time.monotonic() - begun
        stop.set()
        watching.join()
    return seconds, peak[0], said


def _cache(folder: Path) -> Path:
    """Return a cache that has the programs of this machine's, and no history."""
    real = Path(os.environ.get("ALERTDRILL_CACHE") or Path.home() / ".cache" / "alertdrill")
    own = folder / "cache"
    if not own.exists():
        own.mkdir()
        for one in real.iterdir():
            if one.name not in {"history", "locks"}:
                (own / one.name).symlink_to(one)
    return own


def _watch(pid: int, peak: list[float], stop: threading.Event) -> None:
    while not stop.wait(0.2):
        family = {pid}
        sizes = {}
        for entry in sorted(
            (one for one in Path("/proc").iterdir() if one.name.isdigit()), key=lambda one: int(one.name)
        ):
            try:
                status = (entry / "status").read_text()
            except OSError:
                continue  # it has just ended
            fields = dict(line.partition(":")[::2] for line in status.splitlines())
            if int(fields["PPid"]) in family or int(entry.name) == pid:
                family.add(int(entry.name))
                # What is mapped from files belongs to the machine, which takes it back when it wants.
                sizes[entry.name] = float(fields.get("RssAnon", "0 kB").split()[0]) / 1024
        peak[0] = max(peak[0], sum(sizes.values()))


if __name__ == "__main__":
    main()
