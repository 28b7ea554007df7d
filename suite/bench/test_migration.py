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

DOCUMENTED = 199  # metrics of our default kinds, in the newest documentation
PAGE = Path(__file__).parents[2] / "exporter" / "kube_api_exporter" / "MIGRATING.md"
TABLE, _, LATER = PAGE.read_text().partition("## Newer than")
ROW = re.compile(r"^\| `(.*?)` \| `(.*?)` \|$", re.MULTILINE)
PAIRS, NEWER = ROW.findall(TABLE), ROW.findall(LATER.partition("\n## ")[0])
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
    "replicationcontrollers",
]
# Both tell these only to who asks for them.
TOLD = (
    "--tell=metadata.annotations.team",
    "--tell=pods:spec.tolerations.*",
    "--tell=pods:status.conditions.reason",
)
OPTED_IN = (
    f"--metric-labels-allowlist={','.join(f'{kind}=[*]' for kind in KINDS)}",
    f"--metric-annotations-allowlist={','.join(f'{kind}=[team]' for kind in KINDS)}",
    "--metric-opt-in-list=kube_pod_nodeselectors",
)
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
    "replicationcontroller",
    "pod",
    "node",
)
# A label of theirs → what it may be called here; where both have it, they must agree on its values.
SAME = {
    "access_mode": ("accessMode",),
    "condition": ("type",),
    "effect": ("effect",),
    "image_spec": ("image",),
    "kernel_version": ("kernelVersion",),
    "kubelet_version": ("kubeletVersion",),
    "key": ("key",),
    "node": ("nodeName",),
    "owner_is_controller": ("controller",),
    "owner_kind": ("kind",),
    "owner_name": ("ownerReference",),
    "persistentvolumeclaim": ("claimName",),
    "phase": ("phase",),
    "pod_cidr": ("podCIDR",),
    "pod_ip": ("podIP",),
    "qos_class": ("qosClass",),
    "reason": ("reason",),
    "resource": ("resource",),
    "revision": ("currentRevision", "updateRevision"),
    "role": ("role",),
    "runtimeclass_name": ("runtimeClassName",),
    "scaletargetref_kind": ("kind",),
    "scaletargetref_name": ("scaleTargetRef",),
    "service_account": ("serviceAccountName",),
    "storageclass": ("storageClassName",),
    "type": ("restartPolicy", "type"),
    "volumename": ("volumeName",),
}
Series = tuple[dict[str, str], float]
Seen = tuple[str, str, str, tuple[str, ...], float]  # namespace, name, container, labels, value
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
            subjects.ours(api, folder, made, kinds=KINDS, flags=TOLD),
            subjects.kube_state_metrics(api, folder, made, kinds=KINDS, flags=OPTED_IN),
        ]
        for exporter in exporters:
            exporter.start()
        targets = [{"targets": [exporter.url.split("/")[2] for exporter in exporters]}]
        jobs = [{"job_name": "both", "honor_labels": True, "static_configs": targets}]
        with prometheus(folder, {"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}) as url:
            clock = WallClock()
            wait_for(
                "both to be scraped",
                lambda: [({}, 2.0)] == series(url, "sum(up)"),
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


def series(url: str, query: str) -> list[Series]:
    """Return what an instant query says: labels and value of each series."""
    try:
        reply = requests.get(f"{url}/api/v1/query", params={"query": query}, timeout=10).json()
    except requests.RequestException as error:
        raise NotYet(str(error)) from error
    assert reply["status"] == "success", reply
    return [(one["metric"], float(one["value"][1])) for one in reply["data"]["result"]]


def names(url: str) -> set[str]:
    """Return every metric that kube-state-metrics has at least one series of."""
    reply = requests.get(f"{url}/api/v1/label/__name__/values", timeout=10).json()
    return {name for name in reply["data"] if name.startswith("kube_") and "_api_exporter_" not in name}


def objects(found: list[Series], labels: list[str]) -> list[Seen]:
    """Return of which object and container something is said, with these labels, sorted."""
    return sorted(
        (
            *_who(said),
            said.get("container", ""),
            # There a resource is example_com_gpu, here it is called as it is.
            tuple(re.sub("[^a-zA-Z0-9]", "_", said.get(label, "")) for label in labels),
            value,
        )
        for said, value in found
    )


def _who(said: dict[str, str]) -> tuple[str, str]:
    """Return namespace and name; a namespace's name is `name` here and `namespace` there."""
    name = next((said[label] for label in NAME_LABELS if label in said), "")
    return ("", said["namespace"]) if not name and "namespace" in said else (said.get("namespace", ""), name)


def shared(theirs: list[Series], ours: list[Series], query: str) -> dict[str, str]:
    """Return the labels that both have: theirs → ours; those of labels and annotations have one name."""
    mine = {label for said, _ in ours for label, value in said.items() if value}
    copied = {label for said, _ in theirs for label in said if label.startswith(("label_", "annotation_"))}
    both = {label: label for label in sorted(copied & mine)}
    for label, candidates in SAME.items():
        same = sorted((name for name in candidates if name in mine), key=lambda name: name not in query)
        values = {said[label] for said, _ in theirs if said.get(label)}
        # The truth of one condition is a label there, and a value here.
        if same and values and not values & {"true", "false", "unknown"}:
            both[label] = same[0]
    return both


def metrics(pairs: list[tuple[str, str]]) -> set[str]:
    """Return the metrics of kube-state-metrics that stand in the left column."""
    return {name for theirs, _ in pairs for name in re.findall("kube_[a-z_]+", theirs)}


@pytest.mark.parametrize(("theirs", "ours"), PAIRS)
def test_both_columns_say_the_same_of_the_same_objects(asked: str, theirs: str, ours: str) -> None:
    """A query of kube-state-metrics and its counterpart here see the same objects, words and numbers."""
    there, here = series(asked, theirs), series(asked, ours)
    both = shared(there, here, ours)
    assert there
    assert objects(there, list(both)) == objects(here, list(both.values()))


@pytest.mark.parametrize(("theirs", "ours"), NEWER, ids=[theirs for theirs, _ in NEWER])
def test_what_is_newer_says_what_was_made(asked: str, theirs: str, ours: str) -> None:
    """The version we run has no such metric: its query here sees what the objects were made with."""
    made = migrating.NEWER[theirs]
    expected = {(name, value) for value, names in made.items() for name in names}
    assert expected == {(name, value) for _, name, _, _, value in objects(series(asked, ours), [])}


def test_the_table_is_whole(asked: str) -> None:
    """All 199 documented metrics of our default kinds are in it, and all that have a series here."""
    assert DOCUMENTED == len(metrics(PAIRS + NEWER))
    assert set() == names(asked) - metrics(PAIRS)
