"""Objects that git does not have and nobody should expect it to: the cluster's own, and what others own."""

from typing import Any

import msgspec

# What every namespace and every cluster has from the beginning.
OWN = frozenset(
    {
        ("ConfigMap", "kube-root-ca.crt"),
        ("Endpoints", "kubernetes"),
        ("EndpointSlice", "kubernetes"),
        ("IPAddress", "*"),
        ("Namespace", "default"),
        ("Namespace", "kube-node-lease"),
        ("Namespace", "kube-public"),
        ("Namespace", "kube-system"),
        ("PriorityClass", "system-cluster-critical"),
        ("PriorityClass", "system-node-critical"),
        ("Service", "kubernetes"),
        ("ServiceAccount", "default"),
        ("ServiceCIDR", "kubernetes"),
    }
)
BOOTSTRAPPED = "kubernetes.io/bootstrapping"
# Annotation and label of what the API server, a controller or Helm makes for itself.
MADE = ("apf.kubernetes.io/autoupdate-spec", "kube-aggregator.kubernetes.io/automanaged")
SECRETS = ("kubernetes.io/service-account-token", "helm.sh/release.v1", "bootstrap.kubernetes.io/token")


class Metadata(msgspec.Struct):
    """What tells an object of its own from one that somebody made."""

    name: str = ""
    namespace: str = ""
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owners: list[Any] | None = msgspec.field(name="ownerReferences", default=None)


class Head(msgspec.Struct):
    """An object, as far as it must be known to be found."""

    metadata: Metadata
    type: Any = None


def is_somebodys(kind: str, head: Head) -> bool:
    """Return whether somebody put an object there who could have put it into git."""
    metadata = head.metadata
    marks = {**(metadata.labels or {}), **(metadata.annotations or {})}
    return not (
        metadata.owners
        or (kind, metadata.name) in OWN
        or (kind, "*") in OWN
        or BOOTSTRAPPED in marks
        or any(mark in marks for mark in MADE)
        or (kind == "Secret" and head.type in SECRETS)
    )
