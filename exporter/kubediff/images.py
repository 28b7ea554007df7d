"""Which images manifests name, in which versions. Pure: objects in, names and versions out."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

CONTAINERS = frozenset({"containers", "initContainers", "ephemeralContainers"})
Versions = dict[str, list[str]]


def versions(objects: Iterable[Any]) -> Versions:
    """Return image → its versions, in whichever kind of object containers stand."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for image in (image for each in objects for image in _images(each)):
        name, version = split(image)
        found[name].add(version)
    return {name: sorted(said) for name, said in sorted(found.items())}


def split(image: str) -> tuple[str, str]:
    """Split registry.example:5000/shop:1.2@sha256:… into its name and what stands behind that."""
    name, at, digest = image.partition("@")
    slash = name.rfind("/")
    colon = name.find(":", slash + 1)
    if colon < 0:
        return name, f"@{digest}" if at else "latest"
    return name[:colon], name[colon + 1 :] + (f"@{digest}" if at else "")


def differing(source: Versions, target: Versions) -> dict[str, tuple[list[str], list[str]]]:
    """Return image → its versions here and there, where these are not the same."""
    names = sorted(source.keys() | target.keys())
    pairs = ((name, (source.get(name, []), target.get(name, []))) for name in names)
    return {name: (ours, theirs) for name, (ours, theirs) in pairs if ours != theirs}


def _images(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for inner in value:
            yield from _images(inner)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key in CONTAINERS and isinstance(inner, list):
                named = (each.get("image") for each in inner if isinstance(each, dict))
                yield from (image for image in named if isinstance(image, str) and image)
            yield from _images(inner)
