"""kubediff among its neighbours: autoscalers, kubeconfigs, roles that lack a right, terminals, prom-run."""

import json
import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from alertdrill.machine import process
from e2e.exporter.apiserver import ApiServer
from e2e.kubediff.running import ROLES, Kubediff

BIN = Path(sys.executable).parent
SECONDS = 30.0
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: shop, image: "shop:1"}]}
"""
AUTOSCALER = """apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: any}
spec: {maxReplicas: 9, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}}
"""
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: flagged}\ndata: {one: first}\n"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubediff]:
    """Return a cluster of its own, in which a ConfigMap has drifted."""
    folder = tmp_path_factory.mktemp("life")
    with process.interruptible():
        api = ApiServer(folder / "server", audited=True)
        try:
            api.start()
            kubediff = Kubediff(api, folder)
            kubediff.kubectl("create", "namespace", "flags")
            changed = CONFIG.replace("first", "second")
            kubediff.kubectl("-n", "flags", "apply", "--server-side", "-f", "-", stdin=changed)
            yield kubediff
        finally:
            api.kill()


@pytest.fixture
def drifted(tmp_path: Path) -> Path:
    """Return the manifest from which it has drifted."""
    file = tmp_path / "drifted.yaml"
    file.write_text(CONFIG)
    return file


def test_replicas_of_an_autoscaler_are_its_own(cluster: Kubediff) -> None:
    """What an autoscaler scales may have any number of replicas; what none scales drifts."""
    cluster.kubectl("apply", "--server-side", "-f", "-", stdin=f"{DEPLOYMENT}---\n{AUTOSCALER}")
    cluster.kubectl("scale", "deployment/shop", "--replicas=7")
    scaled = cluster("--json", "-f", "-", stdin=DEPLOYMENT)
    assert (0, ["spec.replicas"]) == (
        scaled.code,
        [each["path"] for each in scaled.data["foreign"][0]["foreign"]],
    )
    cluster.kubectl("delete", "hpa/any")
    assert {"Deployment shop": ["spec.replicas: changed"]} == cluster(
        "--json", "-f", "-", stdin=DEPLOYMENT
    ).drift


def test_the_historic_flags_keep_working(cluster: Kubediff, drifted: Path, tmp_path: Path) -> None:
    """-k, -c, -n, -j and -e: a kubeconfig, its context, a namespace, JSON, and 0 for drift."""
    config: dict[str, Any] = json.loads(cluster.api.kubeconfig().read_text())
    config["clusters"].append({"name": "gone", "cluster": {"server": "http://127.0.0.1:9"}})
    config["contexts"].append({"name": "gone", "context": {"cluster": "gone", "user": "it"}})
    config["current-context"] = "gone"
    file = tmp_path / "config"
    file.write_text(json.dumps(config))
    there = cluster("-k", file, "-c", "it", "-n", "flags", "-j", "-e", drifted, server=False)
    assert (0, {"ConfigMap flagged": ["data.one: changed"]}) == (there.code, there.drift)
    assert 1 == cluster("-k", file, "-n", "flags", "-e", drifted, server=False).code


def test_a_role_that_lacks_a_kind_is_told(cluster: Kubediff, drifted: Path) -> None:
    """What may not be listed is trouble by the name of its kind; the rest is compared."""
    role = f"{ROLES}/clusterroles/reader"
    some = [{"op": "replace", "path": "/rules/0/resources", "value": ["configmaps", "namespaces"]}]
    every = [{"op": "replace", "path": "/rules/0/resources", "value": ["*"]}]
    drifted.write_text(f"{CONFIG}---\n{DEPLOYMENT}")
    cluster.api.call("PATCH", role, some, kind="application/json-patch+json")
    try:
        outcome = cluster("--json", "-n", "flags", drifted)
    finally:
        cluster.api.call("PATCH", role, every, kind="application/json-patch+json")
    assert (1, {"ConfigMap flagged": ["data.one: changed"]}) == (outcome.code, outcome.drift)
    assert ["deployments.apps"] == [each["where"] for each in outcome.data["troubles"]]


def test_nothing_but_get_and_list_is_asked(cluster: Kubediff, drifted: Path) -> None:
    """The API server's own log of who asked what has no other verb of ours, and few requests."""
    before = _asked(cluster)
    cluster("--no-cache", "-n", "flags", drifted)
    asked = _asked(cluster)[len(before) :]
    assert {"get", "list"} == {verb for verb, _ in asked}
    assert 5 == len(asked), asked  # what is served twice, which schemas, one of them, one list


def _asked(cluster: Kubediff) -> list[tuple[str, str]]:
    lines = map(json.loads, cluster.api.audit_log.read_text().splitlines())
    ours = (line for line in lines if line["user"]["username"].endswith(":reader"))
    return [(line["verb"], line["requestURI"]) for line in ours]


def test_a_terminal_gets_colours(cluster: Kubediff, drifted: Path) -> None:
    """On a terminal drift is coloured, in a pipe it is not, unless that is asked for."""
    words = [str(BIN / "kubediff"), *cluster.access, "--no-cache", "-n", "flags", str(drifted)]
    ours, theirs = pty.openpty()
    running = subprocess.Popen(words, stdout=theirs, env={**os.environ, "TERM": "xterm"})
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # how a terminal says that its other end is closed
        pass
    os.close(ours)
    assert (2, True) == (running.wait(), b"\x1b[32m" in shown)
    assert "\x1b" not in cluster("-n", "flags", drifted).out
    assert "\x1b[31m" in cluster("--colour", "-n", "flags", drifted).out


def test_the_page_of_prom_run_shows_the_colours(cluster: Kubediff, drifted: Path, tmp_path: Path) -> None:
    """Under prom-run drift is coloured on the page and counted in the metrics, and 2 is a good end."""
    textfile = tmp_path / "it.prom"
    ours = [str(BIN / "kubediff"), *cluster.access, "--no-cache", "--colour", "-n", "flags", str(drifted)]
    runner = [str(BIN / "prom-run"), "-period=1h", "-success-codes=0,2", f"-textfile={textfile}"]
    log = tmp_path / "log"
    with log.open("wb") as stream:
        running = subprocess.Popen([*runner, "-listen-addr=127.0.0.1:0", "--", *ours], stderr=stream)
        try:
            page = _until(lambda: requests.get(_address(log), timeout=5).text, "data.one: changed")
            drift = 'kind="ConfigMap"'
            metrics = _until(lambda: requests.get(f"{_address(log)}metrics", timeout=5).text, drift)
        finally:
            running.terminate()
            running.wait(SECONDS)
    assert re.search(r'<span class="[^"]+">\s*want', page)
    assert "kubediff_drift 1.0\n" in re.sub(r"{[^}]*}", "", metrics)


def _address(log: Path) -> str:
    found = re.search(r"event=listening.* address=(\S+)", log.read_text())
    if not found:
        raise requests.ConnectionError("it does not listen yet")
    return f"http://{found[1]}/"


def _until(ask: Any, wanted: str) -> str:
    """Ask until the answer holds something."""
    begun, said = time.monotonic(), ""
    while wanted not in said:
        assert time.monotonic() - begun < SECONDS, said
        try:
            said = ask()
        except requests.ConnectionError:
            said = ""
        time.sleep(0.1)  # between two looks
    return said
