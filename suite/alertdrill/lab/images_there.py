"""Which images a lab needs in somebody else's cluster, and whether they are there: told before it begins."""

from collections.abc import Iterable

from alertdrill.clock import Clock, NotYet, WallClock, wait_for
from alertdrill.errors import LabError
from alertdrill.kube import Kube
from alertdrill.lab.stack.site import Site
from alertdrill.machine import images
from alertdrill.progress import Progress

LISTED_MAX = 50  # a kubelet tells of no more images, the largest ones
TELL_SECONDS_MAX = 50.0  # it looks every 30 s, and tells every 10
PROMETHEUS, ALERTMANAGER, NODE_EXPORTER, _ = (one.name for one in images.THIRD_PARTY)
STACK = (images.OWN[0].name, images.OWN[-1].name, PROMETHEUS, ALERTMANAGER, NODE_EXPORTER)


def told(
    kube: Kube, site: Site, others: Iterable[str], progress: Progress, clock: Clock | None = None
) -> None:
    """Say of each image where it comes from; LabError for one that can come from nowhere.

    `others` are those that not every stack has, and those that workloads name. Ours are in no public
    registry: they must be on a node, or in the registry that was named.
    """
    names = [site.image(name) for name in dict.fromkeys((*STACK, *others))]
    waiting = False

    def found() -> list[str]:
        nonlocal waiting
        nodes = _nodes(kube)
        if missing := [said for name in names if (said := _missing(name, nodes))]:
            if not waiting:
                progress.say(f"waiting for the nodes to tell of {', '.join(missing)}")
            waiting = True
            raise NotYet(", ".join(missing))
        return [_told(name, nodes) for name in names]

    try:
        sentences = wait_for(
            "the lab's images", found, deadline=TELL_SECONDS_MAX, clock=clock or WallClock(), every=2
        )
    except LabError as error:
        if not waiting:
            raise
        raise LabError(
            f"{error}; no public registry has them: push them to a registry of yours and name it"
            " (--registry), or load them onto the nodes: alertdrill images says how"
        ) from error
    for sentence in sentences:
        progress.say(sentence)


def _missing(image: str, nodes: list[set[str]]) -> str:
    """Return of an image that can't be pulled on how few nodes it is, "" of any other."""
    count = sum(_full(image) in there for there in nodes)
    is_unsure = any(len(there) >= LISTED_MAX for there in nodes)
    if count == len(nodes) or is_unsure or not image.startswith(images.PREFIX):
        return ""
    return f"{image} (on {count} of {len(nodes)} nodes)"


def _told(image: str, nodes: list[set[str]]) -> str:
    count = sum(_full(image) in there for there in nodes)
    if count == len(nodes):
        return f"image {image}: on every node"
    return f"image {image}: on {count} of {len(nodes)} nodes, else pulled from {_host(image)}"


def _nodes(kube: Kube) -> list[set[str]]:
    """Return what each node has, by what it tells and by what runs on it."""
    there = {
        node["metadata"]["name"]: {
            _full(name)
            for one in node["status"].get("images") or []
            for name in one.get("names") or []
            if "@" not in name
        }
        for node in kube.get("nodes")
        if not node["spec"].get("unschedulable")
    }
    for pod in kube.get("pods"):
        for container in pod.get("status", {}).get("containerStatuses") or []:
            if container.get("imageID") and pod["spec"].get("nodeName") in there:
                there[pod["spec"]["nodeName"]].add(_full(container["image"]))
    return list(there.values())


def _host(image: str) -> str:
    return _full(image).partition("/")[0]


def _full(image: str) -> str:
    """Return an image's name with the registry that it goes without."""
    first, slash, _ = image.partition("/")
    if not slash:
        return f"docker.io/library/{image}"
    is_host = "." in first or ":" in first or first == "localhost"
    return image if is_host else f"docker.io/{image}"
