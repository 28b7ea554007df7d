"""kubediff --watch beside a real API server: drift is told while it comes; trouble is neither."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from alertdrill.machine import process
from e2e.exporter.apiserver import ApiServer
from e2e.kubediff.running import ROLES, Kubediff

TOLD_SECONDS = 2.0
# What is not a change of the cluster takes as long as the next look at it.
SOON_SECONDS = 20.0
MANIFEST = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: watched}\ndata: {one: first}\n"
OTHER = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\ndata: {one: first}\n"
WATCHER = [{"op": "replace", "path": "/rules/0/verbs", "value": ["get", "list", "watch"]}]
ADDRESS = re.compile(r"event=listening.* address=(\S+)")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubediff]:
    """Return a cluster with two objects, and a role that may watch them."""
    folder = tmp_path_factory.mktemp("watching")
    with process.interruptible():
        api = ApiServer(folder / "server")
        try:
            api.start()
            kubediff = Kubediff(api, folder)
            api.call("PATCH", f"{ROLES}/clusterroles/reader", WATCHER, kind="application/json-patch+json")
            kubediff.kubectl("apply", "--server-side", "-f", "-", stdin=f"{MANIFEST}---\n{OTHER}")
            yield kubediff
        finally:
            api.kill()


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which both are as the cluster has them."""
    folder = tmp_path_factory.mktemp("manifests")
    (folder / "watched.yaml").write_text(MANIFEST)
    (folder / "other.yaml").write_text(OTHER)
    return folder


class Watching:
    """A process that watches."""

    def __init__(self, url: str, api: ApiServer) -> None:
        self.url = url
        self.api = api

    def get(self, path: str) -> str:
        """Return what it answers, whatever the status."""
        return requests.get(self.url + path, timeout=5).text

    def verdict(self) -> Any:
        """Return what was told last."""
        return requests.get(f"{self.url}/verdict.json", timeout=5).json()

    def within(self, seconds: float, seen: Callable[[Any], Any], expected: Any) -> Any:
        """Return what is seen of a verdict as soon as it is as expected, else what is seen at the end."""
        begun = time.monotonic()
        while (found := seen(self.verdict())) != expected and time.monotonic() - begun < seconds:
            time.sleep(0.02)  # between two looks
        return found


def code(verdict: Any) -> int:
    """Return what a kubediff that is not watching would end with."""
    return int(verdict["exit_code"])


def drifted(verdict: Any) -> list[str]:
    """Return the names of what drifted."""
    return [each["subject"]["name"] for each in verdict["drift"]]


def states(verdict: Any) -> list[str]:
    """Return how it drifted."""
    return [each["state"] for each in verdict["drift"]]


def troubled(verdict: Any) -> list[str]:
    """Return the places that could not be told."""
    return [each["where"] for each in verdict["troubles"]]


@pytest.fixture
def watching(cluster: Kubediff, manifests: Path, tmp_path: Path) -> Iterator[Watching]:
    """Return a process that has compared everything once."""
    log = tmp_path / "log"
    command = [str(Path(sys.executable).with_name("kubediff")), *cluster.access, "--watch", str(manifests)]
    with log.open("wb") as stream:
        running = subprocess.Popen([*command, "--listen-address=127.0.0.1:0"], stderr=stream)
        try:
            begun = time.monotonic()
            while not (found := ADDRESS.search(log.read_text())):
                assert time.monotonic() - begun < SOON_SECONDS, log.read_text()
                time.sleep(0.05)  # between two looks
            watching = Watching(f"http://{found[1]}", cluster.api)
            while watching.get("/readyz") != "ok\n":
                assert time.monotonic() - begun < SOON_SECONDS, log.read_text()
                time.sleep(0.05)  # between two looks
            assert 0 == watching.within(SOON_SECONDS, code, 0)
            yield watching
        finally:
            running.terminate()
            assert 0 == running.wait(10)


def test_an_edit_is_told_within_two_seconds(watching: Watching, cluster: Kubediff) -> None:
    """A change by hand is on the page and in the metrics at once, and gone once it is undone."""
    cluster.kubectl("edit", "configmap/watched", editor="sed -i s/first/second/")
    assert ["watched"] == watching.within(TOLD_SECONDS, drifted, ["watched"])
    assert 'kubediff_drift{kind="ConfigMap",namespace="default",name="watched"} 1\n' in watching.get(
        "/metrics"
    )
    assert "ConfigMap default/watched differs" in watching.get("/")
    cluster.kubectl("edit", "configmap/watched", editor="sed -i s/second/first/")
    assert 0 == watching.within(TOLD_SECONDS, code, 0)


def test_a_deleted_object_is_told_within_two_seconds(watching: Watching, cluster: Kubediff) -> None:
    """What goes is missing, until it is there again."""
    cluster.kubectl("delete", "configmap/other")
    assert ["missing"] == watching.within(TOLD_SECONDS, states, ["missing"])
    cluster.kubectl("apply", "--server-side", "-f", "-", stdin=OTHER)
    assert 0 == watching.within(TOLD_SECONDS, code, 0)


def test_a_commit_is_told(watching: Watching, manifests: Path) -> None:
    """What git says now is read again and again."""
    (manifests / "other.yaml").write_text(OTHER.replace("first", "second"))
    assert ["other"] == watching.within(SOON_SECONDS, drifted, ["other"])
    (manifests / "other.yaml").write_text(OTHER)
    assert 0 == watching.within(SOON_SECONDS, code, 0)


def test_a_cluster_that_is_away_is_trouble(watching: Watching, cluster: Kubediff) -> None:
    """While the API server is down nothing is known; once it is back, everything is."""
    before = metric(watching, "kubediff_last_success_timestamp_seconds")
    cluster.api.kill()
    assert (1, []) == watching.within(SOON_SECONDS, lambda told: (code(told), drifted(told)), (1, []))
    assert 1 == metric(watching, "kubediff_errors")
    assert before <= metric(watching, "kubediff_last_success_timestamp_seconds") < time.time()
    cluster.api.start()
    assert 0 == watching.within(90, code, 0)


def metric(watching: Watching, name: str) -> float:
    """Return the value of a metric without labels."""
    found = re.search(rf"^{name} (\S+)$", watching.get("/metrics"), re.MULTILINE)
    assert found
    return float(found[1])


def test_without_the_right_to_watch_nothing_is_known(cluster: Kubediff, watching: Watching) -> None:
    """A right that is taken away is trouble that names the kind."""
    role = f"{ROLES}/clusterroles/reader"
    for verbs, wheres in ((["get", "list"], ["configmaps"]), (["get", "list", "watch"], [])):
        change = [{"op": "replace", "path": "/rules/0/verbs", "value": verbs}]
        cluster.api.call("PATCH", role, change, kind="application/json-patch+json")
        cluster.api.kill()  # what is watched already may go on being so
        cluster.api.start()
        assert wheres == watching.within(90, troubled, wheres)
