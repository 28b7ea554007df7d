"""A real VictoriaMetrics for as long as it is asked, and its vmalert, for backtests to be held against."""

import json
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import requests

from alertdrill.engine import remote_write
from alertdrill.errors import LabError
from alertdrill.incident import Series
from alertdrill.machine.tools import victoria_metrics
from e2e import servers

READY_SECONDS_MAX = 60.0
REPLY_SECONDS_MAX = 300.0
GENERATED = re.compile(r"generated (\d+) samples")


@contextmanager
def started(*flags: str) -> Iterator[str]:
    """Yield the address of a server that holds nothing yet; it is on loopback, and gone in the end."""
    program = victoria_metrics.built() / victoria_metrics.SERVER
    with tempfile.TemporaryDirectory(prefix="alertdrill-victoria-") as folder:
        address = servers.free_address()
        words = [f"-storageDataPath={folder}/data", f"-httpListenAddr={address}", "-retentionPeriod=1y"]
        ready = f"http://{address}/health"
        with servers.running(
            [program, *words, *flags], Path(folder), ready=ready, seconds_max=READY_SECONDS_MAX
        ):
            yield f"http://{address}"


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
            f"-httpListenAddr={servers.free_address()}",
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
