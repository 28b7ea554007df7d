"""An object's leaves: where they are on both sides, what else they could be, whether a change is told."""

import copy
import re
from collections.abc import Iterator
from typing import Any

from kubediff import path
from kubediff.compare import keys_of
from kubediff.defaults import table
from kubediff.path import Path
from kubediff.results import Difference
from kubediff.schema import Shape

INTRUDER = "intruder"
BRACKETS = re.compile(r"\[[^\]]*\]")
# What elements are known by: without it an element has another name. Addresses are sorted by theirs.
KEYS = frozenset({"name", "ip", "port", "protocol"})
# Values of another meaning; the first that the server takes is the drift.
TEXTS = (
    *("7", "Always", "OnFailure", "IfNotPresent", "ReadWriteMany", "UDP", "NotIn", "Recreate", "OnDelete"),
    *("Exact", "aGVsbG8y", "2026-05-05T05:05:05.000000Z", "Retain", "100.0.0.1", "10.2.3.4", "10.3.0.0/16"),
    *("ClusterFirstWithHostNet", "2Gi", "PreferNoSchedule", "Fail", "DELETE", "update", "*", "Deny", "30%"),
    "Utilization",
)
Leaf = tuple[tuple[str | int, ...], Any]


def is_told(differences: list[Difference], where: str, *, by: str = INTRUDER) -> bool:
    """Return whether a change is told where it is, and by whom; one of an element's key is two changes."""
    whole, _, key = where.rpartition(".")
    for each in differences:
        is_there = BRACKETS.sub("[]", each.path) in (BRACKETS.sub("[]", where), BRACKETS.sub("[]", whole))
        is_there = is_there or each.path == where.rpartition("[")[0]  # a set, or a list's only element
        is_exact = each.path in (where, where.rpartition("[")[0]) or f"[{key}=" in each.path or key in KEYS
        if not (is_there and is_exact):
            return False
        if by and each.what != "missing" and each.author and each.author.manager != by:
            return False
    return 0 < len(differences) <= (2 if key in KEYS else 1)


def leaves(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[Leaf]:
    """Yield the place and value of each leaf."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*at, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from leaves(inner, (*at, place))
    else:
        yield at, value


def others(value: Any) -> Iterator[Any]:
    """Yield values that mean something else."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1, 0)
    elif isinstance(value, float):
        yield value + 1
    elif value is not None:
        texts = (f"{value}x", f"x{value}", f"{value}/x", f"{value[:-1]}9", *TEXTS)
        yield from (each for each in texts if each != value)


def located(leaf: tuple[str | int, ...], want: Any, have: Any, shape: Shape) -> tuple[Path, list[Any]] | None:
    """Return a leaf's path, and where it is in the cluster's object; None where that lacks it."""
    at: Path = None
    pointer: list[Any] = []
    place: str | int
    for step in leaf:
        if isinstance(step, str):
            if not isinstance(have, dict) or step not in have:
                return None
            at, place, shape = path.field(at, step), step, shape.field(step)
        elif shape.list_type == "set":
            at, place, shape = path.value(at, want[step], step), have.index(want[step]), shape.items
        elif shape.list_type == "map" and (keys := keys_of(want[step], shape, table())):
            alike = (index for index, each in enumerate(have) if keys_of(each, shape, table()) == keys)
            at, place, shape = path.element(at, keys, step), next(alike), shape.items
        else:
            at, place, shape = path.index(at, step, step), step, shape.items
        pointer.append(place)
        want, have = want[step], have[place]
    return at, pointer


def meaning(found: Any) -> Any:
    """Return an object without what is another at every write, or of every one of its name."""
    said = copy.deepcopy(found)
    said.pop("status", None)
    for key in ("managedFields", "generation", "resourceVersion", "uid", "creationTimestamp"):
        said["metadata"].pop(key, None)
    return said
