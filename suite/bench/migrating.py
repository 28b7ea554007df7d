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
# A kind's folder in etcd → its version and name.
KINDS = {
    "pods": ("v1", "Pod"),
    "minions": ("v1", "Node"),
    "namespaces": ("v1", "Namespace"),
    "controllers": ("v1", "ReplicationController"),
    "persistentvolumeclaims": ("v1", "PersistentVolumeClaim"),
    "resourcequotas": ("v1", "ResourceQuota"),
    "deployments": ("apps/v1", "Deployment"),
    "replicasets": ("apps/v1", "ReplicaSet"),
    "daemonsets": ("apps/v1", "DaemonSet"),
    "statefulsets": ("apps/v1", "StatefulSet"),
    "jobs": ("batch/v1", "Job"),
    "poddisruptionbudgets": ("policy/v1", "PodDisruptionBudget"),
    "persistentvolumes": ("v1", "PersistentVolume"),
    "horizontalpodautoscalers": ("autoscaling/v2", "HorizontalPodAutoscaler"),
}
# What metrics that are newer than the program we run would say: metric → value → names of objects.
CREATED_SECONDS, LATER_SECONDS = 1767225600.0, 1767229200.0
STARTED = ("running", "oom", "succeeded", "lost", "deleting", "particular")
NEWER: dict[str, dict[float, tuple[str, ...]]] = {
    "kube_pod_init_container_state_started": {CREATED_SECONDS: STARTED},
    "kube_pod_init_container_status_last_terminated_exitcode": {137.0: ("crashing", "oom")},
    "kube_pod_init_container_status_last_terminated_timestamp": {LATER_SECONDS: ("crashing", "oom")},
    "kube_pod_resourceclaim_info": {1.0: ("particular",)},
    "kube_pod_status_disruption_reason": {1.0: ("evicted",)},
    "kube_node_spec_pod_cidrs": {1.0: ("well", "cordoned", "tainted", "unready", "unheard", "going")},
    "kube_horizontalpodautoscaler_spec_behavior_scale_up_tolerance": {0.05: ("busy", "going")},
    "kube_horizontalpodautoscaler_spec_behavior_scale_down_tolerance": {0.2: ("busy", "going")},
}
CLUSTER_WIDE = ("minions", "namespaces", "persistentvolumes")
GOING = {"deletionTimestamp": LATER, "finalizers": ["example.com/stay"]}


