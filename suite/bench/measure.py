"""Figures of one subject: how long scrapes take, how much memory and CPU it needs, at a rate of changes."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import requests
import urllib3

from bench import custom, load
from bench.subjects import PLAIN, Subject
from e2e.exporter.apiserver import ApiServer

# Before and after a load.
SETTLE_SECONDS = 3.0
STARTS = 5  # the middle one counts
# A scrape of what is there so far takes time from what is still being read, so nobody asks before this part
# of the fastest start so far; of that, as the first one also reads the program from disk.
QUIET_PART = 0.6


@dataclass(frozen=True)
class Figures:
    """What was measured; times in seconds, memory in MiB."""

    subject: str
    pods: int
    changes_per_second: int
    series: int
    start_seconds: float | None
    peak_mib: float
    steady_mib: float
    plain_p50: float
    plain_p99: float
    gzip_p50: float
    gzip_p99: float
    cpu_per_10k_events: float | None

    def as_row(self) -> dict[str, object]:
        """Return plain data."""
        return asdict(self)


Change = Callable[[int], tuple[str, dict[str, Any]]]


def pod_change(pods: int) -> Change:
    """Return what changes pods' statuses: number → key in etcd and object, never as it was before."""
    return lambda count: load.pod(count * 7919 % pods, restarts=1 + count // pods)


def widget_change(widgets: int) -> Change:
    """Return what changes custom resources."""
    return lambda count: custom.widget(count * 7919 % widgets, step=1 + count // widgets)


class Churn:
    """Changes objects at a steady rate, in etcd: the API server has enough to do with telling everybody."""

    def __init__(self, api: ApiServer, change: Change, rate: int) -> None:
        self._api, self._change, self._rate = api, change, rate
        self._over = threading.Event()
        self.done = 0
        self._worker = ThreadPoolExecutor(1)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Change things while the block runs; changes that could not be made fail it."""
        changing = self._worker.submit(self._work)
        try:
            yield
        finally:
            self._over.set()
            changing.result()

    def _work(self) -> None:
        began = time.monotonic()
        while self._rate and not self._over.wait(0.1):
            due = int((time.monotonic() - began) * self._rate)
            # Who can't keep up makes what can be made, a second's worth at a time, so that it is counted.
            due = min(due, self.done + self._rate)
            load.fill(self._api.etcd, (self._change(count) for count in range(self.done, due)))
            self.done = max(due, self.done)


def scrape_seconds(url: str, coding: str, times: int, every: float) -> list[float]:
    """Return how long each scrape took; the body is read and thrown away."""
    pool = urllib3.PoolManager(retries=False)
    took = []
    for _ in range(times):
        began = time.perf_counter()
        reply = pool.request("GET", url, headers={"Accept-Encoding": coding}, preload_content=False)
        while reply.read(1 << 20, decode_content=False):
            pass
        reply.release_conn()
        took.append(time.perf_counter() - began)
        time.sleep(max(every - took[-1], 0))  # a scrape interval, not a wait
    return took


def p99(values: list[float]) -> float:
    """Return the 99th percentile; of few values that is about the worst."""
    return statistics.quantiles(values, n=100, method="inclusive")[98]


def figures(api: ApiServer, subject: Subject, pods: int, rate: int, *, scrapes: int) -> Figures:
    """Start a subject a few times, let it settle, measure; it is stopped whatever happens."""
    starts = [subject.start()]
    for _ in range(0 if rate else STARTS):  # changes come later, so a start does not depend on them
        subject.stop()
        starts.append(subject.start(quiet=min(starts) * QUIET_PART))
    try:
        time.sleep(SETTLE_SECONDS)  # start-up is in nobody's figures
        series = sum(
            not line.startswith("#")
            for line in requests.get(subject.url, headers=PLAIN, timeout=120).text.splitlines()
        )
        churn = Churn(api, pod_change(pods), rate)
        with churn.running():
            plain = scrape_seconds(subject.url, "identity", scrapes, 0.5)
            zipped = scrape_seconds(subject.url, "gzip", scrapes, 0.5)
            cpu = _cpu_of_events(subject, churn) if rate else None
        time.sleep(SETTLE_SECONDS)  # the last events are worked in
        steady, peak = subject.memory_mib()
    finally:
        subject.stop()
    return Figures(
        subject.name,
        pods,
        rate,
        series,
        statistics.median(starts[1:]) if starts[1:] else None,
        peak,
        steady,
        statistics.median(plain),
        p99(plain),
        statistics.median(zipped),
        p99(zipped),
        cpu,
    )


def _cpu_of_events(subject: Subject, churn: Churn, seconds: float = 15.0) -> float:
    """Return the CPU seconds that 10,000 events cost, up to and with the scrape that shows them."""
    cpu, events = subject.cpu_seconds(), churn.done
    time.sleep(seconds)  # the time over which events are counted
    scrape_seconds(subject.url, "identity", 1, 0)
    assert churn.done > events, "nothing was changed, so nothing was measured"
    return (subject.cpu_seconds() - cpu) / (churn.done - events) * 10_000


def custom_cpu(api: ApiServer, subject: Subject, widgets: int, rate: int) -> float:
    """Return the CPU seconds that 10,000 events of a custom resource cost."""
    subject.start()
    try:
        time.sleep(SETTLE_SECONDS)  # start-up is in nobody's figures
        churn = Churn(api, widget_change(widgets), rate)
        with churn.running():
            time.sleep(SETTLE_SECONDS)  # the first events, which meet cold code, are in nobody's figures
            return _cpu_of_events(subject, churn)
    finally:
        subject.stop()
