"""Scrapes while everything else goes on: relists, stuck clients, a dead server, a lost event."""

import concurrent.futures
import random
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import pytest

from alertdrill.clock import WallClock, wait_for
from e2e.exporter import histories
from e2e.exporter.apiserver import ApiServer
from e2e.exporter.chaos import Chaos, Moods
from e2e.exporter.histories import KINDS
from e2e.exporter.running import Running

OBJECTS = 60
RELISTS = 100
SCRAPES_A_SECOND = 50
SCRAPERS = 4
# The default --silence, and the time to notice it and to say so.
STALENESS_SECONDS_MAX = 180
STUCK = 25
ASKED_BY_STUCK = 200
ROUNDS = 6


@pytest.fixture
def filled(api: ApiServer) -> ApiServer:
    """Return the API server with objects that nobody changes."""
    dice = random.Random(3)  # noqa: S311  # the same objects every time
    for index in range(OBJECTS):
        for kind, path in histories.PATHS.items():
            api.call("POST", path.format("two"), histories.body(kind, f"still-{kind[:3]}-{index}", dice))
    return api


def objects_of(scrape: str) -> str:
    """Return the part of a scrape that is about objects."""
    return scrape[: scrape.index("# HELP kube_api_exporter_up")]


def test_no_scrape_is_partial_under_a_hundred_relists(filled: ApiServer, chaos: Chaos, log: Path) -> None:
    """100 forced relists under 50 scrapes a second: all scrapes of an unchanged cluster are the same."""
    clock = WallClock()
    with Running(filled.kubeconfig(chaos.address), log, f"--kinds={KINDS}") as running:
        running.wait_ready()
        whole = objects_of(running.scrape())
        done = threading.Event()

        def scrape_for_long() -> list[bool]:
            same, due = [], time.monotonic()
            while not done.is_set():
                same.append(objects_of(running.scrape()) == whole)
                due += SCRAPERS / SCRAPES_A_SECOND
                clock.sleep(max(0.0, due - time.monotonic()))
            return same

        begun = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(SCRAPERS) as scrapers:
            running_scrapes = [scrapers.submit(scrape_for_long) for _ in range(SCRAPERS)]
            for _ in range(RELISTS // len(histories.LISTS)):
                _force_relist(chaos, running)
            done.set()
            same = [one for scraping in running_scrapes for one in scraping.result()]
        relists = sum(running.own("relists_total", kind=kind, reason="gone") for kind in histories.LISTS)
        rate = len(same) / (time.monotonic() - begun)
        print(f"{len(same)} scrapes, {rate:.1f} a second, {relists:g} relists")  # noqa: T201  # the evidence
        assert relists >= RELISTS
        assert rate >= 0.9 * SCRAPES_A_SECOND
        assert 0 == same.count(False)


def _force_relist(chaos: Chaos, running: Running) -> None:
    """Tell every watch that it is too old, and wait until it has listed again."""
    WallClock().sleep(1.1)  # a watch that breaks earlier than that is met with patience
    before = [running.own("relists_total", kind=kind, reason="gone") for kind in histories.LISTS]
    chaos.expire_watches()
    wait_for(
        "all kinds to be listed again",
        lambda: all(
            running.own("relists_total", kind=kind, reason="gone") > count
            and running.own("kind_watching", kind=kind)
            for kind, count in zip(histories.LISTS, before, strict=True)
        ),
        deadline=30,
        clock=WallClock(),
        every=0.1,
    )


def test_a_black_hole_is_noticed(filled: ApiServer, chaos: Chaos, log: Path) -> None:
    """A server that goes silent: what is served is marked as old, and goes on being served."""
    with Running(filled.kubeconfig(chaos.address), log, f"--kinds={KINDS}") as running:
        running.wait_ready()
        whole = objects_of(running.scrape())
        chaos.moods = Moods(black_hole=True)
        began = time.monotonic()
        wait_for(
            "staleness to be signalled",
            lambda: not running.own("kind_watching", kind="pods") and not running.own("up"),
            deadline=STALENESS_SECONDS_MAX,
            clock=WallClock(),
        )
        print(f"signalled after {time.monotonic() - began:.1f} s of silence")  # noqa: T201
        assert whole == objects_of(running.scrape())
        chaos.moods = Moods()
        chaos.cut()
        wait_for("it to recover", lambda: running.own("up"), deadline=60, clock=WallClock())


def test_a_reset_is_noticed_within_five_seconds(filled: ApiServer, chaos: Chaos, log: Path) -> None:
    """A server that refuses connections is told apart at once."""
    with Running(filled.kubeconfig(chaos.address), log, f"--kinds={KINDS}") as running:
        running.wait_ready()
        WallClock().sleep(1.5)
        chaos.moods = Moods(refuse=True)
        chaos.cut()
        assert wait_for(
            "it to be noticed", lambda: not running.own("up"), deadline=5, clock=WallClock(), every=0.1
        )


def test_a_lost_delete_is_gone_after_one_audit(filled: ApiServer, chaos: Chaos, log: Path) -> None:
    """An event that never came is found by the audit, counted and repaired."""
    flags = ("--kinds=pods", "--audit-interval=3")
    with Running(filled.kubeconfig(chaos.address), log, *flags) as running:
        running.wait_ready()
        chaos.moods = Moods(drop=1.0)
        filled.call("DELETE", "/api/v1/namespaces/two/pods/still-pod-0", {"gracePeriodSeconds": 0})
        WallClock().sleep(1)
        assert 'name="still-pod-0"' in running.scrape()
        chaos.moods = Moods()
        wait_for(
            "the ghost to be gone",
            lambda: 'name="still-pod-0"' not in running.scrape(),
            deadline=30,
            clock=WallClock(),
        )
        assert running.own("audit_mismatches_total", kind="pods") == 1
        assert running.own("relists_total", kind="pods", reason="audit") == 1


@contextmanager
def stuck_clients(running: Running, count: int) -> Iterator[None]:
    """Ask for many scrapes and read none, in many connections: what the kernel takes is soon full."""
    host, port = running.url.removeprefix("http://").split(":")
    clients, before = [], running.own("scrape_build_seconds_count")
    for _ in range(count):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # which must come before the handshake
        client.connect((host, int(port)))
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * ASKED_BY_STUCK)
        clients.append(client)
    try:
        yield
        served = running.own("scrape_build_seconds_count") - before
        assert served < count * ASKED_BY_STUCK / 2, "nobody is stuck: the kernel takes what they don't read"
    finally:
        for client in clients:
            client.close()


