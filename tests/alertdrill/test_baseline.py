"""Is the workload healthy, and if not, why?"""

from typing import Any

import pytest

from alertdrill.baseline import obstacles, refusals, scraped_pods


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
