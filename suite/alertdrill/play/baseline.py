"""Is the workload healthy, and does Prometheus see that? Asked before anything is broken."""

from typing import Any

from alertdrill.clock import Hope, NotYet
from alertdrill.errors import LabError
from alertdrill.faults.base import Place
from alertdrill.kube import rollout
from alertdrill.names import AVAILABLE, NAMESPACE_LABEL, REPLICAS, SCRAPE_ANNOTATION
from alertdrill.play.observe import own_alerts
from alertdrill.prometheus import Prometheus


def healthy(place: Place, hope: Hope | None = None) -> bool:
    """Return True when every Deployment has all replicas available; else raise NotYet with what keeps it.

    What waiting does not mend, such as an image that is missing or a pod that is refused, is a LabError once
    `hope` is lost; after a repair the broken version's pods are around for a while: there is none to lose.
    """
    deployments = place.kube.get("deployments", namespace=place.namespace)
    lacking = [one["metadata"]["name"] for one in deployments if not rollout.has_rolled_out(one)]
    if not lacking:
        return True
    found = rollout.obstacles(deployments, place.kube.get("pods", namespace=place.namespace))
    sentence = f"{', '.join(lacking)} not available ({'; '.join(map(str, found)) or 'no pod says why'})"
    if hope and hope.is_lost(trouble=any(one.is_hopeless for one in found)):
        raise LabError(f"waiting for the workload to be healthy: {sentence}; mend the workload's manifest")
    raise NotYet(sentence)


def seen(place: Place, server: Prometheus) -> bool:
    """Return True when Prometheus has the healthy workload's series and no alert of it; else raise NotYet."""
    where = f'{NAMESPACE_LABEL}="{place.namespace}"'
    if not server.query(f"{AVAILABLE}{{{where}}} == {REPLICAS}"):
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
    if not server.query(f"{REPLICAS} offset {lately}"):
        raise NotYet(f"no deployment has been seen for {seconds:g} s yet")
    if others := _alert_names(server, f"present_over_time(ALERTS[{lately}])") - {canary}:
        raise NotYet(f"{', '.join(sorted(others))} is active")
    return True


def _alert_names(server: Prometheus, promql: str) -> set[str]:
    return {alert["metric"]["alertname"] for alert in server.query(promql)}
