"""Objects in every state that both exporters tell, written as their controllers would leave them."""

from collections.abc import Iterator
from typing import Any

from bench.load import CREATED

LATER = "2026-01-01T01:00:00Z"
NAMESPACE = "default"
CONTAINER = {
    "name": "app",
    "image": "app:1",
    "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "1500m", "memory": "1Gi"}},
}
INIT = {**CONTAINER, "name": "init"}
TEMPLATE = {"metadata": {"labels": {"app": "s"}}, "spec": {"containers": [CONTAINER]}}
SELECTOR = {"matchLabels": {"app": "s"}}
OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "uid": "u", "controller": True}
ENDED = {"exitCode": 137, "reason": "OOMKilled", "startedAt": CREATED, "finishedAt": LATER}
# A pod's name → its phase, the state of its container, the last one, and whether it is ready.
PODS: dict[str, tuple[str, dict[str, Any], dict[str, Any], str]] = {
    "running": ("Running", {"running": {"startedAt": CREATED}}, {}, "True"),
    "crashing": ("Running", {"waiting": {"reason": "CrashLoopBackOff"}}, {"terminated": ENDED}, "False"),
    "no-image": ("Pending", {"waiting": {"reason": "ImagePullBackOff"}}, {}, "False"),
    "no-config": ("Pending", {"waiting": {"reason": "CreateContainerConfigError"}}, {}, "False"),
    "oom": ("Failed", {"terminated": ENDED}, {"terminated": ENDED}, "False"),
    "succeeded": ("Succeeded", {"terminated": {**ENDED, "exitCode": 0, "reason": "Completed"}}, {}, "False"),
    "lost": ("Unknown", {"running": {"startedAt": CREATED}}, {}, "Unknown"),
}
KINDS = {
    "pods": ("v1", "Pod"),
    "minions": ("v1", "Node"),
    "persistentvolumeclaims": ("v1", "PersistentVolumeClaim"),
    "resourcequotas": ("v1", "ResourceQuota"),
    "deployments": ("apps/v1", "Deployment"),
    "statefulsets": ("apps/v1", "StatefulSet"),
    "jobs": ("batch/v1", "Job"),
    "poddisruptionbudgets": ("policy/v1", "PodDisruptionBudget"),
}


