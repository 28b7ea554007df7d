"""Any single change of a leaf shows exactly that leaf, and who did it: all of all samples, one by one.

Each is changed, then taken away, as a dry run, so that the next finds the object as it was; what the API
server refuses can't be drift.
"""

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from e2e.kubediff import samples
from e2e.kubediff.running import Kubediff
from exporter_kit.api.client import ApiClient
from exporter_kit.api.place import Place
from kubediff import path
from kubediff.cache import Stored
from kubediff.compare import keys_of
from kubediff.defaults import table
from kubediff.judge import Judge, live
from kubediff.live import Cluster, Kind
from kubediff.manifests import Manifest, Source
from kubediff.path import Path
from kubediff.results import Difference, Subject
from kubediff.schema import Shape
from kubediff.secrecy import Secrecy

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
# Of some 900 leaves and 2 changes each, the server takes this many; fewer would mean that nothing is tried.
SEEDED_MIN = 480
Leaf = tuple[tuple[str | int, ...], Any]


class Seeds:
    """Seeds changes into one sample after the other, and counts them."""

    def __init__(self, kubediff: Kubediff) -> None:
        self._api = kubediff.api
        self._cluster = Cluster(ApiClient(Place(kubeconfig=kubediff.api.kubeconfig()), user_agent="leaves"))
        self._judge = Judge(table(), Secrecy(), scaled=lambda _: set())
        self.seeded = 0

    def wrong(self, sample: dict[str, Any]) -> list[str]:
        """Return each change of a sample that was not found as what it is."""
        kind = self._cluster.kind(sample["apiVersion"], sample["kind"])
        assert kind
        shape = self._cluster.shape(kind)
        namespace = sample["metadata"].get("namespace", "default") if kind.namespaced else ""
        url = f"{kind.path(namespace)}/{sample['metadata']['name']}"
        there = self._api.call("GET", url)
        found = []
        for leaf, value in leaves(sample):
            if leaf[0] in ("apiVersion", "kind") or leaf[:2] in (
                ("metadata", "name"),
                ("metadata", "namespace"),
            ):
                continue
            at = located(leaf, sample, there, shape)
            for other in [[*others(value)], [None]] if at else ():
                changed = self._changed(url, there, at[1], other) if at else None
                if at and changed is not None:
                    self.seeded += 1
                    differences = self._differences(sample, kind, shape, changed)
                    if not is_told(differences, path.text(at[0])):
                        said = [(each.path, each.author) for each in differences]
                        found.append(f"{path.text(at[0])}: {value!r} became one of {other!r}, told: {said}")
        return found

    def _changed(self, url: str, there: Any, pointer: list[Any], others: list[Any]) -> Any:
        """Return the object with the first other value that the server takes, None if it takes none."""
        at = "/" + "/".join(str(step).replace("~", "~0").replace("/", "~1") for step in pointer)
        for other in others:
            change = (
                {"op": "remove", "path": at}
                if other is None
                else {"op": "replace", "path": at, "value": other}
            )
            got = self._api.try_to_patch(url, [change], manager=INTRUDER)
            if got is not None and meaning(got) != meaning(there):
                return got
        return None

    def _differences(self, sample: dict[str, Any], kind: Kind, shape: Shape, got: Any) -> list[Difference]:
        subject = Subject(sample["kind"], "default", sample["metadata"]["name"], sample["apiVersion"])
        stored = Stored(1, 0, None, msgspec.json.encode(sample))
        raw = msgspec.Raw(json.dumps(got).encode())
        return self._judge.differences(
            Manifest(subject, Source("it", b""), stored), kind, shape, live(raw)
        ).differences


def is_told(differences: list[Difference], where: str) -> bool:
    """Return whether a change is told where it is, and by whom; one of an element's key is two changes."""
    whole, _, key = where.rpartition(".")
    for each in differences:
        is_there = BRACKETS.sub("[]", each.path) in (BRACKETS.sub("[]", where), BRACKETS.sub("[]", whole))
        is_there = is_there or each.path == where.rpartition("[")[0]  # a set, or a list's only element
        is_exact = each.path in (where, where.rpartition("[")[0]) or f"[{key}=" in each.path or key in KEYS
        if not (is_there and is_exact):
            return False
        if each.what != "missing" and each.author and each.author.manager != INTRUDER:
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
        yield from (f"{value}x", f"x{value}", f"{value}/x", f"{value[:-1]}9", *TEXTS)


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
    """Return an object without what changes at every write."""
    said = copy.deepcopy(found)
    said.pop("status", None)
    for key in ("managedFields", "generation", "resourceVersion"):
        said["metadata"].pop(key, None)
    return said


@pytest.fixture(scope="module")
def seeds(applied: Kubediff) -> Seeds:
    """Return what seeds changes into a cluster with all samples."""
    return Seeds(applied)


@pytest.mark.parametrize(
    "sample", samples.all_of_them(), ids=lambda each: f"{each['kind']}-{each['metadata']['name']}"
)
def test_a_changed_leaf_is_told(seeds: Seeds, sample: dict[str, Any]) -> None:
    """Each leaf that changes or goes is a difference at its path, by its manager, and nothing else is."""
    assert [] == seeds.wrong(sample)


def test_enough_was_changed(seeds: Seeds) -> None:
    """The server took the changes above, so they were drift."""
    assert seeds.seeded >= SEEDED_MIN
