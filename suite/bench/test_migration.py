"""Both columns of MIGRATING.md, asked of one Prometheus that scrapes both exporters of one API server."""

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from alertdrill.clock import NotYet, WallClock, wait_for
from alertdrill.machine import process
from bench import load, migrating, subjects
from e2e.exporter import histories
from e2e.exporter.apiserver import ApiServer
from e2e.exporter.test_exporter_prometheus import prometheus

PAGE = Path(__file__).parents[2] / "exporter" / "kube_api_exporter" / "MIGRATING.md"
PAIRS = re.findall(r"^\| `(.*?)` \| `(.*?)` \|$", PAGE.read_text(), re.MULTILINE)
KINDS = [
    "pods",
    "deployments",
    "replicasets",
    "daemonsets",
    "statefulsets",
    "jobs",
    "nodes",
    "horizontalpodautoscalers",
    "namespaces",
    "persistentvolumeclaims",
    "poddisruptionbudgets",
    "resourcequotas",
]
# Where an object's name stands: here, and in kube-state-metrics by kind.
NAME_LABELS = (
    "name",
    "deployment",
    "replicaset",
    "daemonset",
    "statefulset",
    "job_name",
    "horizontalpodautoscaler",
    "persistentvolumeclaim",
    "poddisruptionbudget",
    "resourcequota",
    "pod",
    "node",
)
Seen = tuple[str, str, str, float]  # namespace, name, container, value
CONTAINER = {"name": "app", "image": "app:1"}
TEMPLATE = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [CONTAINER]}}
SELECTOR = {"matchLabels": {"app": "x"}}
OTHERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "/apis/apps/v1/namespaces/default/replicasets": (
        {"replicas": 3, "selector": SELECTOR, "template": TEMPLATE},
        {"replicas": 3},
    ),
    "/apis/apps/v1/namespaces/default/daemonsets": (
        {"selector": SELECTOR, "template": TEMPLATE},
        {"currentNumberScheduled": 3, "desiredNumberScheduled": 4, "numberMisscheduled": 0, "numberReady": 2},
    ),
    "/apis/apps/v1/namespaces/default/statefulsets": (
        {"replicas": 5, "selector": SELECTOR, "template": TEMPLATE, "serviceName": "x"},
        {"replicas": 5},
    ),
    "/apis/batch/v1/namespaces/default/jobs": (
        {"completions": 2, "template": {"spec": {"containers": [CONTAINER], "restartPolicy": "Never"}}},
        {"active": 1},
    ),
    "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers": (
        {"maxReplicas": 7, "scaleTargetRef": {"kind": "Deployment", "name": "x", "apiVersion": "apps/v1"}},
        {"currentReplicas": 1, "desiredReplicas": 2},
    ),
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URL of a Prometheus that has scraped both."""
    with process.interruptible():
        yield from _asked(tmp_path_factory.mktemp("migration"))


def _asked(folder: Path) -> Iterator[str]:
    api = ApiServer(folder)
    exporters = []
    try:
        api.start()
        made = _furnish(api)
        exporters = [
            subjects.ours(api, folder, made, kinds=KINDS),
            subjects.kube_state_metrics(api, folder, made, kinds=KINDS),
        ]
        for exporter in exporters:
            exporter.start()
        targets = [{"targets": [exporter.url.split("/")[2] for exporter in exporters]}]
        jobs = [{"job_name": "both", "honor_labels": True, "static_configs": targets}]
        with prometheus(folder, {"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}) as url:
            clock = WallClock()
            wait_for(
                "both to be scraped",
                lambda: [("", "", "", 2.0)] == objects(url, "sum(up)"),
                deadline=60,
                clock=clock,
            )
            WallClock().sleep(3)
            yield url
    finally:
        for exporter in exporters:
            exporter.stop()
        api.kill()


def _furnish(api: ApiServer) -> dict[str, int]:
    """Create some of everything; return how many of what both exporters wait for."""
    dice = random.Random(11)  # noqa: S311  # the same objects every time
    for index in range(10):
        for kind in ("pods", "deployments.apps", "nodes"):
            path = histories.PATHS[kind].format("default")
            api.call("POST", path, histories.body(kind, f"x-{index}", dice))
            if index:
                api.patch(f"{path}/x-{index}/status", histories.change(kind, dice))
    ended = {"terminated": {"exitCode": 137, "reason": "Error"}}
    statuses = [
        {"name": "app", "ready": False, "restartCount": 3, "image": "", "imageID": "", "lastState": ended}
    ]
    init = [{**statuses[0], "lastState": {}, "restartCount": 1}]
    pod = "/api/v1/namespaces/default/pods/x-0/status"
    api.patch(pod, {"status": {"containerStatuses": statuses, "initContainerStatuses": init}})
    for path, (spec, status) in OTHERS.items():
        api.call("POST", path, {"metadata": {"name": "x"}, "spec": spec})
        api.patch(f"{path}/x/status", {"status": status})
    load.fill(api.etcd, migrating.objects())
    return {"pod": 10 + sum(key.startswith("pods/") for key, _ in migrating.objects())}


def objects(url: str, query: str) -> list[Seen]:
    """Return what an instant query says of which object and container, sorted."""
    try:
        reply = requests.get(f"{url}/api/v1/query", params={"query": query}, timeout=10).json()
    except requests.RequestException as error:
        raise NotYet(str(error)) from error
    assert reply["status"] == "success", reply
    return sorted(
        (
            one["metric"].get("namespace", ""),
            next((one["metric"][label] for label in NAME_LABELS if label in one["metric"]), ""),
            one["metric"].get("container", ""),
            float(one["value"][1]),
        )
        for one in reply["data"]["result"]
    )


@pytest.mark.parametrize(("theirs", "ours"), PAIRS)
def test_both_columns_say_the_same_of_the_same_objects(asked: str, theirs: str, ours: str) -> None:
    """A query of kube-state-metrics and its counterpart here see the same numbers, and some."""
    assert objects(asked, theirs)
    assert objects(asked, theirs) == objects(asked, ours)
