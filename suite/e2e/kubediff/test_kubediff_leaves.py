"""Any single change of a leaf shows exactly that leaf, and who did it: all of all samples, one by one.

Each is changed, then taken away, as a dry run, so that the next finds the object as it was; what the API
server refuses can't be drift.
"""

import json
from typing import Any

import msgspec
import pytest

from e2e.kubediff import samples
from e2e.kubediff.leaves import INTRUDER, is_told, leaves, located, meaning, others
from e2e.kubediff.running import Kubediff
from exporter_kit.api.client import ApiClient
from exporter_kit.api.place import Place
from kubediff import path
from kubediff.cache import Stored
from kubediff.defaults import table
from kubediff.judge import Judge, live
from kubediff.live import Cluster, Kind
from kubediff.manifests import Manifest, Source
from kubediff.results import Difference, Subject
from kubediff.schema import Shape
from kubediff.secrecy import Secrecy

# Of some 900 leaves and 2 changes each, the server takes this many; fewer would mean that nothing is tried.
SEEDED_MIN = 480


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