def objects() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (key in etcd, object)."""
    yield from _pods()
    yield from _nodes()
    yield from _workloads()
    yield from _jobs()
    yield from _others()


def _pods() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in PODS.items():
        yield made("pods", name, _pod_spec(), _pod_status(*state), ownerReferences=[OWNER])
    unplaced = [condition("PodScheduled", "False", "Unschedulable")]
    yield made("pods", "unplaced", {"containers": [CONTAINER]}, {"phase": "Pending", "conditions": unplaced})
    disrupted = [condition("DisruptionTarget", "True", "EvictionByEvictionAPI")]
    evicted = {"phase": "Failed", "reason": "Evicted", "conditions": disrupted}
    yield made("pods", "evicted", _pod_spec(), evicted)
    yield made("pods", "deleting", _pod_spec(), _pod_status(*PODS["running"]), **GOING)
    particular = {
        "nodeSelector": {"disk": "ssd"},
        "overhead": {"cpu": "250m", "memory": "120Mi"},
        "runtimeClassName": "gvisor",
        "tolerations": [{"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}],
        "resourceClaims": [{"name": "gpu", "resourceClaimName": "gpu-1"}],
    }
    yield made("pods", "particular", {**_pod_spec(), **particular}, _pod_status(*PODS["running"]))


def _nodes() -> Iterator[tuple[str, dict[str, Any]]]:
    cordoned = {"unschedulable": True, "taints": [taint("node.kubernetes.io/unschedulable", "")]}
    states: dict[str, tuple[dict[str, Any], str]] = {
        "well": ({}, "True"),
        "cordoned": (cordoned, "True"),
        "tainted": ({"taints": [taint("dedicated", "db")]}, "True"),
        "unready": ({"taints": [taint("node.kubernetes.io/not-ready", "")]}, "False"),
        "unheard": ({"taints": [taint("node.kubernetes.io/unreachable", "")]}, "Unknown"),
    }
    for name, (wished, ready) in states.items():
        yield made("minions", name, {**_node_spec(), **wished}, _node_status(ready), labels=_roles())
    yield made("minions", "going", _node_spec(), _node_status("True"), **GOING)


def _others() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, phase in (("bound", "Bound"), ("pending", "Pending")):
        resizing = [condition("FileSystemResizePending", "True")]
        yield made("persistentvolumeclaims", name, _claim_spec(), {"phase": phase, "conditions": resizing})
    yield made("persistentvolumeclaims", "going", _claim_spec(), {"phase": "Bound"}, **GOING)
    hard = {"cpu": "4", "requests.memory": "1Gi", "pods": "10"}
    quota = {"hard": hard, "used": {"cpu": "1500m", "pods": "3"}}
    yield made("resourcequotas", "q", {"hard": hard}, quota)
    stays = [condition("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain")]
    yield made("namespaces", "calm", {"finalizers": ["kubernetes"]}, {"phase": "Active"})
    ending = {"phase": "Terminating", "conditions": stays}
    yield made("namespaces", "ending", {"finalizers": ["kubernetes"]}, ending, **GOING)
    yield from _budgets()
    yield from _autoscalers()


def _budgets() -> Iterator[tuple[str, dict[str, Any]]]:
    healthy = {"currentHealthy": 1, "desiredHealthy": 2, "expectedPods": 3, "disruptionsAllowed": 0}
    spec = {"minAvailable": 2, "selector": SELECTOR}
    for name, more in (("b", {}), ("going", GOING)):
        yield made("poddisruptionbudgets", name, spec, {**healthy, "observedGeneration": 1}, **more)


def _autoscalers() -> Iterator[tuple[str, dict[str, Any]]]:
    target = {"kind": "Deployment", "name": "stuck", "apiVersion": "apps/v1"}
    metrics: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("resource", {"name": "cpu"}, {"type": "Utilization", "averageUtilization": 80}),
        ("containerResource", {"name": "memory", "container": "app"}, {"averageValue": "500Mi"}),
        ("pods", {"metric": {"name": "requests"}}, {"averageValue": "1500m"}),
        ("external", {"metric": {"name": "queue"}}, {"value": "30"}),
    ]
    wished = [
        {"type": kind[0].upper() + kind[1:], kind: {**of, "target": {"type": "AverageValue", **worth}}}
        for kind, of, worth in metrics
    ]
    found = [
        {"type": kind[0].upper() + kind[1:], kind: {**of, "current": {"averageValue": "0", **worth}}}
        for kind, of, worth in metrics
    ]
    spec = {"minReplicas": 2, "maxReplicas": 10, "scaleTargetRef": target, "metrics": wished}
    spec["behavior"] = {"scaleUp": {"tolerance": "50m"}, "scaleDown": {"tolerance": "0.2"}}
    conditions = [condition("ScalingLimited", "True"), condition("AbleToScale", "False")]
    status = {"currentReplicas": 10, "desiredReplicas": 10, "currentMetrics": found, "conditions": conditions}
    yield made("horizontalpodautoscalers", "busy", spec, status)
    yield made("horizontalpodautoscalers", "going", spec, status, **GOING)


def _workloads() -> Iterator[tuple[str, dict[str, Any]]]:
    surge = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "30%", "maxUnavailable": "30%"}}
    spec = {"replicas": 4, "selector": SELECTOR, "template": TEMPLATE, "strategy": surge}
    stuck = [condition("Available", "True"), condition("Progressing", "False", "ProgressDeadlineExceeded")]
    counts = {
        "replicas": 5,
        "readyReplicas": 3,
        "availableReplicas": 3,
        "unavailableReplicas": 2,
        "updatedReplicas": 2,
    }
    status = {**counts, "terminatingReplicas": 1, "observedGeneration": 1, "conditions": stuck}
    yield made("deployments", "stuck", spec, status, ownerReferences=[OWNER])
    yield made("deployments", "going", {**spec, "paused": True}, {**counts}, **GOING)
    copies = {"replicas": 4, "selector": SELECTOR, "template": TEMPLATE}
    kept = {"replicas": 4, "readyReplicas": 3, "terminatingReplicas": 1, "fullyLabeledReplicas": 4}
    yield made("replicasets", "owned", copies, {**kept, "observedGeneration": 1}, ownerReferences=[OWNER])
    controlled = {"replicas": 3, "readyReplicas": 2, "availableReplicas": 1, "fullyLabeledReplicas": 3}
    plain = {**copies, "selector": SELECTOR["matchLabels"]}
    yield made("controllers", "old", plain, {**controlled, "observedGeneration": 1}, ownerReferences=[OWNER])
    spread = {"currentNumberScheduled": 2, "desiredNumberScheduled": 3, "numberMisscheduled": 1}
    ready = {"numberReady": 1, "numberAvailable": 1, "numberUnavailable": 2, "updatedNumberScheduled": 1}
    yield made(
        "daemonsets", "going", {"selector": SELECTOR, "template": TEMPLATE}, {**spread, **ready}, **GOING
    )
    kept_claims = {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Delete"}}
    ordered = {"replicas": 2, "selector": SELECTOR, "template": TEMPLATE, "serviceName": "s", **kept_claims}
    revisions = {"currentRevision": "s-1", "updateRevision": "s-2", "replicas": 2, "readyReplicas": 1}
    yield made("statefulsets", "s", {**ordered, "ordinals": {"start": 5}}, {**revisions})
    yield made("statefulsets", "going", ordered, {**revisions, "updatedReplicas": 1}, **GOING)


def _jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    template = {"spec": {"containers": [CONTAINER], "restartPolicy": "Never"}}
    spec = {"completions": 1, "parallelism": 1, "backoffLimit": 0, "suspend": False, "template": template}
    done = {"startTime": CREATED, "completionTime": LATER, "succeeded": 1}
    states: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "active": (spec, {"startTime": CREATED, "active": 1}),
        "complete": (spec, {**done, "conditions": [condition("Complete", "True")]}),
        "failed": (
            {**spec, "activeDeadlineSeconds": 60},
            {
                "startTime": CREATED,
                "failed": 1,
                "conditions": [condition("Failed", "True", "BackoffLimitExceeded")],
            },
        ),
        "suspended": ({**spec, "suspend": True}, {"conditions": [condition("Suspended", "True")]}),
    }
    for name, (wished, is_now) in states.items():
        yield made("jobs", name, wished, is_now, ownerReferences=[{**OWNER, "kind": "CronJob"}])


def made(
    folder: str, name: str, spec: dict[str, Any], status: dict[str, Any], **more: Any
) -> tuple[str, dict[str, Any]]:
    """Return (key in etcd, object)."""
    api_version, kind = KINDS[folder]
    where = {} if folder in CLUSTER_WIDE else {"namespace": NAMESPACE}
    named = {"name": name, "uid": f"uid-{folder}-{name}", "annotations": {"team": "blue"}, **where}
    metadata = {**named, "labels": {"app": "s"}, "creationTimestamp": CREATED, "generation": 1, **more}
    key = f"{folder}/{NAMESPACE}/{name}" if where else f"{folder}/{name}"
    return key, {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": metadata,
        "spec": spec,
        "status": status,
    }


def condition(kind: str, status: str, reason: str = "Because") -> dict[str, Any]:
    """Return a condition."""
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
    conditions = [condition("PodScheduled", "True"), condition("Initialized", "True")]
    conditions += [condition("Ready", ready), condition("ContainersReady", ready)]
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


def taint(key: str, value: str) -> dict[str, str]:
    """Return a taint of a node."""
    return {"key": key, "value": value, "effect": "NoSchedule"}


def _node_spec() -> dict[str, Any]:
    return {"podCIDR": "10.1.0.0/24", "podCIDRs": ["10.1.0.0/24"], "providerID": "p"}


def _node_status(ready: str) -> dict[str, Any]:
    resources = {"cpu": "3920m", "memory": "8Gi", "pods": "110"}
    conditions = [condition("Ready", ready), condition("DiskPressure", "False")]
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
