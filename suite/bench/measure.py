"""Figures of one subject: how long scrapes take, how much memory and CPU it needs, at a rate of changes."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import requests
import urllib3

from bench import custom, load
from bench.subjects import PLAIN, Subject
from e2e.exporter.apiserver import ApiServer


@dataclass(frozen=True)
class Figures:
    """What was measured; times in seconds, memory in MiB."""

    subject: str
    pods: int
    changes_per_second: int
    series: int
    start_seconds: float
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


def pod_change(pods: int) -> Callable[[int], tuple[str, object]]:
    """Return what changes a pod's status: number → path and patch."""

    def change(count: int) -> tuple[str, object]:
        index = count * 7919 % pods
        path = f"/api/v1/namespaces/{load.pod_namespace(index)}/pods/{load.pod_name(index)}/status"
        return path, {"status": load.pod_status(count % 1000)}

    return change


def widget_change(widgets: int) -> Callable[[int], tuple[str, object]]:
    """Return what changes a custom resource."""
    return lambda count: (
        f"{custom.PATH}/{custom.name(count * 7919 % widgets)}",
        {"status": custom.numbers(count % 1000)},
    )


class Churn:
    """Changes objects at a steady rate, in a few threads."""

    def __init__(
        self, api: ApiServer, change: Callable[[int], tuple[str, object]], rate: int, *, threads: int = 8
    ) -> None:
        self._api, self._change, self._rate = api, change, rate
        self._threads = threads
        self._over = threading.Event()
        self._lock = threading.Lock()
        self.done = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Change things while the block runs."""
        workers = [threading.Thread(target=self._work, args=(i,), daemon=True) for i in range(self._threads)]
        if self._rate:
            for worker in workers:
                worker.start()
        try:
            yield
        finally:
            self._over.set()
            for worker in workers if self._rate else []:
                worker.join()

    def _work(self, offset: int) -> None:
        pause, count = self._threads / self._rate, offset
        due = time.monotonic()
        while not self._over.is_set():
            self._api.patch(*self._change(count))
            count += self._threads
            with self._lock:
                self.done += 1
            due += pause
            self._over.wait(max(due - time.monotonic(), 0))


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
        time.sleep(max(every - took[-1], 0))
    return took


def p99(values: list[float]) -> float:
    """Return the 99th percentile; of few values that is about the worst."""
    return statistics.quantiles(values, n=100, method="inclusive")[98]


def figures(api: ApiServer, subject: Subject, pods: int, rate: int, *, scrapes: int) -> Figures:
    """Start a subject, let it settle, measure, stop it."""
    started = subject.start()
    try:
        time.sleep(3)
        series = sum(
            not line.startswith("#")
            for line in requests.get(subject.url, headers=PLAIN, timeout=120).text.splitlines()
        )
        churn = Churn(api, pod_change(pods), rate)
        with churn.running():
            plain = scrape_seconds(subject.url, "identity", scrapes, 0.5)
            zipped = scrape_seconds(subject.url, "gzip", scrapes, 0.5)
            cpu = _cpu_of_events(subject, churn) if rate else None
        time.sleep(2)
        steady, peak = subject.memory_mib()
    finally:
        subject.stop()
    return Figures(
        subject.name,
        pods,
        rate,
        series,
        started,
        peak,
        steady,
        statistics.median(plain),
        p99(plain),
        statistics.median(zipped),
        p99(zipped),
        cpu,
    )


def _cpu_of_events(subject: Subject, churn: Churn, seconds: float = 15.0) -> float:
    """Return the CPU seconds that 10,000 events cost, with one scrape every five seconds as in life."""
    cpu, events = subject.cpu_seconds(), churn.done
    for _ in range(int(seconds / 5)):
        time.sleep(5)
        scrape_seconds(subject.url, "gzip", 1, 0)
    return (subject.cpu_seconds() - cpu) / max(churn.done - events, 1) * 10_000


def custom_cpu(api: ApiServer, subject: Subject, widgets: int, rate: int) -> float:
    """Return the CPU seconds that 10,000 events of a custom resource cost."""
    subject.start()
    try:
        time.sleep(3)
        churn = Churn(api, widget_change(widgets), rate)
        with churn.running():
            time.sleep(2)
            return _cpu_of_events(subject, churn)
    finally:
        subject.stop()
