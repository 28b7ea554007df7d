"""A real Prometheus that has run rules for a quarter of a minute, and what may stand before one."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests

from alertdrill import engine, rules
from alertdrill.backtest import access
from alertdrill.backtest.backtest import Asked, Backtest
from alertdrill.backtest.plan import Plan
from alertdrill.backtest.values import Result
from alertdrill.clock import Clock, WallClock
from alertdrill.engine import Engine
from alertdrill.incident import STALE, Series
from alertdrill.rules import RuleSet

SECONDS = 14.0
EVERY = 0.25
DEPLOYED = """
groups:
- name: g
  interval: 500ms
  rules:
  - record: job:down:count
    expr: count by (job) (up == 0)
  - alert: Down
    expr: up == 0
    for: 1s
    labels: {severity: critical}
    annotations: {summary: "{{ $labels.instance }} is down"}
  - alert: ManyDown
    expr: job:down:count > 1
  - alert: Full
    expr: used > 90
    for: 1s
"""


class Past(NamedTuple):
    """A running Prometheus, and from when to when it evaluated DEPLOYED, in seconds since the epoch."""

    prometheus: Engine
    start: float
    end: float


# A sample is there before its time has come: on a busy machine it would else be missed by an evaluation,
# which the history can't tell.
AHEAD = 0.4
STALL_SECONDS_MAX, TRIES_MAX = 0.8, 4


@pytest.fixture(scope="package")
def past() -> Iterator[Past]:
    """Start a Prometheus, write what is scraped as time goes by, and let it evaluate rules meanwhile.

    On a machine that stalled for so long that it is another past, again.
    """
    for left in reversed(range(TRIES_MAX)):
        with engine.started() as running:
            running.run_rules(DEPLOYED)
            start = time.time()
            if _scrape(running, start) < STALL_SECONDS_MAX or not left:
                yield Past(running, start, time.time())
                return


def _scrape(running: Engine, start: float) -> float:
    """Write for a while what is scraped; return how long it took from one scrape to the next, at most."""
    longest, number, now = 0.0, 0, start
    while now - start <= SECONDS:
        running.write(_scraped(round((now + AHEAD) * 1000), now - start, number))
        time.sleep(EVERY)  # a scrape interval, not a wait
        longest, number, now = max(longest, time.time() - now), number + 1, time.time()
    return longest


def _scraped(ms: int, elapsed: float, number: int) -> list[Series]:
    """Return what a scrape of two instances would bring; one of them is gone in the end."""

    def one(name: str, instance: str, value: float | str) -> Series:
        labels = {"__name__": name, "job": "web", "instance": instance}
        return Series(labels=labels, timestamps=(ms,), values=(value,))  # type: ignore[arg-type]

    found = [one("up", "1", float(elapsed % 5 > 3)), one("used", "1", 40 + elapsed)]
    if elapsed < 9:
        found.append(one("up", "2", float(elapsed % 8 < 4)))
    elif elapsed < 9 + EVERY * 2 and number:
        found.append(one("up", "2", STALE))
    return found


@dataclass
class Front:
    """What stands before a Prometheus: `answer` may answer a path and body itself, or return None.

    An answer is (status, headers, body). `asked` are the paths, in order; `headers` the last request's.
    """

    url: str = ""
    answer: Callable[[str, bytes], tuple[int, dict[str, str], bytes] | None] = lambda _path, _body: None
    asked: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)


@pytest.fixture
def front(past: Past) -> Iterator[Front]:
    """Yield what stands before the Prometheus; it passes on what it does not answer."""
    behind = past.prometheus.url
    one = Front()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer or pass on."""
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = self.path.removeprefix("/api/v1/")
            one.asked.append(path)
            one.headers = dict(self.headers)
            answer = one.answer(path, body)
            if answer is None:
                headers = {k: v for k, v in self.headers.items() if k not in {"Host", "Accept-Encoding"}}
                reply = requests.request(
                    self.command, behind + self.path, data=body, headers=headers, timeout=30
                )
                answer = (reply.status_code, {"Content-Type": reply.headers["Content-Type"]}, reply.content)
            status, headers, content = answer
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            """Answer or pass on."""
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    one.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield one
    server.shutdown()
    server.server_close()
    thread.join()


class Run(NamedTuple):
    """A backtest that has been run: its result, its plan, and what was told meanwhile."""

    result: Result
    plan: Plan
    told: list[str]


Runner = Callable[..., Run]


@pytest.fixture
def run(past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Return what backtests a rule file's text, by default on all of the past and at its own server."""
    # The programs have been found by now, so that only what is fetched is in this cache.
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path / "cache"))

    def backtest(
        text: str, *, url: str = "", deployed: str = "", clock: Clock | None = None, **asked: Any
    ) -> Run:
        parts = {"start": past.start + 2, "end": past.end - 0.5, **asked}
        told: list[str] = []
        one = Backtest(
            rules_of(tmp_path, text),
            Asked(**parts),
            access.stated(url or past.prometheus.url),
            clock or WallClock(),
            deployed=rules_of(tmp_path, deployed) if deployed else None,
            tell=told.append,
        )
        with one.reached() as server:
            plan = one.prepare(server)
            one.check(plan)
            return Run(one.run(server, plan), plan, told)

    return backtest


def rules_of(folder: Path, text: str) -> RuleSet:
    """Return the rules of a rule file's text."""
    (folder / "a.rules.yaml").write_text(text)
    return rules.load([folder / "a.rules.yaml"])
