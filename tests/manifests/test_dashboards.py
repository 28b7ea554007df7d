"""Dashboards show what somebody exports: each metric of a panel is looked for at whoever writes it."""

import json
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from alertdrill import engine
from alertdrill.clock import WallClock, wait_for
from alertdrill.errors import TransientError
from alertdrill.machine.tools import programs
from alertdrill.rules import promql
from kube_api_exporter.scrape import own
from prom_run import metrics

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "manifests" / "base" / "dashboards"
FILES = sorted(FOLDER.glob("*.json"))
BOARDS: dict[str, dict[str, Any]] = {file.stem: json.loads(file.read_text()) for file in FILES}
PANELS = [(name, panel) for name, board in BOARDS.items() for panel in board["panels"]]
NODE_EXPORTER = ROOT / "manifests" / "base" / "node-exporter" / "daemonset.yaml"
# What the kubelet tells, in the words of its documentation: it can't be run here, and the drill asks it.
KUBELET = frozenset(
    {
        "container_cpu_usage_seconds_total",
        "container_memory_working_set_bytes",
        "container_spec_memory_limit_bytes",
        "kubelet_running_pods",
    }
)
# What Prometheus writes of each scrape and each alert, and kubediff's own gauge.
WRITTEN = frozenset(
    {"up", "scrape_duration_seconds", "scrape_timeout_seconds", "scrape_samples_scraped", "ALERTS"}
    | {"kubediff_exit_code"}
)


def name(value: object) -> str:
    """Name a panel in a test's id."""
    return str(value["title"]) if isinstance(value, dict) else str(value)


def read(expression: str) -> set[str]:
    """Return the metrics that an expression selects."""
    found = [
        node for node in promql.walk(promql.parse(expression)) if isinstance(node, promql.VectorSelector)
    ]
    return {promql.metric(node) for node in found}


def names_in(text: str) -> set[str]:
    """Return the metrics of an exposition."""
    return set(re.findall(r"^([A-Za-z_:][\w:]*)", text, re.MULTILINE))


@pytest.fixture(scope="module")
def of_a_node() -> Iterator[set[str]]:
    """Run node-exporter with the collectors of the manifest, and return what it tells of this machine."""
    pod = yaml.safe_load(NODE_EXPORTER.read_text())["spec"]["template"]["spec"]
    collectors = [one for one in pod["containers"][0]["args"] if one.startswith("--collector")]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [
        programs.find("prometheus-node-exporter").path,
        f"--web.listen-address=127.0.0.1:{port}",
        *collectors,
    ]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as running:
        try:
            url = f"http://127.0.0.1:{port}/metrics"
            yield names_in(
                wait_for("node-exporter", lambda: scraped(url), deadline=20, clock=WallClock(), every=0.1)
            )
        finally:
            running.terminate()


def scraped(url: str) -> str:
    """Return what a target tells."""
    try:
        return requests.get(url, timeout=5).text
    except requests.RequestException as error:
        raise TransientError(str(error)) from error


@pytest.fixture(scope="module")
def exported(of_a_node: set[str]) -> set[str]:
    """Return every metric that something of the stack writes, or a rule records."""
    golden = [file.read_text() for file in (ROOT / "fixtures" / "objects").rglob("*.metrics")]
    rules = [
        rule
        for file in (ROOT / "rules").glob("*.rules.yaml")
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
    ]
    exporter = {f"{own.PREFIX}{family}" for family, *_ in own.GAUGES}
    with engine.started() as prometheus:
        itself = names_in(scraped(f"{prometheus.url}/metrics"))
    return {
        *KUBELET,
        *WRITTEN,
        *of_a_node,
        *itself,
        *exporter,
        *(family for family, *_ in metrics.GAUGES),
        *(rule["record"] for rule in rules if "record" in rule),
        *names_in("\n".join(golden)),
        # Of a group's rules Prometheus tells once there are rules.
        "prometheus_rule_evaluation_failures_total",
        "prometheus_rule_group_last_duration_seconds",
    }


def test_there_is_a_dashboard_for_each_thing_one_looks_at() -> None:
    """The dashboards there are, by the name that stands in their address."""
    assert {"containers", "deployments", "drill", "nodes"} == BOARDS.keys()
    assert all(name == board["uid"] for name, board in BOARDS.items())


def test_grafana_s_sidecar_finds_them() -> None:
    """Each dashboard is a ConfigMap with the label that the sidecar looks for, under a name that stays."""
    said = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
    assert [[file.name] for file in FILES] == [one["files"] for one in said["configMapGenerator"]]
    assert {"disableNameSuffixHash": True, "labels": {"grafana_dashboard": "1"}} == said["generatorOptions"]


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=name)
def test_a_panel_explains_itself(board: str, panel: dict[str, Any]) -> None:
    """It has a title, a unit and a sentence, and asks the Prometheus that one chooses."""
    assert panel["title"], board
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert {"type": "prometheus", "uid": "${datasource}"} == panel["datasource"]
    assert all(target["expr"] and target["legendFormat"] for target in panel["targets"])


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=name)
def test_a_panel_shows_what_somebody_exports(board: str, panel: dict[str, Any], exported: set[str]) -> None:
    """No query reads a metric that nothing of the stack writes."""
    for target in panel["targets"]:
        assert set() == read(target["expr"]) - exported, (board, target["expr"])


def test_a_metric_that_nobody_exports_would_be_found(exported: set[str]) -> None:
    """The check above can fail."""
    assert {"node_memory_MemFreed_bytes"} == read(
        "rate(node_memory_MemFreed_bytes[5m]) + node_load1"
    ) - exported
