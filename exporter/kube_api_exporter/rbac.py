"""The role that what is exported needs: `get,list,watch` on those kinds, and no more."""

from collections.abc import Iterable
from typing import Any

import yaml

from exporter_kit.errors import UsageError
from kube_api_exporter.kinds import FULL_NAMES, Kind
from kube_api_exporter.options import Options

VERBS = ["get", "list", "watch"]
RBAC = "rbac.authorization.k8s.io"


def by_spelling(words: Iterable[str]) -> list[tuple[str, str]]:
    """Return (group, resource) of kinds as they are spelt, for where no API server can be asked."""
    found = []
    for word in words:
        if word == "all":
            raise UsageError("--print-rbac can't know what all means without --kubeconfig; name the kinds")
        resource, _, group = FULL_NAMES.get(word, word).partition(".")
        found.append((group, resource))
    return found


def by_kind(kinds: Iterable[Kind]) -> list[tuple[str, str]]:
    """Return (group, resource) of kinds the API server serves."""
    return [(kind.group, kind.resource) for kind in kinds]


def manifests(
    resources: Iterable[tuple[str, str]], options: Options, *, namespace: str = "monitoring"
) -> str:
    """Return YAML: a ClusterRole and its binding, or a Role and a binding for each namespace asked for."""
    rules = _rules(resources)
    documents: list[dict[str, Any]] = []
    places: list[str | None] = [*sorted(set(options.namespaces))]
    for place in places or [None]:
        prefix = "" if place else "Cluster"
        metadata = {"name": "kube-api-exporter", **({"namespace": place} if place else {})}
        role = {"apiVersion": f"{RBAC}/v1", "kind": f"{prefix}Role", "metadata": metadata, "rules": rules}
        subject = {"kind": "ServiceAccount", "name": "kube-api-exporter", "namespace": namespace}
        binding = {
            "apiVersion": f"{RBAC}/v1",
            "kind": f"{prefix}RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": RBAC, "kind": f"{prefix}Role", "name": "kube-api-exporter"},
            "subjects": [subject],
        }
        documents += [role, binding]
    return yaml.dump_all(documents, Dumper=_Plain, sort_keys=False)


def _rules(resources: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    groups: dict[str, set[str]] = {}
    for group, resource in resources:
        groups.setdefault(group, set()).add(resource)
    return [
        {"apiGroups": [group], "resources": sorted(groups[group]), "verbs": VERBS} for group in sorted(groups)
    ]


class _Plain(yaml.SafeDumper):
    """Writes shared parts out each time: no anchors in a manifest."""

    def ignore_aliases(self, _data: Any) -> bool:
        """Say that nothing is worth an anchor."""
        return True
