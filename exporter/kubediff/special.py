"""What the API server makes of some kinds that no schema tells: both sides are brought to one form first."""

import base64
from collections.abc import Callable
from typing import Any

Object = dict[str, Any]
# What the API server writes into metadata, whoever states it: exported manifests are full of it.
METADATA = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
    "name",
    "namespace",
    "generateName",
)
# Annotations that are somebody's memory, not anybody's wish.
ANNOTATIONS = (
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision",
    "deprecated.daemonset.template.generation",
)
CONDITION_TAINTS = "node.kubernetes.io/"


def prepare(want: Object) -> Object:
    """Return a manifest as the API server would understand it; it is changed in place."""
    for key in ("apiVersion", "kind", "status"):
        want.pop(key, None)
    metadata = want.get("metadata")
    if isinstance(metadata, dict):
        for key in METADATA:
            metadata.pop(key, None)
        forget(metadata)
    return want


def forget(metadata: Object) -> None:
    """Drop the annotations that are no wish."""
    annotations = metadata.get("annotations")
    if isinstance(annotations, dict):
        for key in ANNOTATIONS:
            annotations.pop(key, None)
        if not annotations:
            metadata.pop("annotations")


def bring_together(group: str, kind: str, want: Object, have: Object) -> None:
    """Bring the two sides of a kind that needs it to one form."""
    treat = KINDS.get((group, kind))
    if treat:
        treat(want, have)


def _secret(want: Object, have: Object) -> None:
    """`stringData` is written over `data`, in base64; a null is nothing, or the empty text that is there."""
    texts = want.pop("stringData", None)
    data = want.get("data")
    if isinstance(data, dict):
        there = have.get("data") or {}
        kept = {key: said for key, said in data.items() if said is not None or key in there}
        want["data"] = {key: "" if said is None else said for key, said in kept.items()}
    if isinstance(texts, dict):
        coded = {key: _coded(text) for key, text in texts.items()}
        want["data"] = {**(want.get("data") or {}), **coded}


def _coded(text: Any) -> Any:
    if text is None:
        return ""
    return base64.b64encode(text.encode()).decode() if isinstance(text, str) else text


def _cluster_role(want: Object, have: Object) -> None:
    """An aggregated role's rules are the controller's."""
    if want.get("aggregationRule"):
        want.pop("rules", None)
        have.pop("rules", None)


def _endpoints(want: Object, have: Object) -> None:
    """Subsets are regrouped: each port with its addresses, and ports that share theirs together."""
    for side in (want, have):
        if isinstance(side.get("subsets"), list):
            side["subsets"] = _repacked(side["subsets"])


def _repacked(subsets: list[Any]) -> list[Any]:
    by_port: dict[tuple[Any, ...], dict[tuple[str, bool], Any]] = {}
    ports: dict[tuple[Any, ...], Any] = {}
    for subset in subsets:
        if not isinstance(subset, dict):
            return subsets
        for said in subset.get("ports") or [{}]:
            port = {"protocol": "TCP", **said} if said else {}
            key = (str(port.get("name") or ""), port.get("port") or 0, str(port.get("protocol") or ""))
            ports[key] = port
            known = by_port.setdefault(key, {})
            for field, ready in (("addresses", True), ("notReadyAddresses", False)):
                known.update({(str(each.get("ip")), ready): each for each in subset.get(field) or ()})
    grouped: dict[tuple[tuple[str, bool], ...], list[tuple[Any, ...]]] = {}
    for key, addresses in by_port.items():
        grouped.setdefault(tuple(sorted(addresses)), []).append(key)
    found = []
    for addresses_key, keys in sorted(grouped.items()):
        known = by_port[keys[0]]
        subset = {
            "addresses": [known[each] for each in addresses_key if each[1]],
            "notReadyAddresses": [known[each] for each in addresses_key if not each[1]],
            "ports": [ports[key] for key in sorted(keys) if ports[key]],
        }
        found.append({field: said for field, said in subset.items() if said})
    return found


def _node(want: Object, have: Object) -> None:
    """Taints come and go with a node's conditions."""
    spec = have.get("spec") or {}
    said = [taint.get("key") for taint in (want.get("spec") or {}).get("taints") or ()]
    if isinstance(spec.get("taints"), list):
        spec["taints"] = [
            taint
            for taint in spec["taints"]
            if taint["key"] in said or not taint["key"].startswith(CONDITION_TAINTS)
        ]


def _replication_controller(want: Object, have: Object) -> None:
    """Without labels it gets those of its template."""
    metadata, labels = have["metadata"], want.get("metadata", {}).get("labels")
    template = ((have.get("spec") or {}).get("template") or {}).get("metadata") or {}
    if not labels and metadata.get("labels") == template.get("labels"):
        metadata.pop("labels", None)


KINDS: dict[tuple[str, str], Callable[[Object, Object], None]] = {
    ("", "Secret"): _secret,
    ("", "Endpoints"): _endpoints,
    ("", "Node"): _node,
    ("", "ReplicationController"): _replication_controller,
    ("rbac.authorization.k8s.io", "ClusterRole"): _cluster_role,
}
