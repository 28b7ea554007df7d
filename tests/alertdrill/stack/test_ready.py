"""What keeps the stack from being ready is said in a sentence, at once when waiting is in vain."""

from typing import Any, cast

import pytest

from alertdrill.clock import HOPE_SECONDS, ManualClock
from alertdrill.errors import LabError
from alertdrill.kube import Kube
from alertdrill.stack import ready

WANTED = [{"metadata": {"name": "prometheus"}}]


def deployment(*, available: int, conditions: tuple[dict[str, str], ...] = ()) -> dict[str, Any]:
    """Return a Deployment of one replica as the API server shows it."""
    status = {
        "observedGeneration": 2,
        "replicas": 1,
        "updatedReplicas": 1,
        "availableReplicas": available,
        "conditions": list(conditions),
    }
    return {"metadata": {"name": "prometheus", "generation": 2}, "spec": {"replicas": 1}, "status": status}


def pod(component: str = "prometheus", **container: Any) -> dict[str, Any]:
    """Return a pod of one container that is not ready."""
    status = {"name": "main", "image": "i:v1", "ready": False, "restartCount": 0, "state": {}, **container}
    return {
        "metadata": {"name": f"{component}-1", "labels": {"app.kubernetes.io/name": component}},
        "status": {"containerStatuses": [status]},
    }


class Server:
    """An API server that shows one picture after the other, and then the last one for ever."""

    def __init__(self, *pictures: tuple[list[dict[str, Any]], list[dict[str, Any]]], log: str = "") -> None:
        self.pictures = list(pictures)
        self.log = log

    def get(self, resource: str, *, namespace: str) -> list[dict[str, Any]]:
        """Return what the current picture has of a resource."""
        assert "monitoring" == namespace
        deployments, pods = self.pictures[0]
        if resource == "pods" and len(self.pictures) > 1:
            self.pictures.pop(0)
        return deployments if resource == "deployments" else pods

    def run(self, what: str, *words: str) -> str:
        """Return the log of a container; that of the previous one is gone."""
        assert what.startswith("reading the log of ")
        return "unable to retrieve container logs" if "--previous" in words else self.log


def wait(server: Server) -> float:
    """Wait for the stack on a clock of our own, and return how long it took."""
    clock = ManualClock()
    ready.wait(cast("Kube", server), WANTED, deadline=180, clock=clock)
    return clock.now()


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    """Return the state of a container that waits."""
    return {"state": {"waiting": {"reason": reason, "message": message}}}


def test_a_stack_that_runs_is_not_waited_for() -> None:
    """A Deployment whose newest pods are available is ready at the first look."""
    assert 0 == wait(Server(([deployment(available=1)], [])))


def test_a_stack_that_comes_up_is_waited_for() -> None:
    """Troubles that pass, a missing Deployment among them, only take time."""
    late = deployment(available=0)
    server = Server(
        ([], []),
        ([late], [pod(**waiting("ErrImagePull"))]),
        ([late], [pod(**waiting("ContainerCreating"))]),
        ([deployment(available=1)], []),
    )
    assert 3 * ready.EVERY_SECONDS == pytest.approx(wait(server))


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (
            pod(**waiting("ImagePullBackOff", "not found")),
            r"prometheus not ready: main: ImagePullBackOff \(image i:v1\): not found$",
        ),
        (
            pod(**waiting("CreateContainerConfigError", "no such secret")),
            "main: CreateContainerConfigError: no such secret$",
        ),
        (
            pod(restartCount=3, lastState={"terminated": {"exitCode": 2}}),
            r"main ended 3 times, last with 2; its last words: one \| two$",
        ),
    ],
    ids=["image missing", "refused by the kubelet", "crashes"],
)
def test_a_hopeless_pod_ends_the_wait_early(seen: dict[str, Any], says: str) -> None:
    """What waiting does not heal is said after some seconds of hope, long before the deadline."""
    server = Server(
        ([deployment(available=0)], [seen, pod("other", **waiting("InvalidImageName"))]), log="one\ntwo\n"
    )
    clock = ManualClock()
    with pytest.raises(LabError, match=says):
        ready.wait(cast("Kube", server), WANTED, deadline=180, clock=clock)
    assert HOPE_SECONDS <= clock.now() < HOPE_SECONDS + 1


def test_refused_pods_are_the_deployment_s_trouble() -> None:
    """Pods that the API server refuses don't exist, so the Deployment's condition tells."""
    refused = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}
    with pytest.raises(LabError, match=r"its pods are refused: exceeded quota$"):
        wait(Server(([deployment(available=0, conditions=(refused,))], [])))


def test_a_late_stack_is_an_error_that_says_what_was_seen_last() -> None:
    """At the deadline the error names what is late and why."""
    stuck = pod()
    message = "0/1 nodes are available: insufficient cpu"
    stuck["status"]["conditions"] = [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    ]
    with pytest.raises(LabError, match=f"waited 180 s for the stack.*no node takes its pod: {message}$"):
        wait(Server(([deployment(available=0)], [stuck])))


def test_old_pods_that_still_go_away_count_as_late() -> None:
    """While a replaced pod is still there the rollout is not over."""
    both = deployment(available=1)
    both["status"]["replicas"] = 2
    assert not ready.has_rolled_out(both)
    assert ready.has_rolled_out(deployment(available=1))
