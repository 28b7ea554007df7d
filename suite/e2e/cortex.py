"""A real Cortex for as long as it is asked: all of it in one process, its data in files, for several tenants.

Mimir was made of it, and deals with tenants as it does: who says none in X-Scope-OrgID is told nothing.
"""

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import requests

from alertdrill.clock import WallClock, wait_for
from alertdrill.engine import remote_write
from alertdrill.incident import Series
from alertdrill.machine.process import kill_group
from alertdrill.machine.tools import cortex
from e2e.victoria import free_address, is_ready

PREFIX = "/prometheus"
READY_SECONDS_MAX = 120.0
REPLY_SECONDS_MAX = 60.0
# What is scraped at one time comes together, as from an agent; what is much older than the newest is refused.
TOGETHER_MS = 900_000
FLAGS = (
    "-target=all",
    "-auth.enabled=true",
    "-ring.store=inmemory",
    "-distributor.replication-factor=1",
    "-ingester.min-ready-duration=0s",
    # Each part finds the others where they listen, and not at this machine's address on a network.
    *(
        f"-{part}=127.0.0.1"
        for part in (
            "alertmanager.sharding-ring.instance-addr",
            "compactor.ring.instance-addr",
            "distributor.ring.instance-addr",
            "frontend.instance-addr",
            "ingester.lifecycler.addr",
            "querier.instance-addr",
            "ruler.ring.instance-addr",
            "store-gateway.sharding-ring.instance-addr",
        )
    ),
    "-blocks-storage.backend=filesystem",
    "-ruler-storage.backend=filesystem",
    "-alertmanager-storage.backend=filesystem",
    "-alertmanager.web.external-url=http://localhost/alertmanager",
)


@contextmanager
def started() -> Iterator[str]:
    """Yield the address of a server that holds nothing yet; it is on loopback, and gone in the end."""
    with tempfile.TemporaryDirectory(prefix="alertdrill-cortex-") as folder:
        address = free_address()
        words = [str(cortex.built()), *FLAGS, *_listening(address, free_address()), *_folders(folder)]
        with (Path(folder) / "log").open("wb") as log:
            running = subprocess.Popen(words, stdout=log, stderr=log, cwd=folder, process_group=0)
        try:
            wait_for(
                "Cortex to be ready",
                lambda: is_ready(f"http://{address}/ready"),
                deadline=READY_SECONDS_MAX,
                clock=WallClock(),
                every=0.2,
            )
            yield f"http://{address}"
        finally:
            kill_group(running, grace=0)


def _listening(http: str, grpc: str) -> Iterator[str]:
    for kind, address in (("http", http), ("grpc", grpc)):
        host, port = address.split(":")
        yield f"-server.{kind}-listen-address={host}"
        yield f"-server.{kind}-listen-port={port}"


def _folders(folder: str) -> Iterator[str]:
    for flag in (
        "blocks-storage.filesystem.dir",
        "blocks-storage.tsdb.dir",
        "blocks-storage.bucket-store.sync-dir",
        "compactor.data-dir",
        "ruler-storage.filesystem.dir",
        "ruler.rule-path",
        "alertmanager-storage.filesystem.dir",
        "alertmanager.storage.path",
    ):
        yield f"-{flag}={folder}/{flag}"


def write(url: str, tenant: str, series: Sequence[Series]) -> None:
    """Give it samples of a tenant, as they would have come."""
    headers = {**remote_write.HEADERS, "X-Scope-OrgID": tenant}
    first = min(one.timestamps[0] for one in series)
    last = max(one.timestamps[-1] for one in series)
    with requests.Session() as session:
        for start in range(first, last + 1, TOGETHER_MS):
            for body in remote_write.requests(_part(series, start, start + TOGETHER_MS)):
                reply = session.post(f"{url}/api/v1/push", body, headers=headers, timeout=REPLY_SECONDS_MAX)
                reply.raise_for_status()


def _part(series: Sequence[Series], start: int, end: int) -> Iterator[Series]:
    """Yield what series have of a time; its end is not in it."""
    for one in series:
        there = [n for n, ms in enumerate(one.timestamps) if start <= ms < end]
        if there:
            yield msgspec.structs.replace(
                one,
                timestamps=tuple(one.timestamps[n] for n in there),
                values=tuple(one.values[n] for n in there),
            )
