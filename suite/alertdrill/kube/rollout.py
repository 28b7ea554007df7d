"""Has a workload rolled out, and if not, why? One answer for the stack and for what scenarios run."""

from collections.abc import Callable, Iterable, Iterator
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
        "JobFailed",
    }
)
SAID_MAX = 160  # characters about an image that can't be pulled; what follows is about networks


@dataclass(frozen=True)
class Obstacle:
    """Why something does not run, in Kubernetes' own words where it has any."""

    what: str
    reason: str
    message: str = ""
    image: str = ""

    def __str__(self) -> str:
        """Say it in one line."""
        of_image = f" (image {self.image})" if self.is_of_image else ""
        is_long = self.is_of_image and len(self.message) > SAID_MAX
        said = f"{self.message[:SAID_MAX]} …" if is_long else self.message
        return ": ".join(filter(None, (self.what, f"{self.reason}{of_image}", said)))

    @property
    def is_of_image(self) -> bool:
        """Say whether it is the image that is in the way."""
        return bool(self.image) and "Image" in self.reason

    @property
    def is_hopeless(self) -> bool:
        """Say whether waiting seldom mends it."""
        return self.reason in HOPELESS


@dataclass(frozen=True)
class Workload:
    """An object that runs pods and was made by a person, not by another object."""

    kind: str
    thing: Object

    @property
    def name(self) -> str:
        """Return its name."""
        return str(self.thing["metadata"]["name"])

    def __str__(self) -> str:
        """Name it as kubectl takes it."""
        return f"{self.kind}/{self.name}"

    @property
    def is_healthy(self) -> bool:
        """Say whether it runs as it should, by what its kind promises."""
        return HEALTH[self.kind](self.thing)

    @property
    def is_given_up(self) -> bool:
        """Say whether it is a Job that failed, which no controller starts again."""
        return self.kind == "Job" and _is_so(self.thing, "Failed")


def workloads(get: Callable[[str], list[Object]]) -> list[Workload]:
    """Return all that runs pods, as `get` lists it by resource, but for what something else controls."""
    return [
        Workload(kind, thing)
        for resource, kind in RESOURCES.items()
        for thing in get(resource)
        if not any(owner.get("controller") for owner in thing["metadata"].get("ownerReferences", []))
    ]


def has_rolled_out(deployment: Object) -> bool:
    """Say whether all pods are of the newest template and available."""
    wanted = deployment["spec"].get("replicas", 1)
    return _counts(deployment, wanted, "replicas", "updatedReplicas", "availableReplicas")


def _counts(thing: Object, wanted: int, *names: str) -> bool:
    """Say whether the newest spec was looked at, and so many pods are counted under each name."""
    status = thing.get("status", {})
    is_new = status.get("observedGeneration") == thing["metadata"].get("generation")
    return is_new and all(status.get(name, 0) == wanted for name in names)


def _is_whole_set(stateful_set: Object) -> bool:
    """Say the same of a StatefulSet; its older pods may stay, where it says so."""
    wanted = stateful_set["spec"].get("replicas", 1)
    strategy = stateful_set["spec"].get("updateStrategy", {})
    stays = strategy.get("type") == "OnDelete" or strategy.get("rollingUpdate", {}).get("partition")
    names = ("replicas", "readyReplicas", *(() if stays else ("updatedReplicas",)))
    return _counts(stateful_set, wanted, *names)


def _is_on_every_node(daemon_set: Object) -> bool:
    """Say the same of a DaemonSet, which may have no node to run on."""
    wanted = daemon_set.get("status", {}).get("desiredNumberScheduled", 0)
    updates = daemon_set["spec"].get("updateStrategy", {}).get("type") != "OnDelete"
    return _counts(daemon_set, wanted, "numberAvailable", *(("updatedNumberScheduled",) if updates else ()))


def _is_under_way(job: Object) -> bool:
    """Say whether a Job runs, is done, or is told to wait."""
    status = job.get("status", {})
    return (
        _is_so(job, "Complete")
        or bool(job["spec"].get("suspend"))
        or (status.get("ready", 0) > 0 and not _is_so(job, "Failed"))
    )


def _is_so(thing: Object, condition: str) -> bool:
    conditions = thing.get("status", {}).get("conditions") or []
    return any(one.get("type") == condition and one.get("status") == "True" for one in conditions)


# The kinds that run pods: where they are listed, and when they are healthy. A CronJob is once it is accepted.
RESOURCES = {
    "deployments": "Deployment",
    "statefulsets": "StatefulSet",
    "daemonsets": "DaemonSet",
    "replicasets": "ReplicaSet",
    "jobs": "Job",
    "cronjobs": "CronJob",
    "pods": "Pod",
}
HEALTH: dict[str, Callable[[Object], bool]] = {
    "Deployment": has_rolled_out,
    "StatefulSet": _is_whole_set,
    "DaemonSet": _is_on_every_node,
    "ReplicaSet": lambda one: _counts(one, one["spec"].get("replicas", 1), "replicas", "availableReplicas"),
    "Job": _is_under_way,
    "CronJob": lambda _one: True,
    "Pod": lambda one: _is_so(one, "Ready") or one.get("status", {}).get("phase") == "Succeeded",
}


def obstacles(
    things: Iterable[Object], pods: Iterable[Object], events: Iterable[Object] = ()
) -> list[Obstacle]:
    """Return why things have no pods and why pods don't run, each once; so is an image that several lack.

    Not every kind has a condition for a pod that was refused; for the others `events` say so.
    """
    things = list(things)
    names = {(thing.get("kind"), thing["metadata"]["name"]) for thing in things}
    found = [
        *(one for thing in things for one in _refusals(thing)),
        *(one for event in events for one in _refused(event, names)),
        *(one for pod in pods for one in of_pod(pod)),
    ]
    lacking: dict[tuple[str, str], Obstacle] = {}
    for one in found:
        if one.is_of_image:  # a pod that has just tried says why, one that waits to try again says less
            before = lacking.setdefault((one.what, one.image), one)
            lacking[one.what, one.image] = max(before, one, key=lambda each: len(each.message))
    return list(dict.fromkeys(lacking[one.what, one.image] if one.is_of_image else one for one in found))


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
        ended = container.get("state", {}).get("terminated")
        if ended and status.get("phase") == "Failed":
            yield Obstacle(what, ended.get("reason", ""), f"ended with {ended.get('exitCode', 'unknown')}")
        if waiting := container.get("state", {}).get("waiting"):
            image = container.get("image", "")
            yield Obstacle(what, waiting.get("reason", ""), waiting.get("message", ""), image)


def _refused(event: Object, names: set[tuple[str | None, str]]) -> Iterator[Obstacle]:
    """Yield what an event says of a pod that one of these was refused."""
    of = event.get("involvedObject", {})
    if event.get("reason") == "FailedCreate" and (of.get("kind"), of.get("name")) in names:
        yield Obstacle(f"{of['kind']} {of['name']}", "FailedCreate", event.get("message", ""))


def _refusals(deployment: Object) -> Iterator[Obstacle]:
    """Yield why the API server refused a Deployment's pods, or why a Job was given up.

    There is no pod to ask when none may be made.
    """
    for condition in deployment.get("status", {}).get("conditions") or []:
        if condition.get("type") == "Failed" and condition.get("status") == "True":
            why = ": ".join(filter(None, (condition.get("reason"), condition.get("message"))))
            yield Obstacle(f"job {deployment['metadata']['name']}", "JobFailed", why or "it was given up")
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            what = f"deployment {deployment['metadata']['name']}"
            yield Obstacle(what, condition.get("reason", ""), condition.get("message", ""))
