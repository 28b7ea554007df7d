"""Many objects at once: written to etcd as the API server would, which reads JSON as well as its own form."""

import base64
import json
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import requests

BATCH = 100  # what etcd takes in one transaction, with room
CREATED = "2026-01-01T00:00:00Z"
NAMESPACES, NODES = 20, 500
DEPLOYMENTS = 2000  # each with its ReplicaSet
CONTAINERS = ("app", "sidecar")


def made(pods: int) -> dict[str, int]:
    """Return how many there are of each kind beside the namespaces, by its word in names of metrics."""
    return {"pod": pods, "deployment": DEPLOYMENTS, "replicaset": DEPLOYMENTS, "node": NODES}


def objects(pods: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (key in etcd, object)."""
    for index in range(NAMESPACES):
        name = f"bench-{index}"
        yield f"namespaces/{name}", _object("v1", "Namespace", name, None, {"status": {"phase": "Active"}})
    for index in range(NODES):
        name = f"node-{index}"
        yield f"minions/{name}", _object("v1", "Node", name, None, {"spec": {}, "status": _node_status()})
    for index in range(DEPLOYMENTS):
        name, namespace = f"web-{index}", f"bench-{index % NAMESPACES}"
        spec = _deployment_spec(name)
        status = {"replicas": 2, "readyReplicas": 2, "availableReplicas": 2, "observedGeneration": 1}
        whole = {"spec": spec, "status": status}
        yield f"deployments/{namespace}/{name}", _object("apps/v1", "Deployment", name, namespace, whole)
        yield (
            f"replicasets/{namespace}/{name}",
            _object("apps/v1", "ReplicaSet", name, namespace, {**whole, "spec": {**spec, "strategy": None}}),
        )
    for index in range(pods):
        yield pod(index)


def pod(index: int, *, restarts: int = 0) -> tuple[str, dict[str, Any]]:
    """Return a running pod and its key in etcd."""
    name, namespace = f"web-{index // 10}-6c7d5bf9c4-{index:05d}", f"bench-{index % NAMESPACES}"
    whole = {"spec": _pod_spec(index), "status": _pod_status(restarts)}
    return f"pods/{namespace}/{name}", _object("v1", "Pod", name, namespace, whole)


def fill(etcd: str, pairs: Iterable[tuple[str, dict[str, Any]]]) -> int:
    """Write all objects; return how many."""
    batch: list[dict[str, Any]] = []
    count = 0
    session = requests.Session()
    for key, value in pairs:
        put = {"key": _encoded(f"/registry/{key}"), "value": _encoded(json.dumps(value))}
        batch.append({"requestPut": put})
        count += 1
        if len(batch) == BATCH:
            _commit(session, etcd, batch)
            batch = []
    if batch:
        _commit(session, etcd, batch)
    return count


def _commit(session: requests.Session, etcd: str, batch: list[dict[str, Any]]) -> None:
    reply = session.post(f"{etcd}/v3/kv/txn", json={"success": batch}, timeout=60)
    reply.raise_for_status()


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _object(
    api_version: str, kind: str, name: str, namespace: str | None, rest: dict[str, Any]
) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "name": name,
        "uid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}/{namespace}/{name}")),
        "creationTimestamp": CREATED,
        "generation": 1,
        "labels": {"app": "web", "pod-template-hash": "6c7d5bf9c4", "tier": "front"},
        "managedFields": [_managed()] * 2,
    }
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest}


def _managed() -> dict[str, Any]:
    fields: dict[str, Any] = {f"f:field{index}": {".": {}, "f:inner": {}} for index in range(25)}
    return {
        "manager": "kubelet",
        "operation": "Update",
        "apiVersion": "v1",
        "time": CREATED,
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:metadata": fields, "f:spec": fields},
    }


def _pod_spec(index: int) -> dict[str, Any]:
    probe: dict[str, Any] = {"httpGet": {"path": "/", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 10}
    numbers: dict[str, Any] = {"timeoutSeconds": 1, "successThreshold": 1, "failureThreshold": 3}
    containers: list[dict[str, Any]] = [
        {
            "name": name,
            "image": f"registry.example/{name}:1",
            "env": [{"name": f"VARIABLE_{i}", "value": "some value"} for i in range(10)],
            "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
            "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
            "livenessProbe": {**probe, **numbers},
            "readinessProbe": {**probe, **numbers},
            "volumeMounts": [{"name": "config", "mountPath": "/etc/web", "readOnly": True}],
            "terminationMessagePath": "/dev/termination-log",
            "imagePullPolicy": "IfNotPresent",
        }
        for name in CONTAINERS
    ]
    tolerations = [
        {
            "key": f"node.kubernetes.io/{key}",
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": 300,
        }
        for key in ("not-ready", "unreachable")
    ]
    return {
        "nodeName": f"node-{index % NODES}",
        "containers": containers,
        "volumes": [{"name": "config", "configMap": {"name": "web", "defaultMode": 420}}],
        "tolerations": tolerations,
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "priority": 0,
        "enableServiceLinks": True,
        "securityContext": {"runAsUser": 1000},
    }


def _pod_status(restarts: int) -> dict[str, Any]:
    conditions = ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    statuses = [
        {
            "name": name,
            "ready": True,
            "started": True,
            "restartCount": restarts,
            "image": f"registry.example/{name}:1",
            "imageID": f"registry.example/{name}@sha256:{'a' * 64}",
            "containerID": f"containerd://{'b' * 64}",
            "state": {"running": {"startedAt": CREATED}},
            "lastState": {},
        }
        for name in CONTAINERS
    ]
    return {
        "phase": "Running",
        "podIP": "10.1.2.3",
        "startTime": CREATED,
        "conditions": [{"type": one, "status": "True", "lastTransitionTime": CREATED} for one in conditions],
        "containerStatuses": statuses,
    }


def _deployment_spec(name: str) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name}}, "spec": _pod_spec(0)}
    template["spec"].pop("nodeName")
    return {
        "replicas": 2,
        "selector": {"matchLabels": {"app": name}},
        "template": template,
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
    }


def _node_status() -> dict[str, Any]:
    resources = {"cpu": "4", "memory": "8Gi", "pods": "110"}
    images = [{"names": [f"registry.example/image-{i}"], "sizeBytes": 1000 * i} for i in range(20)]
    return {
        "capacity": resources,
        "allocatable": resources,
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "images": images,
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": CREATED}],
    }
