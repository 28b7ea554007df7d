"""A node falls silent: from its last word to the alert, with everything real but the kubelet.

In a lab the moment of a kubelet's last word is known to some seconds only, and the machine is busy. So here
are an API server, the controller that calls a silent node's condition Unknown, the exporter and a Prometheus
with rules/nodes.rules.yaml as a lab twenty times as fast runs it; the kubelet is a thread that says it is
well until it is stopped.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from alertdrill.clock import NotYet, WallClock, wait_for
from alertdrill.machine import nodeimage
from alertdrill.machine.process import kill_group
from e2e.exporter.apiserver import ApiServer, free_ports
from e2e.exporter.running import Running
from e2e.exporter.test_exporter_prometheus import prometheus

ROOT = Path(__file__).parents[3]
SPEED = 20
GRACE_SECONDS = 8
WAITS_SECONDS = 600 / SPEED
TOLERANCE_SECONDS = 5  # a scrape, an evaluation, and a busy machine
NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "silent"}}


@contextmanager
def controller(api: ApiServer, folder: Path) -> Iterator[None]:
    """Run the controller of nodes' lives, with little patience."""
    words = [
        str(nodeimage.programs() / "kube-controller-manager"),
        f"--kubeconfig={api.kubeconfig()}",
        "--controllers=node-lifecycle-controller",
        f"--node-monitor-grace-period={GRACE_SECONDS}s",
        "--node-monitor-period=1s",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--secure-port={free_ports(1)[0]}",
        f"--cert-dir={folder}/controller",
    ]
    with (folder / "controller.log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, process_group=0)
    try:
        yield
    finally:
        kill_group(process)


@contextmanager
def kubelet(api: ApiServer) -> Iterator[None]:
    """Say every second that the node is well; fall silent afterwards, as a machine without power."""
    over = threading.Event()

    def live() -> None:
        while not over.wait(1):
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "well"}
            times = {"lastHeartbeatTime": now, "lastTransitionTime": now}
            api.patch("/api/v1/nodes/silent/status", {"status": {"conditions": [{**ready, **times}]}})

    with ThreadPoolExecutor(1) as worker:
        living = worker.submit(live)
        try:
            yield
        finally:
            over.set()
            living.result()


def becomes(url: str, wanted: str, seconds: float) -> float:
    """Wait until the node is `well`, or the alert `pending` or `firing`; return when that was seen."""

    def there() -> bool:
        query = 'k8s_node_status_conditions{type="Ready",name="silent"} == 1'
        if wanted != "well":
            query = f'ALERTS{{alertname="NodeNotReady",name="silent",alertstate="{wanted}"}}'
        try:
            reply = requests.get(f"{url}/api/v1/query", params={"query": query}, timeout=10)
        except requests.RequestException as error:
            raise NotYet(str(error)) from error
        return bool(reply.json()["data"]["result"])

    wait_for(f"the node to be {wanted}", there, deadline=seconds, clock=WallClock(), every=0.2)
    return time.monotonic()


def alerts(url: str) -> list[str]:
    """Return the states of the alert now."""
    found = requests.get(f"{url}/api/v1/alerts", timeout=10).json()["data"]["alerts"]
    return [one["state"] for one in found if one["labels"]["name"] == "silent"]


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """Return nodes.rules.yaml as a lab runs it."""
    command = [Path(sys.executable).with_name("alertdrill"), "compress", f"--speed={SPEED}"]
    file = tmp_path / "nodes.rules.yaml"
    words = [*map(str, command), str(ROOT / "rules" / "nodes.rules.yaml")]
    file.write_text(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return file


def test_a_silent_node_fires_and_resolves(api: ApiServer, rules: Path, log: Path, tmp_path: Path) -> None:
    """Pending once the kubelet is silent, firing after 10 minutes of rule time, gone with its next word."""
    api.call("POST", "/api/v1/nodes", NODE)
    with controller(api, tmp_path), Running(api.kubeconfig(), log, "--kinds=nodes") as running:
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(rules)],
            "scrape_configs": [scraped(running.wait_ready())],
        }
        with prometheus(tmp_path, config) as url:
            with kubelet(api):
                becomes(url, "well", 30)
            silent = time.monotonic()
            pending = becomes(url, "pending", GRACE_SECONDS + 30)
            firing = becomes(url, "firing", WAITS_SECONDS + 30)
            with kubelet(api):
                becomes(url, "well", 30)
                wait_for("the alert to resolve", lambda: not alerts(url), deadline=10, clock=WallClock())
        print(f"pending after {pending - silent:.1f} s, firing {firing - pending:.1f} s later")  # noqa: T201
        assert pending - silent > GRACE_SECONDS / 2
        assert abs(firing - pending - WAITS_SECONDS) < TOLERANCE_SECONDS


def scraped(running: Running) -> dict[str, Any]:
    """Return the scrape job of the stack."""
    targets = [{"targets": [running.url.removeprefix("http://")]}]
    relabel = [{"target_label": "namespace", "replacement": "monitoring"}]
    job = "monitoring/kube-api-exporter"
    return {"job_name": job, "static_configs": targets, "relabel_configs": relabel}
