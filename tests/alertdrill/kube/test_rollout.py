"""Has it rolled out, and if not, why?"""

from typing import Any

import pytest

from alertdrill.kube.rollout import has_rolled_out, obstacles


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
            ["container app: ErrImagePull: not found"],
        ),
        ([pod(waiting={"reason": "ContainerCreating"})] * 2, ["container app: ContainerCreating"]),
        (
            [pod(unschedulable="0/1 nodes are available")],
            ["pod web-1: Unschedulable: 0/1 nodes are available"],
        ),
    ],
)
def test_it_says_why_pods_do_not_run_in_kubernetes_own_words(
    pods: list[dict[str, Any]], expected: list[str]
) -> None:
    """Waiting containers and unschedulable pods give their reasons, each once."""
    assert expected == [str(one) for one in obstacles([], pods)]


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
    found = obstacles([deployment], [])
    assert ["deployment web: FailedCreate: exceeded quota"] == [str(one) for one in found]


def test_old_pods_that_still_go_away_count_as_late() -> None:
    """While a replaced pod is still there the rollout is not over."""
    counted = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    status = {"observedGeneration": 2, **counted}
    deployment = {"metadata": {"name": "web", "generation": 2}, "spec": {"replicas": 1}, "status": status}
    assert has_rolled_out(deployment)
    assert not has_rolled_out({**deployment, "status": {**status, "replicas": 2}})
