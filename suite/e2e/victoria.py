"""A real VictoriaMetrics for as long as it is asked, and its vmalert, for backtests to be held against."""

import json
import re
import socket
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import requests

from alertdrill.clock import WallClock, wait_for
from alertdrill.engine import remote_write
from alertdrill.errors import LabError
from alertdrill.incident import Series
from alertdrill.machine.process import kill_group
from alertdrill.machine.tools import victoria_metrics

READY_SECONDS_MAX = 60.0
REPLY_SECONDS_MAX = 300.0
GENERATED = re.compile(r"generated (\d+) samples")


@contextmanager
def started(*flags: str) -> Iterator[str]:
    """Yield the address of a server that holds nothing yet; it is on loopback, and gone in the end."""
    program = victoria_metrics.built() / victoria_metrics.SERVER
    with tempfile.TemporaryDirectory(prefix="alertdrill-victoria-") as folder:
        address = free_address()
        words = [f"-storageDataPath={folder}/data", f"-httpListenAddr={address}", "-retentionPeriod=1y"]
        with (Path(folder) / "log").open("wb") as log:
            running = subprocess.Popen([program, *words, *flags], stdout=log, stderr=log, process_group=0)
        try:
            wait_for(
                "VictoriaMetrics to be ready",
                lambda: is_ready(f"http://{address}/health"),
                deadline=READY_SECONDS_MAX,
                clock=WallClock(),
                every=0.05,
            )
            yield f"http://{address}"
        finally:
            kill_group(running, grace=0)


def free_address() -> str:
    """Return an address on loopback at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        return f"127.0.0.1:{one.getsockname()[1]}"


def is_ready(url: str) -> bool:
    """Say whether a server answers at an address that all is well."""
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


def write(url: str, series: Iterable[Series]) -> None:
    """Give it samples, and wait until it finds them."""
    with requests.Session() as session:
        for body in remote_write.requests(series):
            reply = session.post(
                f"{url}/api/v1/write", body, headers=remote_write.HEADERS, timeout=REPLY_SECONDS_MAX
            )
            reply.raise_for_status()
        session.get(f"{url}/internal/force_flush", timeout=REPLY_SECONDS_MAX).raise_for_status()


def replay(url: str, rules: Mapping[str, object], start: int, end: int, interval: int) -> int:
    """Have vmalert replay rules on a server's past, as fast as it can; return how many samples it wrote.

    Rules that don't read each other need no pause between them, and one question each.
    """
    with tempfile.TemporaryDirectory(prefix="alertdrill-vmalert-") as folder:
        file = Path(folder) / "rules.yaml"
        file.write_text(json.dumps(rules))
        words = (
            f"-rule={file}",
            f"-datasource.url={url}",
            f"-remoteWrite.url={url}",
            f"-httpListenAddr={free_address()}",
            f"-replay.timeFrom={_moment(start)}",
            f"-replay.timeTo={_moment(end)}",
            f"-replay.maxDatapointsPerQuery={(end - start) // interval + 1}",
            "-remoteWrite.maxQueueSize=10000000",  # it ends where what it found can't be written as fast
            "-replay.rulesDelay=0s",
            "-replay.disableProgressBar",
        )
        program = victoria_metrics.built() / victoria_metrics.VMALERT
        ended = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    said = GENERATED.search(ended.stdout + ended.stderr)
    if ended.returncode or said is None:
        raise LabError(f"replaying rules by vmalert: it ended with {ended.returncode}: {ended.stderr[-300:]}")
    return int(said[1])


def _moment(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
