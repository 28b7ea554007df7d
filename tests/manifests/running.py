"""A real Alertmanager with the shipped configuration, and the drill's receiver where its messages go."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from alertdrill import compress
from alertdrill.clock import NotYet, WallClock, wait_for
from alertdrill.incident import Notification
from alertdrill.lab.receiver import Received, read
from alertdrill.machine.tools import alertmanager

MANIFESTS = Path(__file__).parents[2] / "manifests"
BASE = MANIFESTS / "base" / "alertmanager"
CONFIG = BASE / "alertmanager.yaml"
RECEIVER = MANIFESTS / "components" / "receiver" / "receiver.py"
RECEIVERS = ("page", "tickets", "watchdog")
SPEED = 60.0  # groups wait for half a second, and for five between two messages
SECONDS_MAX = 30
LABELS = dict[str, str]
GIVEN: set[int] = set()  # ports of ours, some of which nobody listens at yet


def free_port() -> int:
    """Return a port that nobody listens at, each only once."""
    while True:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
        if port not in GIVEN:
            GIVEN.add(port)
            return port


@contextmanager
def running(command: list[str], url: str, **environment: str) -> Iterator[str]:
    """Run a program that serves, and yield its address once it answers."""
    with subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:

            def answers() -> bool:
                try:
                    return requests.get(url, timeout=5).ok
                except requests.ConnectionError as error:
                    raise NotYet(str(error)) from error

            wait_for(f"{command[0]} to serve", answers, deadline=SECONDS_MAX, clock=WallClock(), every=0.02)
            yield url.rpartition("/")[0].removesuffix("/-")
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def receiver(trouble: Path) -> Iterator[str]:
    """Run the drill's receiver, which looks for trouble in a folder."""
    port = free_port()
    command = [sys.executable, str(RECEIVER), str(port)]
    with running(command, f"http://127.0.0.1:{port}/healthz", TROUBLE=str(trouble)) as url:
        yield url


@dataclass(frozen=True)
class Alerting:
    """An Alertmanager, and the receiver it sends to."""

    url: str
    receiver: str

    def tell(self, *alerts: dict[str, Any]) -> None:
        """Tell it alerts, as Prometheus does."""
        requests.post(f"{self.url}/api/v2/alerts", json=list(alerts), timeout=10).raise_for_status()

    def silenced(self, labels: LABELS) -> bool:
        """Say whether an alert that it knows is silenced by another."""
        told = requests.get(f"{self.url}/api/v2/alerts", timeout=10).json()
        (found,) = [one for one in told if one["labels"] == labels]
        return bool(found["status"]["inhibitedBy"])

    def messages(self, count: int, seconds: float = SECONDS_MAX) -> list[Notification]:
        """Return what the receiver has got, once so many messages are there."""

        def came() -> list[Notification]:
            found = requests.get(f"{self.receiver}/received", timeout=10).json()["received"]
            if len(found) < count:
                raise NotYet(f"{len(found)} messages")
            return [read(Received(**one)) for one in found]

        what = f"{count} messages"
        return wait_for(what, came, deadline=seconds, clock=WallClock(), every=0.05)


@contextmanager
def alerting(folder: Path) -> Iterator[Alerting]:
    """Run both; `folder` is where their files are."""
    with receiver(folder) as address, alertmanager_to(address, folder) as one:
        yield one


@contextmanager
def alertmanager_to(address: str, folder: Path) -> Iterator[Alerting]:
    """Run an Alertmanager that sends to a receiver; it goes on where the last one in the folder ended."""
    for name in RECEIVERS:
        (folder / name).write_text(f"{address}/{name}")
    text = compress.alertmanager_config(CONFIG.read_text(), SPEED)
    text = text.replace("/etc/alertmanager-receivers", str(folder)).replace("/etc/alertmanager", str(BASE))
    (folder / "alertmanager.yaml").write_text(text)
    port = free_port()
    command = [
        *alertmanager.command(),
        f"--config.file={folder / 'alertmanager.yaml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with running(command, f"http://127.0.0.1:{port}/-/ready") as url:
        yield Alerting(url, address)


def firing(labels: LABELS, annotations: LABELS | None = None, *, since: datetime | None = None) -> Any:
    """Return an alert that fires, as Prometheus tells it."""
    start = since or datetime.now(UTC)
    end = datetime.now(UTC) + timedelta(minutes=5)
    return _alert(labels, annotations, start, end)


def over(labels: LABELS, annotations: LABELS | None = None, *, since: datetime, minutes: int) -> Any:
    """Return an alert that was firing for so long."""
    return _alert(labels, annotations, since, since + timedelta(minutes=minutes))


def _alert(labels: LABELS, annotations: LABELS | None, start: datetime, end: datetime) -> Any:
    return {
        "labels": labels,
        "annotations": annotations or {},
        "startsAt": start.isoformat(),
        "endsAt": end.isoformat(),
    }
