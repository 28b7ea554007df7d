"""Is the workload healthy, and if not, why?"""

from functools import partial
from typing import Any, cast

import pytest

from alertdrill.baseline import healthy, obstacles, refusals, scraped_pods, seen
from alertdrill.clock import HOPE_SECONDS, Hope, ManualClock, NotYet, wait_for
from alertdrill.errors import LabError
from alertdrill.faults.base import Place
from alertdrill.kube import Kube
from alertdrill.prometheus import Prometheus


def pod(*, waiting: dict[str, str] | None = None, unschedulable: str = "") -> dict[str, Any]:
    """Return what the API server says of a pod that does not run."""
    state = {"waiting": waiting} if waiting else {"running": {}}
    conditions = [{"reason": "Unschedulable", "message": unschedulable}] if unschedulable else []
    statuses = [{"name": "app", "state": state}]
    return {
        "metadata": {"name": "web-1"},
        "status": {"containerStatuses": statuses, "conditions": conditions},
    }


@pytest.mark.parametrize(
    ("pods", "expected"),
    [
        ([pod()], []),
        ([{"metadata": {"name": "web-1"}}], []),
        (
            [pod(waiting={"reason": "ErrImagePull", "message": "not found"})],
            ["container app: ErrImagePull not found"],
        ),
        ([pod(waiting={"reason": "ContainerCreating"})] * 2, ["container app: ContainerCreating"]),
        (
            [pod(unschedulable="0/1 nodes are available")],
            ["pod web-1: Unschedulable 0/1 nodes are available"],
        ),
    ],
)
def test_it_says_why_pods_do_not_run_in_kubernetes_own_words(
    pods: list[dict[str, Any]], expected: list[str]
) -> None:
    """Waiting containers and unschedulable pods give their reasons, each once."""
    assert expected == [str(one) for one in obstacles(pods)]


def test_pods_that_the_api_server_refuses_are_told_from_their_deployment() -> None:
    """There is no pod to ask when none may be made; the Deployment's condition has the words."""
    refused = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": "exceeded quota",
    }
    fine = {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"}
    deployment = {"metadata": {"name": "web"}, "status": {"conditions": [fine, refused]}}
    assert ["deployment web: FailedCreate exceeded quota"] == [str(one) for one in refusals([deployment])]


def test_pods_that_ask_to_be_scraped_are_waited_for() -> None:
    """The annotation decides, as it does for Prometheus."""
    asking = {"metadata": {"name": "a", "annotations": {"prometheus.io/scrape": "true"}}}
    silent = {"metadata": {"name": "b", "annotations": {"prometheus.io/scrape": "false"}}}
    assert {"a"} == scraped_pods([asking, silent, {"metadata": {"name": "c"}}])


REFUSED = {
    "type": "ReplicaFailure",
    "status": "True",
    "reason": "FailedCreate",
    "message": 'serviceaccount "default" not found',
}


class Cluster:
    """An API server whose one Deployment lacks its pods until a time comes."""

    def __init__(self, clock: ManualClock, *, healthy_at: float) -> None:
        self.clock = clock
        self.healthy_at = healthy_at

    def get(self, resource: str, *, namespace: str) -> list[dict[str, Any]]:
        """Return the Deployment as it is now, and no pod."""
        assert "drill-a" == namespace
        is_there = self.clock.now() >= self.healthy_at
        status: dict[str, Any] = {"observedGeneration": 1, "conditions": [] if is_there else [REFUSED]}
        if is_there:
            status |= {"replicas": 1, "availableReplicas": 1}
        deployment = {"metadata": {"name": "web", "generation": 1}, "spec": {"replicas": 1}, "status": status}
        return [deployment] if resource == "deployments" else []


def wait_until_healthy(*, healthy_at: float) -> float:
    """Wait for a Deployment that is refused its pods for a while; return how long that took."""
    clock = ManualClock()
    place = Place(cast("Kube", Cluster(clock, healthy_at=healthy_at)), "drill-a", 20)
    wait_for("it", partial(healthy, place, Hope(clock)), deadline=120, clock=clock, every=1)
    return clock.now()


def test_a_refusal_that_passes_is_waited_out() -> None:
    """A new namespace may lack its service account for a moment."""
    assert HOPE_SECONDS - 1 == wait_until_healthy(healthy_at=HOPE_SECONDS - 1)


def test_a_refusal_that_stays_ends_the_wait_early() -> None:
    """After some seconds it is said that waiting is in vain, with the reason, long before the deadline."""
    with pytest.raises(LabError, match=r'FailedCreate serviceaccount "default" not found\); mend the'):
        wait_until_healthy(healthy_at=100)


class Answering(Prometheus):
    """A server where all is well, but for one alert about what is scraped in the namespace."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1")

    def query(self, promql: str, *, at: float | None = None) -> list[dict[str, Any]]:
        """Return the alert to who asks for those of the scraped pods, and something to all others."""
        assert at is None
        if "ALERTS" in promql:
            alert = {"metric": {"alertname": "PromRunCommandFailing"}}
            return [alert] if '{namespace="drill-a"' in promql else []
        return [{"metric": {}}]


def test_an_alert_about_a_scraped_pod_is_active_before_anything_was_broken() -> None:
    """Also an alert that has only the namespace of the scraped pod belongs to the scenario."""
    place = Place(cast("Kube", Cluster(ManualClock(), healthy_at=0)), "drill-a", 20)
    with pytest.raises(NotYet, match="PromRunCommandFailing is active before anything was broken"):
        seen(place, Answering())