def objects() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (key in etcd, object)."""
    for name, state in PODS.items():
        yield _made("pods", name, _pod_spec(), _pod_status(*state), ownerReferences=[OWNER])
    unplaced = [_condition("PodScheduled", "False", "Unschedulable")]
    yield _made("pods", "unplaced", {"containers": [CONTAINER]}, {"phase": "Pending", "conditions": unplaced})
    yield _made("pods", "evicted", _pod_spec(), {"phase": "Failed", "reason": "Evicted"})
    going: dict[str, Any] = {"deletionTimestamp": LATER, "finalizers": ["example.com/stay"]}
    yield _made("pods", "deleting", _pod_spec(), _pod_status(*PODS["running"]), **going)
    for name, ready in (("well", "True"), ("unready", "False"), ("unheard", "Unknown")):
        yield _made("minions", name, _node_spec(), _node_status(ready), labels=_roles())
    for name, phase in (("bound", "Bound"), ("pending", "Pending")):
        yield _made("persistentvolumeclaims", name, _claim_spec(), {"phase": phase})
    quantities = {"cpu": "4", "requests.memory": "1Gi", "pods": "10"}
    yield _made(
        "resourcequotas",
        "q",
        {"hard": quantities},
        {"hard": quantities, "used": {"cpu": "1500m", "pods": "3"}},
    )
    yield from _workloads()
    yield from _jobs()


def _workloads() -> Iterator[tuple[str, dict[str, Any]]]:
    surge = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "30%", "maxUnavailable": "30%"}}
    spec = {"replicas": 4, "selector": SELECTOR, "template": TEMPLATE, "strategy": surge}
    stuck = [_condition("Available", "True"), _condition("Progressing", "False", "ProgressDeadlineExceeded")]
    counts = {
        "replicas": 5,
        "readyReplicas": 3,
        "availableReplicas": 3,
        "unavailableReplicas": 2,
        "updatedReplicas": 2,
    }
    yield _made("deployments", "stuck", spec, {**counts, "observedGeneration": 1, "conditions": stuck})
    kept = {"whenDeleted": "Retain", "whenScaled": "Delete"}
    ordered = {"replicas": 2, "selector": SELECTOR, "template": TEMPLATE, "serviceName": "s"}
    revisions = {"currentRevision": "s-1", "updateRevision": "s-2", "replicas": 2, "readyReplicas": 1}
    yield _made("statefulsets", "s", {**ordered, "persistentVolumeClaimRetentionPolicy": kept}, {**revisions})
    healthy = {"currentHealthy": 1, "desiredHealthy": 2, "expectedPods": 3, "disruptionsAllowed": 0}
    yield _made(
        "poddisruptionbudgets",
        "b",
        {"minAvailable": 2, "selector": SELECTOR},
        {**healthy, "observedGeneration": 1},
    )


def _jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    template = {"spec": {"containers": [CONTAINER], "restartPolicy": "Never"}}
    spec = {"completions": 1, "parallelism": 1, "backoffLimit": 0, "suspend": False, "template": template}
    done = {"startTime": CREATED, "completionTime": LATER, "succeeded": 1}
    states: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "active": (spec, {"startTime": CREATED, "active": 1}),
        "complete": (spec, {**done, "conditions": [_condition("Complete", "True")]}),
        "failed": (
            {**spec, "activeDeadlineSeconds": 60},
            {
                "startTime": CREATED,
                "failed": 1,
                "conditions": [_condition("Failed", "True", "BackoffLimitExceeded")],
            },
        ),
        "suspended": ({**spec, "suspend": True}, {"conditions": [_condition("Suspended", "True")]}),
    }
    for name, (wished, is_now) in states.items():
        yield _made("jobs", name, wished, is_now)


def _made(
    folder: str, name: str, spec: dict[str, Any], status: dict[str, Any], **more: Any
) -> tuple[str, dict[str, Any]]:
    api_version, kind = KINDS[folder]
    where = {} if folder == "minions" else {"namespace": NAMESPACE}
    uid = f"uid-{folder}-{name}"
    metadata = {"name": name, "uid": uid, "creationTimestamp": CREATED, "generation": 1, **where, **more}
    key = f"{folder}/{NAMESPACE}/{name}" if where else f"{folder}/{name}"
    return key, {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": metadata,
        "spec": spec,
        "status": status,
    }


def _condition(kind: str, status: str, reason: str = "Because") -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, "lastTransitionTime": LATER}


def _pod_spec() -> dict[str, Any]:
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "bound", "readOnly": True}}
    names = {"nodeName": "well", "serviceAccountName": "robot", "schedulerName": "default-scheduler"}
    return {
        **names,
        "containers": [CONTAINER],
        "initContainers": [INIT],
        "volumes": [volume],
        "restartPolicy": "OnFailure",
    }


def _pod_status(phase: str, state: dict[str, Any], last: dict[str, Any], ready: str) -> dict[str, Any]:
    one = {
        "ready": ready == "True",
        "restartCount": 2,
        "image": "app:1",
        "imageID": "i",
        "state": state,
        "lastState": last,
    }
    conditions = [_condition("PodScheduled", "True"), _condition("Initialized", "True")]
    conditions += [_condition("Ready", ready), _condition("ContainersReady", ready)]
    return {
        "phase": phase,
        "qosClass": "Burstable",
        "hostIP": "10.0.0.1",
        "podIP": "10.1.0.1",
        "podIPs": [{"ip": "10.1.0.1"}],
        "startTime": CREATED,
        "conditions": conditions,
        "containerStatuses": [{**one, "name": "app"}],
        "initContainerStatuses": [{**one, "name": "init"}],
    }


def _roles() -> dict[str, str]:
    return {"node-role.kubernetes.io/control-plane": "", "app": "node"}


def _node_spec() -> dict[str, Any]:
    taint = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}
    return {
        "unschedulable": True,
        "taints": [taint],
        "podCIDR": "10.1.0.0/24",
        "podCIDRs": ["10.1.0.0/24"],
        "providerID": "p",
    }


def _node_status(ready: str) -> dict[str, Any]:
    resources = {"cpu": "3920m", "memory": "8Gi", "pods": "110"}
    conditions = [_condition("Ready", ready), _condition("DiskPressure", "False")]
    node = {"kernelVersion": "6", "osImage": "Linux", "kubeletVersion": "v1.34.0", "systemUUID": "u"}
    addresses = [{"type": "InternalIP", "address": "10.0.0.1"}]
    told = {"capacity": resources, "allocatable": resources, "nodeInfo": node, "addresses": addresses}
    return {**told, "conditions": conditions}


def _claim_spec() -> dict[str, Any]:
    return {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "10Gi"}},
        "storageClassName": "fast",
        "volumeName": "v",
    }
