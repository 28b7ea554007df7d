"""Whose is it? What carries no mark, or another lab's, is neither changed nor removed, but named."""

import json
from collections.abc import Iterable

from alertdrill.errors import UsageError
from alertdrill.kube import Kube
from alertdrill.lab.stack.render import Object
from alertdrill.lab.stack.site import Site
from alertdrill.names import LAB_LABEL

NAMED_MAX = 5
# What runs pods in every lab's stack.
COMPONENTS = ("alertmanager", "kube-api-exporter", "prom-node-exporter", "prometheus", "receiver")


def mark_of(thing: Object) -> str:
    """Return the mark of the lab that an object belongs to, "" if it is no lab's."""
    return str((thing["metadata"].get("labels") or {}).get(LAB_LABEL, ""))


def refuse_others(kube: Kube, objects: list[Object], site: Site) -> bool:
    """Raise UsageError if any of the objects is there and not ours; say whether all of them are missing."""
    there = found(kube, objects)
    if others := [thing for thing in there if mark_of(thing) != site.mark]:
        named = [*map(_whose, others[:NAMED_MAX])]
        if len(others) > NAMED_MAX:
            named.append(f"and {len(others) - NAMED_MAX} more")
        raise UsageError(
            f"deploying the stack of {site.mark}: not ours, so neither changed nor removed:"
            f" {'; '.join(named)}; choose another --namespace than {site.namespace}, by which all of ours is"
            " called, or another cluster"
        )
    return not there


def found(kube: Kube, objects: list[Object]) -> list[Object]:
    """Return those of the objects that are in the cluster, as they are there."""
    text = kube.run(
        "looking whose the stack's names are",
        "get",
        "--filename=-",
        "--ignore-not-found",
        "--output=json",
        stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}),
    )
    answer: Object = json.loads(text) if text.strip() else {"kind": "List", "items": []}
    return list(answer["items"]) if answer["kind"] == "List" else [answer]


def others(kube: Kube, mark: str) -> dict[str, list[str]]:
    """Return the other labs in the cluster: their marks, each with its namespaces."""
    labs: dict[str, list[str]] = {}
    for namespace in kube.get("namespaces", selector=LAB_LABEL):
        if mark_of(namespace) != mark:
            labs.setdefault(mark_of(namespace), []).append(namespace["metadata"]["name"])
    return labs


def told(labs: Iterable[tuple[str, list[str]]]) -> str:
    """Say which labs they are, and where."""
    return "; ".join(f"{mark} (in {', '.join(namespaces)})" for mark, namespaces in labs)


def _whose(thing: Object) -> str:
    metadata = thing["metadata"]
    where = f" in {metadata['namespace']}" if metadata.get("namespace") else ""
    whose = f"is the lab {mark_of(thing)}'s" if mark_of(thing) else f"carries no mark ({LAB_LABEL})"
    return f"{thing['kind']} {metadata['name']}{where} {whose}"
