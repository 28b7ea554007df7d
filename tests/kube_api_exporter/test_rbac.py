"""The generated role."""

import pytest
import yaml

from exporter_kit.errors import UsageError
from kube_api_exporter import rbac
from kube_api_exporter.kinds import Kind
from kube_api_exporter.options import Options
from kube_api_exporter.words import DEFAULT_KINDS


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


def test_a_kind_without_namespaces_needs_a_cluster_role_beside_them() -> None:
    """No Role can give nodes: they are in a ClusterRole, and nothing else is."""
    text = rbac.manifests(rbac.by_spelling(("nodes", "pods")), Options(namespaces=("a",)))
    roles = [one for one in yaml.safe_load_all(text) if "rules" in one]
    assert [("ClusterRole", ["nodes"]), ("Role", ["pods"])] == [
        (one["kind"], one["rules"][0]["resources"]) for one in roles
    ]
    assert [1, 1] == [len(one["rules"]) for one in roles]


def test_no_default_kind_is_a_secret() -> None:
    """Numbers in Secrets: none."""
    assert all(resource != "secrets" for _, resource, _ in rbac.by_spelling(DEFAULT_KINDS))


def test_a_kind_that_was_found_says_its_group_itself() -> None:
    """Short names, and which kinds have no namespaces, are resolved by the API server."""
    kinds = [
        Kind("apps", "v1", "deployments", "Deployment"),
        Kind("example.com", "v1", "racks", "Rack", namespaced=False),
    ]
    assert [("apps", "deployments", True), ("example.com", "racks", False)] == rbac.by_kind(kinds)


def test_names_that_people_use_are_spelt_out() -> None:
    """Short names and kinds of the default kinds need no API server."""
    assert [("apps", "deployments", True), ("", "pods", True), ("", "configmaps", True)] == rbac.by_spelling(
        ("deploy", "Pod", "configmaps")
    )


def test_a_word_whose_group_nobody_knows_is_refused() -> None:
    """A role for what is not there would look like one that works."""
    with pytest.raises(UsageError, match="which group serves 'ingresses' without --kubeconfig"):
        rbac.by_spelling(("ingresses",))


def test_all_needs_an_api_server() -> None:
    """Without one nobody knows what all is."""
    with pytest.raises(UsageError, match="without --kubeconfig"):
        rbac.by_spelling(("all",))
