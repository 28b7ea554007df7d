"""What prom-run costs over plain fork and exec: `python -m bench.prom_run` prints it, in a minute or two.

All sides are measured in one process, taking turns, so that a busy machine is busy for all. Numbers are for
people; nothing fails by them.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click

from exporter_kit.masks import DEFAULT, Masks
from prom_run.runs import procfs
from prom_run.runs.children import Children
from prom_run.runs.command import Command
from prom_run.runs.execution import Execution
from prom_run.runs.record import Record

T = TypeVar("T")
MASKS = Masks.of(DEFAULT)
MEGABYTE = 1_000_000


@click.command()
@click.option("--runs", default=500, show_default=True, help="Runs per side for the overhead of one.")
@click.option("--gigabytes", default=5.0, show_default=True, help="Output for the memory it takes.")
def main(runs: int, gigabytes: float) -> None:
    """Measure and print one line per promise."""
    click.echo(f"python {sys.version.split()[0]}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    asyncio.run(_measure(runs, gigabytes))


async def _measure(runs: int, gigabytes: float) -> None:
    children = Children()
    children.open()
    try:
        click.echo(await _overhead(children, runs))
        click.echo(await _grandchild(children))
        click.echo(await _many(children))
        click.echo(await _leftovers(children))
        click.echo(await _flood(children, gigabytes))
    finally:
        children.close()


async def _run(children: Children, *argv: str, limit: float = 600.0) -> tuple[float, Record]:
    """Return the seconds from the spawn to the record, and the record."""
    found: list[tuple[float, Record]] = []
    command = Command(name="x", argv=argv, timeout=limit)
    begun = time.perf_counter()
    run = Execution(
        command,
        number=str(time.time_ns()),
        trigger="request",
        masks=MASKS,
        record=lambda record: found.append((time.perf_counter() - begun, record)),
    )
    await run.run(children)
    return found[0]


def _plain(*argv: str, session: bool) -> float:
    """Return the seconds that fork, exec, reading to the end and wait take by themselves."""
    begun = time.perf_counter()
    subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=True,
        start_new_session=session,
    )
    return time.perf_counter() - begun


async def _overhead(children: Children, runs: int) -> str:
    """Compare with plain fork and exec, and with the same in a session of its own, as a run must be.

    Where the kernel groups tasks by session (sched_autogroup_enabled), a new session alone takes milliseconds
    on a busy machine.
    """
    plain, session, ours, cpu = [], [], [], []
    for _ in range(runs):
        plain.append(_plain("true", session=False))
        session.append(_plain("true", session=True))
        busy = time.process_time()
        ours.append((await _run(children, "true"))[0])
        cpu.append(time.process_time() - busy)
    return (
        f"spawn to record, p50/p99: fork and exec {_both(plain)}, in a session {_both(session)}, prom-run "
        f"{_both(ours)}; ratio of medians {statistics.median(ours) / statistics.median(session):.2f}\n"
        f"processor time of prom-run itself per run: {_both(cpu)}"
    )


async def _grandchild(children: Children) -> str:
    line = "(trap '' TERM; sleep 60) & sleep 60"
    seconds, record = await _run(children, "/bin/sh", "-c", line, limit=1.0)
    return f"grandchild holds the pipe, timeout 1 s: {record.run.outcome} recorded after {seconds:.2f} s"


async def _many(children: Children) -> str:
    begun = time.perf_counter()
    await asyncio.gather(*(_run(children, "sleep", "0.5") for _ in range(100)))
    together = time.perf_counter() - begun
    return f"100 commands of 0.5 s side by side in one process: {together:.2f} s"


async def _leftovers(children: Children) -> str:
    before = _counts()
    for _ in range(1000):
        await _run(children, "true")
    after = _counts()
    names = ("descriptors", "threads", "zombies")
    return "1000 runs: " + ", ".join(f"{n} {a} → {b}" for n, a, b in zip(names, before, after, strict=True))


def _counts() -> tuple[int, int, int]:
    zombies = sum(each.parent == os.getpid() and each.state == "Z" for each in procfs.processes())
    return len(list(Path("/proc/self/fd").iterdir())), len(list(Path("/proc/self/task").iterdir())), zombies


async def _flood(children: Children, gigabytes: float) -> str:
    size = round(gigabytes * 1000) * MEGABYTE
    line = f"head -c {size} /dev/zero"
    idle = _resident()
    plain = _plain("/bin/sh", "-c", f"{line} | cat > /dev/null", session=False)
    peak, (seconds, record) = await _watched(lambda: _run(children, "/bin/sh", "-c", line))
    assert record.run.output_bytes == size
    return (
        f"{gigabytes:g} GB of output: {(peak - idle) / MEGABYTE:.1f} MB over {idle / MEGABYTE:.0f} MB idle, "
        f"{seconds:.1f} s against {plain:.1f} s through cat (ratio {seconds / plain:.1f})"
    )


async def _watched(work: Callable[[], Awaitable[T]]) -> tuple[int, T]:
    """Return the largest resident size while something was going on."""
    task = asyncio.ensure_future(work())
    peak = _resident()
    while not task.done():
        await asyncio.wait({task}, timeout=0.05)
        peak = max(peak, _resident())
    return peak, task.result()


def _resident() -> int:
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _both(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    middle, high = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    return f"{middle * 1000:.2f}/{high * 1000:.2f} ms"


if __name__ == "__main__":
    main()
