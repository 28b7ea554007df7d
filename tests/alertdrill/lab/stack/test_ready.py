"""What keeps the stack from being ready is said in a sentence, at once when waiting is in vain."""

from collections.abc import Sequence
from typing import Any

import pytest

from alertdrill.clock import HOPE_SECONDS
from alertdrill.errors import LabError
from alertdrill.lab.stack import ready
from alertdrill.testing import FakeKube, ManualClock

MESSAGE = "exceeded quota"
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


def server(*pictures: tuple[list[dict[str, Any]], list[dict[str, Any]]], log: str = "") -> FakeKube:
    """Return an API server that shows one picture after the other, and then the last one for ever."""
    rest = list(pictures)

    def objects(resource: str) -> list[dict[str, Any]]:
        deployments, pods = rest[0]
        if resource == "pods" and len(rest) > 1:
            rest.pop(0)
        return {"deployments": deployments, "pods": pods, "daemonsets": []}[resource]

    def says(words: Sequence[str]) -> str:
        return "unable to retrieve container logs" if "--previous" in words else log

    return FakeKube(objects, says=says)


def wait(kube: FakeKube) -> float:
    """Wait for the stack on a clock of our own, and return how long it took."""
    clock = ManualClock()
    ready.wait(kube, WANTED, "monitoring", deadline=180, clock=clock)
    return clock.now()


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    """Return the state of a container that waits."""
    return {"state": {"waiting": {"reason": reason, "message": message}}}


def test_a_stack_that_runs_is_not_waited_for() -> None:
    """A Deployment whose newest pods are available is ready at the first look."""
    assert 0 == wait(server(([deployment(available=1)], [])))


def test_a_stack_that_comes_up_is_waited_for() -> None:
    """Troubles that pass, a missing Deployment among them, only take time."""
    late = deployment(available=0)
    kube = server(
        ([], []),
        ([late], [pod(**waiting("ErrImagePull"))]),
        ([late], [pod(**waiting("ContainerCreating"))]),
        ([deployment(available=1)], []),
    )
    assert 3 * ready.EVERY_SECONDS == pytest.approx(wait(kube))


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (
            pod(**waiting("ImagePullBackOff", "not found")),
            r"prometheus not ready: container main: ImagePullBackOff \(image i:v1\): not found$",
        ),
        (
            pod(**waiting("CreateContainerConfigError", "no such secret")),
            "container main: CreateContainerConfigError: no such secret$",
        ),
        (
            pod(restartCount=3, lastState={"terminated": {"exitCode": 2}}),
            r"container main: Crashes: ended 3 times, last with 2; its last words: one \| two$",
        ),
    ],
    ids=["image missing", "refused by the kubelet", "crashes"],
)
def test_a_hopeless_pod_ends_the_wait_early(seen: dict[str, Any], says: str) -> None:
    """What waiting does not heal is said after some seconds of hope, long before the deadline."""
    kube = server(
        ([deployment(available=0)], [seen, pod("other", **waiting("InvalidImageName"))]), log="one\ntwo\n"
    )
    clock = ManualClock()
    with pytest.raises(LabError, match=says):
        ready.wait(kube, WANTED, "monitoring", deadline=180, clock=clock)
    assert HOPE_SECONDS <= clock.now() < HOPE_SECONDS + 1


def test_refused_pods_are_the_deployment_s_trouble() -> None:
    """Pods that the API server refuses don't exist, so the Deployment's condition tells."""
    refused = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": "exceeded quota",
    }
    with pytest.raises(LabError, match=f"deployment prometheus: FailedCreate: {MESSAGE}$"):
        wait(server(([deployment(available=0, conditions=(refused,))], [])))


def test_a_part_on_no_node_is_waited_for() -> None:
    """A DaemonSet that has no node to run on is not there yet, although none of its pods is missing."""
    sets = [
        {
            "metadata": {"name": "prometheus", "generation": 1},
            "spec": {},
            "status": {
                "observedGeneration": 1,
                "desiredNumberScheduled": nodes,
                "numberAvailable": nodes,
                "updatedNumberScheduled": nodes,
            },
        }
        for nodes in (0, 1)
    ]
    kube = FakeKube(lambda resource: [sets.pop(0)] if resource == "daemonsets" else [])
    assert ready.EVERY_SECONDS == pytest.approx(wait(kube))


def test_a_late_stack_is_an_error_that_says_what_was_seen_last() -> None:
    """At the deadline the error names what is late and why."""
    stuck = pod()
    message = "0/1 nodes are available: insufficient cpu"
    stuck["status"]["conditions"] = [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    ]
    with pytest.raises(
        LabError, match=f"waited 180 s for the stack.*pod prometheus-1: Unschedulable: {message}$"
    ):
        wait(server(([deployment(available=0)], [stuck])))
