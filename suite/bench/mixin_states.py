"""A cluster in three states, well, ill and another, by which alerts on states are compared with each other.

Each object is three times here: as it is when all is well, when what it is about is ill, and in between,
as when something rolls or flaps. What kubelets say of it is written by hand.
"""

from collections.abc import Iterator
from typing import Any

from bench.load import CREATED
from bench.migrating import CONTAINER, OWNER, SELECTOR, TEMPLATE, condition, made, taint

FRAMES = ("well", "ill", "other")
Status = dict[str, Any]
Three = tuple[Status, Status, Status]
JOB_OWNER = {**OWNER, "kind": "Job", "controller": False, "uid": "j"}


def objects(frame: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (key in etcd, object) of one of the three states."""
    nth = FRAMES.index(frame)
    for folder, name, spec, statuses, more in _all():
        status = {**statuses[nth]}
        metadata = {**more, **status.pop("metadata", {})}
        yield made(folder, name, {**spec, **status.pop("spec", {})}, status, **metadata)


def _all() -> Iterator[tuple[str, str, dict[str, Any], Three, dict[str, Any]]]:
    yield from _pods()
    for name, three in _deployments().items():
        spec = {"replicas": 3, "selector": SELECTOR, "template": TEMPLATE}
        yield "deployments", name, spec, three, {}
    for name, three in _statefulsets().items():
        spec = {"replicas": 3, "selector": SELECTOR, "template": TEMPLATE, "serviceName": "s"}
        yield "statefulsets", name, spec, three, {}
    for name, three in _daemonsets().items():
        yield "daemonsets", name, {"selector": SELECTOR, "template": TEMPLATE}, three, {}
    yield from _jobs()
    yield from _scaled()
    yield from _quotas()
    yield from _storage()
    for name, three in _nodes().items():
        yield "minions", name, {}, three, {"labels": {"node-role.kubernetes.io/control-plane": ""}}


def _pods() -> Iterator[tuple[str, str, dict[str, Any], Three, dict[str, Any]]]:
    run: Status = {"running": {"startedAt": CREATED}}
    well = _pod("Running", run, "True")
    pending = _pod("Pending", {"waiting": {"reason": "ContainerCreating"}}, "False")
    crashing = _pod("Running", {"waiting": {"reason": "CrashLoopBackOff"}}, "False")
    ill = {
        "crashing": (well, crashing, well),
        "no-image": (well, _pod("Pending", {"waiting": {"reason": "ImagePullBackOff"}}, "False"), pending),
        "unready": (well, _pod("Running", run, "False"), well),
        "lost": (well, _pod("Unknown", run, "Unknown"), well),
        "done": (well, _pod("Succeeded", {"terminated": {"exitCode": 0}}, "False"), well),
    }
    for name, three in ill.items():
        yield "pods", name, {"containers": [CONTAINER]}, three, {"ownerReferences": [OWNER]}
    owners: dict[str, list[dict[str, Any]]] = {
        "orphan": [],
        "of-a-job": [{**JOB_OWNER, "controller": True}],
        "of-both": [OWNER, JOB_OWNER],
    }
    for name, refs in owners.items():
        yield "pods", name, {"containers": [CONTAINER]}, (well, pending, well), {"ownerReferences": refs}
    much = {**CONTAINER, "resources": {"requests": {"cpu": "64", "memory": "640Gi"}}}
    greedy = {**well, "spec": {"containers": [much]}}
    yield "pods", "greedy", {"containers": [CONTAINER]}, (well, greedy, well), {"ownerReferences": [OWNER]}


def _pod(phase: str, state: Status, ready: str) -> Status:
    one = {"name": "app", "ready": ready == "True", "restartCount": 1, "image": "app:1", "imageID": "i"}
    return {
        "phase": phase,
        "conditions": [condition("PodScheduled", "True"), condition("Ready", ready)],
        "containerStatuses": [{**one, "state": state, "lastState": {}}],
    }


def _deployments() -> dict[str, Three]:
    all_there = {"replicas": 3, "readyReplicas": 3, "availableReplicas": 3, "updatedReplicas": 3}
    well = {**all_there, "observedGeneration": 1, "conditions": [condition("Progressing", "True")]}
    half = {**well, "availableReplicas": 2, "updatedReplicas": 2}
    return {
        "behind": (well, {**well, "availableReplicas": 1}, well),
        "none": (well, {"observedGeneration": 1, "updatedReplicas": 0}, well),
        "rolling": (well, {**half, "updatedReplicas": 1}, half),
        "stuck": (well, {**well, "conditions": [condition("Progressing", "False")]}, well),
        "unobserved": (well, {**well, "metadata": {"generation": 2}}, well),
        "never-observed": (well, {**all_there}, well),
    }


def _statefulsets() -> dict[str, Three]:
    revisions = {"currentRevision": "a", "updateRevision": "a", "observedGeneration": 1}
    well = {"replicas": 3, "readyReplicas": 3, "updatedReplicas": 3, "currentReplicas": 3, **revisions}
    halted = {**well, "updateRevision": "b", "updatedReplicas": 1}
    return {
        "behind": (well, {**well, "readyReplicas": 1}, well),
        "none": (well, {"replicas": 3, **revisions}, well),
        "halted": (well, halted, {**halted, "updatedReplicas": 2}),
        "unobserved": (well, {**well, "metadata": {"generation": 2}}, well),
    }


def _daemonsets() -> dict[str, Three]:
    placed = {"desiredNumberScheduled": 3, "currentNumberScheduled": 3, "numberMisscheduled": 0}
    well = {**placed, "numberReady": 3, "numberAvailable": 3, "updatedNumberScheduled": 3}
    return {
        "halted": (well, {**well, "updatedNumberScheduled": 1}, {**well, "updatedNumberScheduled": 2}),
        "unplaced": (well, {**well, "currentNumberScheduled": 1}, well),
        "misplaced": (well, {**well, "numberMisscheduled": 1}, well),
        "unavailable": (well, {**placed, "numberReady": 0, "updatedNumberScheduled": 3}, well),
        "old": (well, {**placed, "numberReady": 3, "numberAvailable": 3}, well),
    }


def _jobs() -> Iterator[tuple[str, str, dict[str, Any], Three, dict[str, Any]]]:
    template = {"spec": {"containers": [CONTAINER], "restartPolicy": "Never"}}
    spec = {"completions": 1, "parallelism": 1, "template": template}
    active = {"startTime": CREATED, "active": 1}
    done = {"startTime": CREATED, "succeeded": 1, "conditions": [condition("Complete", "True")]}
    failed = {"startTime": CREATED, "failed": 1, "conditions": [condition("Failed", "True")]}
    three: dict[str, Three] = {
        "long": (active, active, active),
        "complete": (active, done, done),
        "failed": (active, failed, failed),
    }
    for name, statuses in three.items():
        yield "jobs", name, spec, statuses, {}


def _scaled() -> Iterator[tuple[str, str, dict[str, Any], Three, dict[str, Any]]]:
    target = {"kind": "Deployment", "name": "behind", "apiVersion": "apps/v1"}
    limits = {"minReplicas": 2, "maxReplicas": 10, "scaleTargetRef": target}
    well = {"currentReplicas": 4, "desiredReplicas": 4}
    most = {"currentReplicas": 10, "desiredReplicas": 10}
    scaled: dict[str, tuple[dict[str, Any], Three]] = {
        "lagging": (limits, (well, {**well, "desiredReplicas": 5}, well)),
        "least": (limits, (well, {"currentReplicas": 2, "desiredReplicas": 3}, well)),
        "most": (limits, (well, most, most)),
        "pinned": ({**limits, "minReplicas": 4, "maxReplicas": 4}, (well, well, well)),
    }
    for name, (spec, statuses) in scaled.items():
        yield "horizontalpodautoscalers", name, spec, statuses, {}
    healthy = {"currentHealthy": 2, "desiredHealthy": 2, "expectedPods": 3, "disruptionsAllowed": 1}
    three = (healthy, {**healthy, "currentHealthy": 1}, healthy)
    yield "poddisruptionbudgets", "b", {"minAvailable": 2, "selector": SELECTOR}, three, {}


def _quotas() -> Iterator[tuple[str, str, dict[str, Any], Three, dict[str, Any]]]:
    hard = {"pods": "100", "requests.memory": "1Gi"}
    used = {"almost": "95", "full": "100", "exceeded": "120", "half": "50"}
    for name, pods in used.items():
        well, ill = ({"hard": hard, "used": {"pods": n, "requests.memory": "1Mi"}} for n in ("10", pods))
        yield "resourcequotas", name, {"hard": hard}, (well, ill, well), {}
    small, big = ({"cpu": n, "requests.cpu": n, "memory": f"{n}Gi"} for n in ("1", "1000"))
    three = ({"hard": small}, {"hard": big}, {"hard": small})
    yield "resourcequotas", "generous", {"hard": small}, three, {}


def _storage() -> Iterator[tuple[str, str, dict[str, Any], Three, dict[str, Any]]]:
    claim = {"resources": {"requests": {"storage": "1Gi"}}, "storageClassName": "fast"}
    bound: Three = ({"phase": "Bound"}, {"phase": "Bound"}, {"phase": "Bound"})
    modes = {"data": "ReadWriteOnce", "shared": "ReadOnlyMany", "excluded": "ReadWriteOnce"}
    for name, mode in modes.items():
        labels = {"excluded-from-alerts": "true"} if name == "excluded" else {}
        yield "persistentvolumeclaims", name, {**claim, "accessModes": [mode]}, bound, {"labels": labels}
    volume = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/v"}}
    three = ({"phase": "Bound"}, {"phase": "Failed"}, {"phase": "Pending"})
    yield "persistentvolumes", "v", volume, three, {}


def _nodes() -> dict[str, Three]:
    well, unready, unheard = (_node(ready) for ready in ("True", "False", "Unknown"))
    cordoned = {"spec": {"unschedulable": True}}
    gone = [taint("node.kubernetes.io/unreachable", "")]
    leaving = [*gone, taint("ToBeDeletedByClusterAutoscaler", "1")]
    return {
        "well": (well, well, well),
        "unready": (well, unready, unready),
        "unheard": (well, unheard, unready),
        "cordoned": (well, {**unready, **cordoned}, {**well, **cordoned}),
        "flapping": (well, unready, well),
        "dark": (well, unready, unheard),
        "pressed": (well, _node("True", pressure="True"), well),
        "unreachable": (well, {**well, "spec": {"taints": gone}}, well),
        "leaving": (well, {**well, "spec": {"taints": leaving}}, well),
    }


def _node(ready: str, *, pressure: str = "False") -> Status:
    resources = {"cpu": "2", "memory": "4Gi", "pods": "110"}
    conditions = [condition("Ready", ready), condition("DiskPressure", pressure)]
    return {"capacity": resources, "allocatable": resources, "conditions": conditions}


# What kubelets say: labels, and the value in each of the three states.
CLAIMS = ("data", "shared", "excluded")
VOLUME = {
    "kubelet_volume_stats_capacity_bytes": (100.0, 100.0, 100.0),
    "kubelet_volume_stats_available_bytes": (90.0, 2.0, 10.0),
    "kubelet_volume_stats_used_bytes": (10.0, 98.0, 90.0),
    "kubelet_volume_stats_inodes": (100.0, 100.0, 100.0),
    "kubelet_volume_stats_inodes_free": (90.0, 2.0, 10.0),
    "kubelet_volume_stats_inodes_used": (10.0, 98.0, 90.0),
}


def kubelets() -> Iterator[tuple[dict[str, str], tuple[float, float, float]]]:
    """Yield labels and values of what no API server knows."""
    kubelet = {"job": "kubelet", "instance": "k1"}
    yield {"__name__": "up", **kubelet}, (1.0, 0.0, 1.0)
    yield {"__name__": "kubelet_running_pods", **kubelet}, (50.0, 109.0, 50.0)
    yield {"__name__": "kubelet_node_name", "node": "well", **kubelet}, (1.0, 1.0, 1.0)
    for claim in CLAIMS:
        for name, values in VOLUME.items():
            labels = {"namespace": "default", "persistentvolumeclaim": claim}
            yield {"__name__": name, **labels, **kubelet}, values


# An alert and how long it waits → for what it fires in the course of these states.
FIRES: dict[tuple[str, str], set[str]] = {
    ("KubePodCrashLooping", "15m"): {"crashing app"},
    ("KubePodNotReady", "15m"): {"crashing", "lost", "no-image", "of-both", "orphan", "unready"},
    ("KubeDeploymentGenerationMismatch", "15m"): {"never-observed", "unobserved"},
    ("KubeDeploymentReplicasMismatch", "15m"): {"behind", "none", "rolling"},
    ("KubeDeploymentRolloutStuck", "15m"): {"stuck"},
    ("KubeStatefulSetReplicasMismatch", "15m"): {"behind", "none"},
    ("KubeStatefulSetGenerationMismatch", "15m"): {"unobserved"},
    ("KubeStatefulSetUpdateNotRolledOut", "15m"): {"halted"},
    ("KubeDaemonSetRolloutStuck", "15m"): {"halted", "misplaced", "old", "unavailable", "unplaced"},
    ("KubeContainerWaiting", "1h"): {"no-image app", "of-a-job app", "of-both app", "orphan app"},
    ("KubeDaemonSetNotScheduled", "10m"): {"unplaced"},
    ("KubeDaemonSetMisScheduled", "15m"): {"misplaced"},
    ("KubeJobNotCompleted", ""): {"complete", "failed", "long"},
    ("KubeJobFailed", "15m"): {"failed"},
    ("KubeHpaReplicasMismatch", "15m"): {"lagging"},
    ("KubeHpaMaxedOut", "15m"): {"most"},
    ("KubePdbNotEnoughHealthyPods", "15m"): {"b"},
    ("KubeCPUOvercommit", "10m"): {""},
    ("KubeMemoryOvercommit", "10m"): {""},
    ("KubeCPUQuotaOvercommit", "5m"): {""},
    ("KubeMemoryQuotaOvercommit", "5m"): {""},
    ("KubeQuotaAlmostFull", "15m"): {"almost pods"},
    ("KubeQuotaFullyUsed", "15m"): {"full pods"},
    ("KubeQuotaExceeded", "15m"): {"exceeded pods"},
    ("KubePersistentVolumeFillingUp", "1m"): {"data"},
    ("KubePersistentVolumeFillingUp", "1h"): {"data"},
    ("KubePersistentVolumeInodesFillingUp", "1m"): {"data"},
    ("KubePersistentVolumeInodesFillingUp", "1h"): {"data"},
    ("KubePersistentVolumeErrors", "5m"): {"v"},
    ("KubeNodeNotReady", "15m"): {"dark", "flapping", "unheard", "unready"},
    ("KubeNodePressure", "10m"): {"pressed"},
    ("KubeNodeUnreachable", "15m"): {"unreachable"},
    ("KubeletTooManyPods", "15m"): {"well"},
    ("KubeNodeReadinessFlapping", "15m"): {"flapping"},
    ("KubeletDown", "15m"): {""},
}
