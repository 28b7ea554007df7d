"""Waiting for Deployments, and saying what they lack when the wait is in vain."""

from collections.abc import Iterator
from typing import Any

from alertdrill import process
from alertdrill.clock import Clock, Hope, NotYet, wait_for
from alertdrill.errors import LabError
from alertdrill.kube import Kube
from alertdrill.stack.render import NAMESPACE, Object

EVERY_SECONDS = 0.4
# Between two back-offs a crashing container looks like any that starts, so it is known by how often it ended.
CRASHES_MAX = 2
CRASHES = "Crashes"
HOPELESS = {
    CRASHES,
    "CreateContainerConfigError",
    "CreateContainerError",
    "ErrImageNeverPull",
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ReplicaFailure",
}
LOG_LINES = 3


def wait(kube: Kube, wanted: list[Object], *, deadline: float, clock: Clock) -> None:
    """Return when every Deployment has rolled out; a LabError says why one can't, or is late."""
    names = [thing["metadata"]["name"] for thing in wanted]
    hope = Hope(clock)

    def rolled_out() -> bool:
        found = {thing["metadata"]["name"]: thing for thing in kube.get("deployments", namespace=NAMESPACE)}
        late = [name for name in names if name not in found or not has_rolled_out(found[name])]
        if not late:
            return True
        pods = [pod for pod in kube.get("pods", namespace=NAMESPACE) if _component(pod) in late]
        troubles = [
            trouble
            for about in (*(_refusals(found.get(name, {})) for name in late), *map(_troubles_of_pod, pods))
            for trouble in about
        ]
        if hope.is_lost(trouble=any(reason in HOPELESS for reason, _ in troubles)):
            raise LabError(f"deploying the stack: {_sentence(late, troubles)}{_last_words(kube, pods)}")
        raise NotYet(_sentence(late, troubles))

    wait_for("the stack", rolled_out, deadline=deadline, clock=clock, every=EVERY_SECONDS)


def has_rolled_out(deployment: Object) -> bool:
    """Say whether all pods are of the newest template and available."""
    status = deployment.get("status", {})
    replicas = deployment["spec"].get("replicas", 1)
    counted = ("replicas", "updatedReplicas", "availableReplicas")
    return status.get("observedGeneration") == deployment["metadata"]["generation"] and all(
        status.get(name, 0) == replicas for name in counted
    )


def _sentence(late: list[str], troubles: list[tuple[str, str]]) -> str:
    said = "; ".join(dict.fromkeys(sentence for _, sentence in troubles))
    return f"{', '.join(late)} not ready{f': {said}' if said else ''}"


def _component(pod: Object) -> str:
    return str(pod["metadata"].get("labels", {}).get("app.kubernetes.io/name"))


def _refusals(deployment: Object) -> Iterator[tuple[str, str]]:
    """Yield (reason, sentence) if the API server refuses a Deployment's pods."""
    for condition in deployment.get("status", {}).get("conditions", []):
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
            yield "ReplicaFailure", f"its pods are refused: {condition['message']}"


def _troubles_of_pod(pod: Object) -> Iterator[tuple[str, str]]:
    """Yield (reason, sentence) for whatever keeps a pod from being ready."""
    for condition in pod["status"].get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            yield str(condition.get("reason")), f"no node takes its pod: {condition.get('message', '')}"
    for container in _containers(pod):
        if container["restartCount"] >= CRASHES_MAX and not container["ready"]:
            ended = container.get("lastState", {}).get("terminated", {})
            code = ended.get("exitCode", "unknown")
            yield CRASHES, f"{container['name']} ended {container['restartCount']} times, last with {code}"
        waiting = container.get("state", {}).get("waiting", {})
        reason = waiting.get("reason", "")
        if reason in HOPELESS:
            image = f" (image {container['image']})" if "Image" in reason else ""
            yield reason, f"{container['name']}: {reason}{image}: {waiting.get('message', '')}".rstrip(": ")


def _containers(pod: Object) -> list[dict[str, Any]]:
    status = pod["status"]
    return [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]


def _last_words(kube: Kube, pods: list[Object]) -> str:
    """Return the last lines of the first pod that crashes, if one does."""
    for pod in pods:
        if any(reason == CRASHES for reason, _ in _troubles_of_pod(pod)):
            name = pod["metadata"]["name"]
            # The container that ended may be gone already; the one that follows says the same.
            for which in (("--previous",), ()):
                words = ("logs", f"--namespace={NAMESPACE}", f"--tail={LOG_LINES}", *which, name)
                try:
                    said = kube.run(f"reading the log of {name}", *words)
                except LabError:
                    continue
                if said and not said.startswith("unable to retrieve"):
                    return f"; its last words: {process.last_words(said.encode(), lines=LOG_LINES)}"
    return ""