def scrape_times(running: Running, scrapes: int) -> list[float]:
    """Return how long each of some scrapes took, in seconds."""
    took = []
    for _ in range(scrapes):
        began = time.perf_counter()
        running.scrape()
        took.append(time.perf_counter() - began)
    return took


def settled_times(running: Running) -> list[float]:
    """Return how long scrapes take once whoever gets stuck is; after a pause the first ones take longer."""
    WallClock().sleep(1)
    scrape_times(running, 20)
    return scrape_times(running, 150)


def p99(times: list[float]) -> float:
    """Return the 99th percentile."""
    return statistics.quantiles(times, n=100)[98]


def test_stuck_clients_harm_nobody(filled: ApiServer, log: Path) -> None:
    """25 clients that ask and never read: the others' scrapes take as long as before, within 10 %.

    Whatever else the machine does adds time to either side at random; what the clients add would be there in
    every round, so the best round beside them is held against the usual one alone, and the middle of all
    scrapes against the middle of all.
    """
    with Running(filled.kubeconfig(), log, f"--kinds={KINDS}") as running:
        running.wait_ready()
        scrape_times(running, 100)
        alone, beside = [], []
        for _ in range(ROUNDS):
            alone.append(settled_times(running))
            with stuck_clients(running, STUCK):
                beside.append(settled_times(running))
        best_alone, best_beside = min(map(p99, alone)), min(map(p99, beside))
        print(f"p99 {best_alone * 1000:.1f} ms alone, {best_beside * 1000:.1f} ms beside stuck ones")  # noqa: T201
        assert min(map(p99, beside)) <= 1.1 * statistics.median(map(p99, alone))
        middle_alone, middle_beside = (statistics.median(chain(*rounds)) for rounds in (alone, beside))
        assert middle_beside <= 1.1 * middle_alone + 0.0005
