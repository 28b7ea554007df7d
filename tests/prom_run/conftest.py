"""Real runs of real commands, in this process or in a prom-run of its own."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from exporter_kit.masks import Masks
from prom_run.runs import procfs
from prom_run.runs.children import Children
from prom_run.runs.command import Command
from prom_run.runs.execution import Execution
from prom_run.runs.record import Record

LISTENING = re.compile(r'address(?:=|": ")(127\.0\.0\.1:\d+)')
# As in its image, which has no rich: where there is one structlog loads it, which takes a third of a start.
PROM_RUN = "import sys; sys.modules['rich'] = None; from prom_run.cli import main; main()"
RunOne = Callable[..., Record]
Start = Callable[..., "PromRun"]


async def executed(*argv: str, masks: Masks | None = None, **fields: Any) -> Record:
    """Run a command once; `stop_after` ends it early, `adopting` is whether orphans become our children."""
    stop_after, adopting = fields.pop("stop_after", None), fields.pop("adopting", True)
    records: list[Record] = []
    children = Children()
    children.open()
    children._adopts &= adopting  # noqa: SLF001  # as on a kernel that can't
    command = Command(**{"name": "x", "argv": argv, "timeout": 20, "kill_after": 1, **fields})
    run = Execution(command, number="1", trigger="request", masks=masks or Masks(), record=records.append)
    if stop_after is not None:
        asyncio.get_running_loop().call_later(stop_after, run.stop)
    try:
        await run.run(children)
    finally:
        children.close()
    (record,) = records
    return record


@pytest.fixture
def run_one() -> Iterator[RunOne]:
    """Return a function that runs a command once; afterwards nothing of it may be left."""
    before = procfs.children()

    def run(*argv: str, **fields: Any) -> Record:
        return asyncio.run(executed(*argv, **fields))

    yield run
    assert frozenset() == procfs.children() - before


def alive(word: str) -> list[int]:
    """Return the processes that have a word in their command line, zombies aside."""
    found = []
    for process in procfs.processes():
        try:
            line = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        except OSError:
            continue
        if word.encode() in line.split(b"\0") and process.pid != os.getpid():
            found.append(process.pid)
    return found


@dataclass
class PromRun:
    """A prom-run of its own, listening on a free port."""

    process: subprocess.Popen[str]
    url: str
    log: Path

    def get(self, path: str, **more: Any) -> requests.Response:
        """Ask for a page."""
        return requests.get(self.url + path, timeout=10, **more)

    def post(self, path: str, **more: Any) -> requests.Response:
        """Ask for a run."""
        return requests.post(self.url + path, timeout=10, **more)

    def metric(self, sample: str) -> float | None:
        """Return the value of a sample, written as in the exposition."""
        for line in self.get("/metrics").text.splitlines():
            if line.startswith(sample + " "):
                return float(line.rpartition(" ")[2])
        return None

    def wait_for(self, what: Callable[["PromRun"], Any]) -> Any:
        """Return the first truthy answer."""
        for _ in range(200):
            if found := what(self):
                return found
            with pytest.raises(subprocess.TimeoutExpired):
                self.process.wait(0.05)
        pytest.fail(f"it never came: {self.log.read_text()}")

    def end(self, number: int) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(20)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts prom-run with arguments, and waits until it listens."""
    started: list[PromRun] = []

    def run(*words: str, before: tuple[str, ...] = (), listens: bool = True, scheme: str = "http") -> PromRun:
        log = tmp_path / f"log{len(started)}"
        argv = [*before, sys.executable, "-c", PROM_RUN, "-listen-addr=127.0.0.1:0", *words]
        with log.open("w") as stream:
            process = subprocess.Popen(argv, stderr=stream, stdout=stream, text=True)
        running = PromRun(process, "", log)
        started.append(running)
        if listens:
            running.url = (
                f"{scheme}://" + running.wait_for(lambda it: LISTENING.search(it.log.read_text()))[1]
            )
        return running

    yield run
    for running in started:
        running.process.terminate()  # which ends its children too, as killing it would not
        running.process.wait(20)
