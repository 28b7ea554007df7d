"""Has a workload rolled out, and if not, why? One answer for the stack and for what scenarios run."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]

# Between two back-offs a crashing container looks like any that starts, so it is known by how often it ended.
CRASHES_MAX = 2
CRASHES = "Crashes"
UNSCHEDULABLE = "Unschedulable"
# Reasons that waiting seldom mends: the kubelet or a controller has been refused what it needs.
HOPELESS = frozenset(
    {
        CRASHES,
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "FailedCreate",
        "ImagePullBackOff",
        "InvalidImageName",
    }
)


@dataclass(frozen=True)
class Obstacle:
    """Why something does not run, in Kubernetes' own words where it has any."""

    what: str
    reason: str
    message: str = ""
    image: str = ""

    def __str__(self) -> str:
        """Say it in one line."""
        of_image = f" (image {self.image})" if self.image and "Image" in self.reason else ""
        return ": ".join(filter(None, (self.what, f"{self.reason}{of_image}", self.message)))

    @property
    def is_hopeless(self) -> bool:
        """Say whether waiting seldom mends it."""
        return self.reason in HOPELESS


def has_rolled_out(deployment: Object) -> bool:
    """Say whether all pods are of the newest template and available."""
    status = deployment.get("status", {})
    replicas = deployment["spec"].get("replicas", 1)
    counted = ("replicas", "updatedReplicas", "availableReplicas")
    return status.get("observedGeneration") == deployment["metadata"]["generation"] and all(
        status.get(name, 0) == replicas for name in counted
    )


def obstacles(deployments: Iterable[Object], pods: Iterable[Object]) -> list[Obstacle]:
    """Return why Deployments have no pods and why pods don't run, each once."""
    found = [
        *(one for deployment in deployments for one in _refusals(deployment)),
        *(one for pod in pods for one in of_pod(pod)),
    ]
    return list(dict.fromkeys(found))


def of_pod(pod: Object) -> Iterator[Obstacle]:
    """Yield whatever keeps a pod from running."""
    status = pod.get("status", {})
    for condition in status.get("conditions", []):
        if condition.get("reason") == UNSCHEDULABLE:
            yield Obstacle(f"pod {pod['metadata']['name']}", UNSCHEDULABLE, condition.get("message", ""))
    for container in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]:
        what = f"container {container['name']}"
        if container.get("restartCount", 0) >= CRASHES_MAX and not container.get("ready"):
            code = container.get("lastState", {}).get("terminated", {}).get("exitCode", "unknown")
            yield Obstacle(what, CRASHES, f"ended {container['restartCount']} times, last with {code}")
        if waiting := container.get("state", {}).get("waiting"):
            image = container.get("image", "")
            yield Obstacle(what, waiting.get("reason", ""), waiting.get("message", ""), image)


def _refusals(deployment: Object) -> Iterator[Obstacle]:
    """Yield why the API server refused a Deployment's pods: there is no pod to ask when none may be made."""
    for condition in deployment.get("status", {}).get("conditions", []):
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            what = f"deployment {deployment['metadata']['name']}"
            yield Obstacle(what, condition.get("reason", ""), condition.get("message", ""))
