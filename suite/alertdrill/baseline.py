"""Is the workload healthy, and does Prometheus see that? Asked before anything is broken."""

from typing import Any

from alertdrill.clock import NotYet
from alertdrill.faults.base import Place
from alertdrill.observe import NAMESPACE_LABEL
from alertdrill.prometheus import Prometheus


def healthy(place: Place) -> bool:
    """Return True when every Deployment has all replicas available; else raise NotYet with what keeps it."""
    deployments = place.kube.get("deployments", namespace=place.namespace)
    lacking = [one["metadata"]["name"] for one in deployments if not _is_available(one)]
    if lacking:
        reasons = waiting_reasons(place.kube.get("pods", namespace=place.namespace))
        raise NotYet(f"{', '.join(lacking)} not available ({'; '.join(reasons) or 'no pod says why'})")
    return True


def _is_available(deployment: dict[str, Any]) -> bool:
    status = deployment.get("status", {})
    wanted = deployment["spec"]["replicas"]
    return bool(
        status.get("observedGeneration") == deployment["metadata"]["generation"]
        and status.get("availableReplicas", 0) == wanted
        and status.get("replicas", 0) == wanted
    )


def waiting_reasons(pods: list[dict[str, Any]]) -> list[str]:
    """Return why containers don't run and why pods aren't scheduled, in Kubernetes' own words."""
    reasons: dict[str, None] = {}
    for pod in pods:
        status = pod.get("status", {})
        for container in status.get("containerStatuses", []):
            waiting = container.get("state", {}).get("waiting")
            if waiting:
                words = (waiting.get("reason", ""), waiting.get("message", ""))
                reasons[f"container {container['name']}: {' '.join(filter(None, words))}"] = None
        for condition in status.get("conditions", []):
            if condition.get("reason") == "Unschedulable":
                reasons[
                    f"pod {pod['metadata']['name']}: {condition.get('message', 'can not be scheduled')}"
                ] = None
    return list(reasons)


def seen(place: Place, server: Prometheus) -> bool:
    """Return True when Prometheus has the healthy workload's series and no alert of it; else raise NotYet."""
    where = f'{NAMESPACE_LABEL}="{place.namespace}"'
    if not server.query(
        f"k8s_deployment_status_availableReplicas{{{where}}} == k8s_deployment_spec_replicas"
    ):
        raise NotYet(f"Prometheus has no series of a healthy Deployment in {place.namespace}")
    active = {alert["metric"]["alertname"] for alert in server.query(f"ALERTS{{{where}}}")}
    if active:
        raise NotYet(f"{', '.join(sorted(active))} is active before anything was broken")
    return True
