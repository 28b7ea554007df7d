"""Has it rolled out, and if not, why?"""

from typing import Any

import pytest

from alertdrill.kube.rollout import Workload, has_rolled_out, obstacles, workloads


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


def thing(kind: str, spec: dict[str, Any], status: dict[str, Any]) -> Workload:
    """Return an object of a kind, whose newest generation is the second."""
    return Workload(kind, {"metadata": {"name": "it", "generation": 2}, "spec": spec, "status": status})


NEW = {"observedGeneration": 2}
TWO = {"replicas": 2}
TRUE = [{"type": "Ready", "status": "True"}]
COMPLETE = [{"type": "Complete", "status": "True"}]
FAILED = [{"type": "Failed", "status": "True"}]
READY = {**NEW, **TWO, "readyReplicas": 2}
ON_DELETE = {"updateStrategy": {"type": "OnDelete"}}


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (thing("StatefulSet", TWO, {**READY, "updatedReplicas": 2}), True),
        (thing("StatefulSet", TWO, {**READY, "updatedReplicas": 1}), False),
        (thing("StatefulSet", TWO, {**READY, "updatedReplicas": 2, "readyReplicas": 1}), False),
        (thing("StatefulSet", TWO, {**READY, "updatedReplicas": 2, "observedGeneration": 1}), False),
        (thing("StatefulSet", {**TWO, **ON_DELETE}, {**READY, "updatedReplicas": 1}), True),
        (
            thing("StatefulSet", {**TWO, "updateStrategy": {"rollingUpdate": {"partition": 1}}}, READY),
            True,
        ),
        (
            thing(
                "DaemonSet",
                {},
                {**NEW, "desiredNumberScheduled": 1, "numberAvailable": 1, "updatedNumberScheduled": 1},
            ),
            True,
        ),
        (thing("DaemonSet", {}, {**NEW, "desiredNumberScheduled": 1, "updatedNumberScheduled": 1}), False),
        (thing("DaemonSet", {}, {**NEW, "desiredNumberScheduled": 1, "numberAvailable": 1}), False),
        (thing("DaemonSet", ON_DELETE, {**NEW, "desiredNumberScheduled": 1, "numberAvailable": 1}), True),
        (thing("DaemonSet", {}, {**NEW, "desiredNumberScheduled": 0}), True),
        (thing("ReplicaSet", TWO, {**NEW, **TWO, "availableReplicas": 2}), True),
        (thing("ReplicaSet", TWO, {**NEW, **TWO, "availableReplicas": 1}), False),
        (thing("Job", {}, {}), False),
        (thing("Job", {}, {"ready": 1}), True),
        (thing("Job", {}, {"conditions": COMPLETE}), True),
        (thing("Job", {}, {"ready": 1, "conditions": FAILED}), False),
        (thing("Job", {"suspend": True}, {}), True),
        (thing("CronJob", {}, {}), True),
        (thing("Pod", {}, {"conditions": TRUE}), True),
        (thing("Pod", {}, {"phase": "Running"}), False),
        (thing("Pod", {}, {"phase": "Succeeded"}), True),
    ],
)
def test_health_is_what_a_kind_promises(one: Workload, expected: bool) -> None:  # noqa: FBT001
    """All pods of the newest template for what replaces them; a Job may be done, and a pod, too."""
    assert expected == one.is_healthy


def test_what_another_object_controls_is_no_workload_of_its_own() -> None:
    """A Deployment's pods are its own business: they come and go, and are not waited for by name."""
    owned = {"metadata": {"name": "web-1", "ownerReferences": [{"kind": "ReplicaSet", "controller": True}]}}
    bare = {"metadata": {"name": "bare"}}
    there: dict[str, list[dict[str, Any]]] = {
        "pods": [owned, bare],
        "statefulsets": [{"metadata": {"name": "db"}}],
    }
    found = workloads(lambda resource: there.get(resource, []))
    assert ["StatefulSet/db", "Pod/bare"] == [str(one) for one in found]


def test_why_a_set_has_no_pods_is_told_by_an_event() -> None:
    """Only Deployments and ReplicaSets have a condition for a pod that was refused."""
    db = {"kind": "StatefulSet", "metadata": {"name": "db"}}
    event = {
        "reason": "FailedCreate",
        "message": "exceeded quota",
        "involvedObject": {"kind": "StatefulSet", "name": "db"},
    }
    other = {**event, "involvedObject": {"kind": "StatefulSet", "name": "cache"}}
    (found,) = obstacles([db], [], [event, other])
    assert "StatefulSet db: FailedCreate: exceeded quota" == str(found)
    assert found.is_hopeless


def test_a_job_that_was_given_up_is_hopeless() -> None:
    """No waiting brings back what has used up its tries."""
    job = {"kind": "Job", "metadata": {"name": "once"}, "status": {"conditions": FAILED}}
    (found,) = obstacles([job], [])
    assert ("job once: JobFailed: it was given up", True) == (str(found), found.is_hopeless)


def test_why_a_job_failed_is_told_by_its_condition_and_its_pods() -> None:
    """The Job knows how often it tried, and a failed pod how its container ended."""
    why = {"reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"}
    job = {"metadata": {"name": "once"}, "status": {"conditions": [{**FAILED[0], **why}]}}
    ended = {"name": "app", "state": {"terminated": {"reason": "Error", "exitCode": 3}}}
    pods = [
        {"metadata": {"name": f"once-{phase}"}, "status": {"phase": phase, "containerStatuses": [ended]}}
        for phase in ("Failed", "Running", "Succeeded")
    ]
    assert [
        "job once: JobFailed: BackoffLimitExceeded: Job has reached the specified backoff limit",
        "container app: Error: ended with 3",
    ] == list(map(str, obstacles([job], pods)))


def test_an_image_that_several_pods_lack_is_told_once_and_briefly() -> None:
    """By the pod that has just tried to pull it; the others only wait to try again."""

    def pod(name: str, reason: str, message: str) -> dict[str, Any]:
        waiting = {"reason": reason, "message": message}
        container = {"name": "app", "image": "nginx:nope", "state": {"waiting": waiting}}
        return {"metadata": {"name": name}, "status": {"containerStatuses": [container]}}

    why = f"failed to pull and unpack image: {'lookup registry: i/o timeout, ' * 20}"
    pods = [
        pod("a", "ImagePullBackOff", "Back-off pulling image"),
        pod("b", "ErrImagePull", why),
        pod("c", "ErrImagePull", why),
    ]
    told = f"container app: ErrImagePull (image nginx:nope): {why[:160]} …"
    assert [told] == [str(one) for one in obstacles([], pods)]
