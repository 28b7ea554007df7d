"""Is the workload healthy, and does Prometheus see that? Asked before anything is broken."""

from dataclasses import dataclass
from typing import Any

from alertdrill.clock import Hope, NotYet
from alertdrill.errors import LabError
from alertdrill.faults.base import Place
from alertdrill.observe import NAMESPACE_LABEL, own_alerts
from alertdrill.prometheus import Prometheus

# Reasons that waiting seldom mends: the kubelet or the controller has been refused what it needs.
HOPELESS = frozenset(
    {
        "CreateContainerConfigError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "FailedCreate",
        "ImagePullBackOff",
        "InvalidImageName",
    }
)

SCRAPE_ANNOTATION = "prometheus.io/scrape"  # what the job of all pods goes by


@dataclass(frozen=True)
class Obstacle:
    """Why something does not run, in Kubernetes' own words."""

    what: str
    reason: str
    message: str = ""

    def __str__(self) -> str:
        """Say it in one line."""
        return " ".join(filter(None, (f"{self.what}:", self.reason, self.message)))


def healthy(place: Place, hope: Hope) -> bool:
    """Return True when every Deployment has all replicas available; else raise NotYet with what keeps it.

    What waiting does not mend, such as an image that is missing or a pod that is refused, is a LabError once
    hope is lost.
    """
    deployments = place.kube.get("deployments", namespace=place.namespace)
    lacking = [one["metadata"]["name"] for one in deployments if not _is_available(one)]
    if not lacking:
        return True
    found = [*obstacles(place.kube.get("pods", namespace=place.namespace)), *refusals(deployments)]
    sentence = f"{', '.join(lacking)} not available ({'; '.join(map(str, found)) or 'no pod says why'})"
    if hope.is_lost(trouble=any(one.reason in HOPELESS for one in found)):
        raise LabError(f"waiting for the workload to be healthy: {sentence}; mend the workload's manifest")
    raise NotYet(sentence)


def _is_available(deployment: dict[str, Any]) -> bool:
    status = deployment.get("status", {})
    wanted = deployment["spec"]["replicas"]
    return bool(
        status.get("observedGeneration") == deployment["metadata"]["generation"]
        and status.get("availableReplicas", 0) == wanted
        and status.get("replicas", 0) == wanted
    )


def obstacles(pods: list[dict[str, Any]]) -> list[Obstacle]:
    """Return why containers don't run and why pods aren't scheduled, each once."""
    found: dict[Obstacle, None] = {}
    for pod in pods:
        status = pod.get("status", {})
        for container in status.get("containerStatuses", []):
            if waiting := container.get("state", {}).get("waiting"):
                what = f"container {container['name']}"
                found[Obstacle(what, waiting.get("reason", ""), waiting.get("message", ""))] = None
        for condition in status.get("conditions", []):
            if condition.get("reason") == "Unschedulable":
                what = f"pod {pod['metadata']['name']}"
                found[Obstacle(what, "Unschedulable", condition.get("message", ""))] = None
    return list(found)


def refusals(deployments: list[dict[str, Any]]) -> list[Obstacle]:
    """Return why the API server refused a Deployment's pods."""
    return [
        Obstacle(
            f"deployment {one['metadata']['name']}", condition.get("reason", ""), condition.get("message", "")
        )
        for one in deployments
        for condition in one.get("status", {}).get("conditions", [])
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True"
    ]


def seen(place: Place, server: Prometheus) -> bool:
    """Return True when Prometheus has the healthy workload's series and no alert of it; else raise NotYet."""
    where = f'{NAMESPACE_LABEL}="{place.namespace}"'
    if not server.query(
        f"k8s_deployment_status_availableReplicas{{{where}}} == k8s_deployment_spec_replicas"
    ):
        raise NotYet(f"Prometheus has no series of a healthy Deployment in {place.namespace}")
    up = {target["metric"].get("pod") for target in server.query(f'up{{namespace="{place.namespace}"}} == 1')}
    if missing := scraped_pods(place.kube.get("pods", namespace=place.namespace)) - up:
        raise NotYet(f"Prometheus does not scrape {', '.join(sorted(missing))} yet")
    if active := _alert_names(server, " or ".join(own_alerts(place.namespace))):
        raise NotYet(f"{', '.join(sorted(active))} is active before anything was broken")
    return True


def scraped_pods(pods: list[dict[str, Any]]) -> set[str]:
    """Return the names of the pods that ask to be scraped."""
    return {
        pod["metadata"]["name"]
        for pod in pods
        if pod["metadata"].get("annotations", {}).get(SCRAPE_ANNOTATION) == "true"
    }


def quiet(server: Prometheus, canary: str, *, seconds: float) -> bool:
    """Return True when, for so long, deployments were seen and no alert but the canary was active.

    One silent moment proves nothing: there is one between the first scrape of a Deployment that isn't
    available yet and the evaluation that makes its alert pending. So `seconds` must hold an evaluation.
    """
    lately = f"{round(seconds * 1000)}ms"
    if canary not in _alert_names(server, "ALERTS"):
        raise NotYet(f"the canary alert {canary} does not fire yet")
    if not server.query(f"k8s_deployment_spec_replicas offset {lately}"):
        raise NotYet(f"no deployment has been seen for {seconds:g} s yet")
    if others := _alert_names(server, f"present_over_time(ALERTS[{lately}])") - {canary}:
        raise NotYet(f"{', '.join(sorted(others))} is active")
    return True


def _alert_names(server: Prometheus, promql: str) -> set[str]:
    return {alert["metric"]["alertname"] for alert in server.query(promql)}
