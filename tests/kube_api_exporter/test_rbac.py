"""The generated role."""

import pytest
import yaml

from exporter_kit.errors import UsageError
from kube_api_exporter import rbac
from kube_api_exporter.kinds import DEFAULT_KINDS, Kind
from kube_api_exporter.options import Options


def test_the_role_reads_exactly_the_enabled_kinds() -> None:
    """Three verbs, one rule per group, nothing else."""
    resources = rbac.by_spelling(("pods", "deployments", "widgets.example.com"))
    role, binding = yaml.safe_load_all(rbac.manifests(resources, Options()))
    assert "ClusterRole" == role["kind"]
    assert [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": ["example.com"], "resources": ["widgets"], "verbs": ["get", "list", "watch"]},
    ] == role["rules"]
    assert "ClusterRole" == binding["roleRef"]["kind"]


def test_namespaces_get_roles_of_their_own() -> None:
    """Who may see two namespaces needs no cluster-wide role."""
    text = rbac.manifests(rbac.by_spelling(("pods",)), Options(namespaces=("b", "a")))
    documents = list(yaml.safe_load_all(text))
    assert ["Role", "RoleBinding"] * 2 == [one["kind"] for one in documents]
    assert ["a", "a", "b", "b"] == [one["metadata"]["namespace"] for one in documents]


def test_no_default_kind_is_a_secret() -> None:
    """Numbers in Secrets: none."""
    assert all(resource != "secrets" for _, resource in rbac.by_spelling(DEFAULT_KINDS))


def test_a_kind_that_was_found_says_its_group_itself() -> None:
    """Short names are resolved by the API server."""
    assert [("apps", "deployments")] == rbac.by_kind([Kind("apps", "v1", "deployments", "Deployment")])


def test_all_needs_an_api_server() -> None:
    """Without one nobody knows what all is."""
    with pytest.raises(UsageError, match="without --kubeconfig"):
        rbac.by_spelling(("all",))
