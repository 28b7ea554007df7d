"""Learns from a real API server what it fills in by itself, and writes the table that kubediff ships.

Every sample is created as a dry run and read back: what was not sent is a default. Then each field is sent
as 0, false, "" or {}: where that comes back, it is a value; where it does not, it is the same as nothing.
What the server refuses can't be in any cluster, and needs no entry.
"""

import copy
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from alertdrill.machine import process
from alertdrill.machine.nodeimage.program import KUBERNETES
from e2e.exporter.apiserver import ApiServer
from e2e.kubediff import samples
from exporter_kit.api.client import ApiClient
from exporter_kit.api.place import Place
from kubediff.defaults import ANY, TABLE, is_servers
from kubediff.live import Cluster, Kind
from kubediff.schema import Shape

FILE = Path(__file__).parents[3] / "exporter" / "kubediff" / TABLE
CORE, APPS = "io.k8s.api.core.v1.", "io.k8s.api.apps.v1."
# What depends on the object, on others, or on the cluster: no list of values would be whole.
DEPENDS = {
    f"{CORE}ServiceSpec": ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort"),
    f"{CORE}ServicePort": ("nodePort", "targetPort"),
    f"{CORE}ContainerPort": ("hostPort",),
    f"{CORE}ResourceRequirements": ("requests",),
    f"{CORE}PodSpec": ("priority", "serviceAccount", "tolerations", "nodeName", "schedulerName"),
    f"{CORE}PersistentVolumeClaimSpec": ("storageClassName", "volumeName", "dataSource", "dataSourceRef"),
    f"{CORE}ReplicationControllerSpec": ("selector",),
    f"{CORE}NodeSpec": ("podCIDRs",),
    "io.k8s.api.batch.v1.JobSpec": ("selector", "completions", "parallelism"),
    "io.k8s.api.networking.v1.IngressSpec": ("ingressClassName",),
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionNames": (
        "listKind",
        "singular",
    ),
}
ZEROS: dict[str | None, Any] = {"integer": 0, "number": 0, "boolean": False, "string": ""}
Send = Callable[[dict[str, Any]], dict[str, Any] | None]


class Learnt:
    """The table while it grows."""

    def __init__(self) -> None:
        self.values: defaultdict[str, dict[str, list[Any]]] = defaultdict(dict)
        self.kept: defaultdict[str, set[str]] = defaultdict(set)
        self.dropped: defaultdict[str, set[str]] = defaultdict(set)
        self._tried: set[tuple[str, str]] = set()

    def defaults(self, sent: Any, got: Any, shape: Shape) -> None:
        """Note what came back and was not sent."""
        if isinstance(got, dict):
            sent = sent if isinstance(sent, dict) else {}
            for key, value in got.items():
                inner = shape.field(key)
                if is_servers(shape, key) or value is None:
                    continue
                if sent.get(key) is None and shape.name and not shape.name.endswith("ObjectMeta"):
                    self._note(shape.name, key, {} if isinstance(value, dict) and inner.fields else value)
                    if key in DEPENDS.get(shape.name, ()):
                        continue  # nor does what is in it
                if isinstance(value, dict | list):
                    self.defaults(sent.get(key), value, inner)
        elif isinstance(got, list):
            pairs = zip(sent, got, strict=True) if isinstance(sent, list) and len(sent) == len(got) else ()
            for mine, other in pairs:
                self.defaults(mine, other, shape.items)

    def _note(self, name: str, key: str, value: Any) -> None:
        depends = key in DEPENDS.get(name, ())
        known = self.values[name].setdefault(key, [])
        if (said := ANY if depends else value) not in known:
            known.append(said)

    def zeros(self, sample: dict[str, Any], shape: Shape, send: Send) -> None:
        """Try nothing in every field of every object within a sample."""
        for where, inner in _objects(sample, shape, ()):
            for key, field in (inner.fields or {}).items():
                if inner.name and (inner.name, key) not in self._tried and where != ("metadata",):
                    self._try(sample, where, (inner, key, field), send)

    def _try(
        self, sample: dict[str, Any], where: tuple[Any, ...], what: tuple[Shape, str, Shape], send: Send
    ) -> None:
        inner, key, field = what
        zero: Any = {} if field.fields is not None else ZEROS.get(field.type)
        if field.form in {"quantity", "int-or-string"}:
            zero = 0
        if zero is None or (not where and key in {"apiVersion", "kind", "metadata", "status"}):
            return
        trial = copy.deepcopy(sample)
        _at(trial, where)[key] = zero
        got = send(trial)
        if got is None:
            return
        self._tried.add((inner.name, key))
        back = _at(got, where)
        if isinstance(zero, dict):
            if back is not None and back.get(key) is None:
                self.dropped[inner.name].add(key)
        elif back is not None and key in back and str(back[key]) == str(zero):
            self.kept[inner.name].add(key)

    def table(self) -> dict[str, Any]:
        """Return it as it is written, in order."""
        return {
            "version": KUBERNETES,
            "values": {
                name: {key: sorted(found, key=str) for key, found in sorted(fields.items())}
                for name, fields in sorted(self.values.items())
            },
            "kept": {name: sorted(fields) for name, fields in sorted(self.kept.items())},
            "dropped": {name: sorted(fields) for name, fields in sorted(self.dropped.items())},
        }


def _objects(value: Any, shape: Shape, where: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Shape]]:
    if isinstance(value, dict):
        if shape.fields is not None:
            yield where, shape
        for key, inner in value.items():
            yield from _objects(inner, shape.field(key), (*where, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _objects(inner, shape.items, (*where, place))


def _at(value: Any, where: tuple[Any, ...]) -> Any:
    for step in where:
        try:
            value = value[step]
        except (LookupError, TypeError):
            return None
    return value


def url(kind: Kind, sample: dict[str, Any]) -> str:
    """Return where a sample is created."""
    return kind.path(sample["metadata"].get("namespace", "default") if kind.namespaced else "")


def learn(api: ApiServer) -> bytes:
    """Return the table, learnt from a server that runs."""
    cluster = Cluster(ApiClient(Place(kubeconfig=api.kubeconfig()), user_agent="learn"))
    learnt = Learnt()
    for sample in samples.all_of_them():
        kind = cluster.kind(sample["apiVersion"], sample["kind"])
        assert kind, f"no {sample['apiVersion']} {sample['kind']} is served"
        shape, path = cluster.shape(kind), url(kind, sample)

        def send(body: dict[str, Any], path: str = path) -> dict[str, Any] | None:
            found: dict[str, Any] | None = api.try_to_create(path, body)
            return found

        got = send(sample)
        assert got is not None, f"{kind.name} {sample['metadata']['name']} was refused"
        learnt.defaults(sample, got, shape)
        learnt.zeros(sample, shape, send)
    text = msgspec.json.encode(learnt.table(), order="deterministic")
    return msgspec.json.format(text, indent=1) + b"\n"


def main() -> None:
    """Write the table."""
    with tempfile.TemporaryDirectory() as folder, process.interruptible():
        api = ApiServer(Path(folder))
        try:
            api.start()
            FILE.write_bytes(learn(api))
        finally:
            api.kill()
    sys.stdout.write(f"written: {FILE}\n")


if __name__ == "__main__":
    main()
