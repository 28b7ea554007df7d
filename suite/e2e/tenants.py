"""A real Cortex or Mimir for as long as it is asked: all in one process, data in files, for several tenants.

Who says no tenant in X-Scope-OrgID is told nothing. What is older than half an hour is read from blocks, by
the store gateway: as where there are days of it.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import requests

from alertdrill.clock import NotYet, WallClock, wait_for
from alertdrill.engine import remote_write
from alertdrill.incident import STALE, Series
from alertdrill.machine.tools import go_servers
from alertdrill.machine.tools.go_servers import GoServer
from e2e import servers

PREFIX = "/prometheus"
READY_SECONDS_MAX = 120.0
REPLY_SECONDS_MAX = 60.0
SAID_MAX = 200  # characters of a refusal that are told
# What is scraped at one time comes together, as from an agent; what is much older than the newest is refused.
TOGETHER_MS = 900_000
LOCAL = "127.0.0.1"
OF_BOTH = (
    "-target=all",
    "-blocks-storage.backend=filesystem",
    "-blocks-storage.bucket-store.sync-interval=1s",
    "-querier.query-ingesters-within=30m",
    "-ruler-storage.backend=filesystem",
    "-alertmanager-storage.backend=filesystem",
    "-alertmanager.web.external-url=http://localhost/alertmanager",
)
# Each part finds the others where they listen, and not at this machine's address on a network.
PARTS_OF_MIMIR = (
    "alertmanager.sharding-ring",
    "compactor.ring",
    "distributor.ring",
    "ingester.ring",
    "query-scheduler.ring",
    "ruler.ring",
    "store-gateway.sharding-ring",
)


class Kind(NamedTuple):
    """One of the two: its program, what that is told, and by which ways it gives its past to a backtest."""

    program: GoServer
    flags: tuple[str, ...]
    way: str


CORTEX = Kind(
    go_servers.CORTEX,
    (
        *OF_BOTH,
        "-auth.enabled=true",
        "-ring.store=inmemory",
        "-distributor.replication-factor=1",
        "-ingester.min-ready-duration=0s",
        *(
            f"-{part}={LOCAL}"
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
        "-blocks-storage.bucket-store.bucket-index.enabled=false",  # it would be written every few minutes
        "-alertmanager.cluster.listen-address=",  # alone, and not heard by a network
    ),
    "samples",
)
MIMIR = Kind(
    go_servers.MIMIR,
    (
        *OF_BOTH,
        "-auth.multitenancy-enabled=true",
        *(
            flag
            for one in PARTS_OF_MIMIR
            for flag in (f"-{one}.store=inmemory", f"-{one}.instance-addr={LOCAL}")
        ),
        f"-memberlist.bind-addr={LOCAL}",
        "-memberlist.bind-port=0",
        f"-query-frontend.instance-addr={LOCAL}",
        "-ingester.ring.min-ready-duration=0s",
        "-ingester.ring.replication-factor=1",
        "-store-gateway.sharding-ring.replication-factor=1",
        # Blocks are there at once: by itself it leaves those of the last hours to the ingesters.
        "-querier.query-store-after=0s",
        "-blocks-storage.bucket-store.ignore-blocks-within=0s",
        "-blocks-storage.bucket-store.bucket-index.update-on-error-interval=1s",
        "-compactor.cleanup-interval=1s",
        "-usage-stats.enabled=false",  # it tells nobody of itself
    ),
    "chunks",
)


@contextmanager
def started(kind: Kind) -> Iterator[str]:
    """Yield the address of a server that holds nothing yet; it is on loopback, and gone in the end."""
    program = go_servers.built(kind.program)
    with tempfile.TemporaryDirectory(prefix=f"alertdrill-{program.name}-") as folder:
        address = servers.free_address()
        listening = _listening(address, servers.free_address())
        words: list[str | Path] = [program, *kind.flags, *listening, *_folders(folder)]
        ready = f"http://{address}/ready"
        with servers.running(words, Path(folder), ready=ready, seconds_max=READY_SECONDS_MAX):
            yield f"http://{address}"


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
    """Give it samples of a tenant, as they would have come, and wait until its blocks have them."""
    first = min(one.timestamps[0] for one in series)
    last = max(one.timestamps[-1] for one in series)
    with requests.Session() as session:
        session.headers["X-Scope-OrgID"] = tenant
        for start in range(first, last + 1, TOGETHER_MS):
            for body in remote_write.requests(_part(series, start, start + TOGETHER_MS)):
                _post(session, f"{url}/api/v1/push", body, headers=remote_write.HEADERS)
        _post(session, f"{url}/ingester/flush?wait=true")
        wait_for(
            "its blocks to be read",
            lambda: _check_there(session, url, series, last),
            deadline=READY_SECONDS_MAX,
            clock=WallClock(),
            every=0.2,
        )


def _post(
    session: requests.Session, url: str, body: bytes | dict[str, str] | None = None, **more: Any
) -> requests.Response:
    reply = session.post(url, body, timeout=REPLY_SECONDS_MAX, **more)
    reply.raise_for_status()
    return reply


def _check_there(session: requests.Session, url: str, series: Sequence[Series], last: int) -> bool:
    """Say that all samples are found; else raise how many are."""
    back = last - min(one.timestamps[0] for one in series) + 1
    names = {one.labels["__name__"] for one in series}
    found = 0
    for name in sorted(names):
        asked = {"query": f"sum(count_over_time({name}[{back}ms]))", "time": f"{last / 1000:.3f}"}
        reply = session.post(f"{url}{PREFIX}/api/v1/query", asked, timeout=REPLY_SECONDS_MAX)
        if not reply.ok:
            raise NotYet(f"it answers {reply.status_code}: {reply.text[:SAID_MAX]}")
        found += sum(int(one["value"][1]) for one in reply.json()["data"]["result"])
    wanted = sum(value != STALE for one in series for value in one.values)
    if found < wanted:
        raise NotYet(f"{found} of {wanted} samples are there")
    return True


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
