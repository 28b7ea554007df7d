"""The role that what is exported needs: `get,list,watch` on those kinds, and no more."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
import yaml

from exporter_kit.api.client import ApiClient
from exporter_kit.api.errors import ApiError
from exporter_kit.api.place import Place
from exporter_kit.errors import UsageError
from kube_api_exporter.kinds import CLUSTER_SCOPED, CORE_RESOURCES, EVERY, Kind
from kube_api_exporter.options import Options, full_name
from kube_api_exporter.watch.catalog import Catalog

VERBS = ["get", "list", "watch"]
RBAC = "rbac.authorization.k8s.io"


class Readable(NamedTuple):
    """A resource that a role names."""

    group: str
    resource: str
    namespaced: bool = True


def role(place: Place, options: Options) -> str:
    """Ask the API server what the kinds are if we know where it is, else go by their spelling."""
    if place == Place():
        return manifests(by_spelling(options.kinds), options)
    client = ApiClient(place)
    catalog = Catalog(client, options)
    try:
        kinds = [catalog.kind(word) for word in options.kinds if word != EVERY]
        if EVERY in options.kinds:
            kinds += catalog.every()
    except msgspec.MsgspecError as error:
        raise ApiError(
            f"asking {client.host} which kinds there are: what answers speaks no Kubernetes ({error}); "
            "check the address of the API server"
        ) from error
    return manifests(by_kind(kinds), options)


def by_spelling(words: Iterable[str]) -> list[Readable]:
    """Return kinds as they are spelt, for where no API server can be asked; a custom one has namespaces."""
    found = []
    for word in words:
        if word == EVERY:
            raise UsageError("--print-rbac can't know what all means without --kubeconfig; name the kinds")
        name = full_name(word)
        resource, _, group = name.partition(".")
        if not group and name not in CORE_RESOURCES:
            raise UsageError(
                f"--print-rbac can't know which group serves {word!r} without --kubeconfig; "
                "write RESOURCE.GROUP, such as ingresses.networking.k8s.io"
            )
        found.append(Readable(group, resource, name not in CLUSTER_SCOPED))
    return found


def by_kind(kinds: Iterable[Kind]) -> list[Readable]:
    """Return kinds as the API server serves them."""
    return [Readable(kind.group, kind.resource, kind.namespaced) for kind in kinds]


def manifests(resources: Iterable[Readable], options: Options, *, namespace: str = "monitoring") -> str:
    """Return YAML: a ClusterRole and its binding; with namespaces a Role and a binding in each of them.

    Then the ClusterRole is for what no Role can give: the kinds that have no namespaces.
    """
    wanted = list(resources)
    places = sorted(set(options.namespaces))
    inside = [one for one in wanted if places and one.namespaced]
    outside = [one for one in wanted if one not in inside]
    documents = _role(outside, None, namespace) if outside else []
    for place in places if inside else ():
        documents += _role(inside, place, namespace)
    return yaml.dump_all(documents, Dumper=_Plain, sort_keys=False)


def _role(resources: list[Readable], place: str | None, account: str) -> list[dict[str, Any]]:
    """Return a role, of the cluster or in one namespace, and its binding to the account in another."""
    prefix = "" if place else "Cluster"
    metadata = {"name": "kube-api-exporter", **({"namespace": place} if place else {})}
    version, rules = f"{RBAC}/v1", _rules(resources)
    return [
        {"apiVersion": version, "kind": f"{prefix}Role", "metadata": metadata, "rules": rules},
        {
            "apiVersion": version,
            "kind": f"{prefix}RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": RBAC, "kind": f"{prefix}Role", "name": "kube-api-exporter"},
            "subjects": [{"kind": "ServiceAccount", "name": "kube-api-exporter", "namespace": account}],
        },
    ]


def _rules(resources: Iterable[Readable]) -> list[dict[str, Any]]:
    groups: dict[str, set[str]] = {}
    for one in resources:
        groups.setdefault(one.group, set()).add(one.resource)
    return [
        {"apiGroups": [group], "resources": sorted(groups[group]), "verbs": VERBS} for group in sorted(groups)
    ]


class _Plain(yaml.SafeDumper):
    """Writes shared parts out each time: no anchors in a manifest."""

    def ignore_aliases(self, _data: Any) -> bool:
        """Say that nothing is worth an anchor."""
        return True
