"""Every manifest of the base: what it may do, as whom, and what it is called."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kube_api_exporter.words import DEFAULT_KINDS

BASE = Path(__file__).parents[2] / "manifests" / "base"
SAMPLES = Path(__file__).parents[2] / "suite" / "e2e" / "kubediff" / "samples"
MADE_BY_THE_CLUSTER = {
    "ControllerRevision",
    "CSINode",
    "CSIStorageCapacity",
    "Event",
    "IPAddress",
    "Lease",
    "Node",
    "ServiceCIDR",
    "VolumeAttachment",
}
WORKLOADS = {"Deployment", "StatefulSet", "DaemonSet"}
NODE_EXPORTER = "node-exporter"


def objects() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (component, object) for every object the base's kustomizations name."""
    for file in sorted(BASE.glob("*/kustomization.yaml")):
        for resource in yaml.safe_load(file.read_text())["resources"]:
            path = file.parent / resource
            if path.is_file():
                for document in yaml.safe_load_all(path.read_text()):
                    yield file.parent.name, document


OBJECTS = list(objects())
RUNNING = [(component, thing) for component, thing in OBJECTS if thing["kind"] in WORKLOADS]
ROLES = [thing for _, thing in OBJECTS if thing["kind"] in {"ClusterRole", "Role"}]


def name(value: object) -> str:
    """Name an object in a test's id."""
    return f"{value['kind']}-{value['metadata']['name']}" if isinstance(value, dict) else str(value)


def containers(workload: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all containers of a workload's pods."""
    spec = workload["spec"]["template"]["spec"]
    return [*spec.get("initContainers", []), *spec["containers"]]


def test_every_file_is_named_by_its_kustomization() -> None:
    """No manifest lies about that nothing deploys."""
    for folder in sorted(path for path in BASE.iterdir() if path.is_dir()):
        said = yaml.safe_load((folder / "kustomization.yaml").read_text())
        named = {*said["resources"], "kustomization.yaml"}
        for generator in said.get("configMapGenerator", []):
            named.update(generator["files"])
        assert {file.name for file in folder.iterdir()} == {item for item in named if "/" not in item}


def test_the_base_is_what_is_guarded_here() -> None:
    """The components this test file guards are the ones that are there."""
    assert [
        ("alertmanager", "Deployment"),
        ("kube-api-exporter", "Deployment"),
        ("kubediff", "Deployment"),
        ("node-exporter", "DaemonSet"),
        ("prom-run", "Deployment"),
        ("prometheus", "Deployment"),
        ("terradiff", "Deployment"),
    ] == [(component, thing["kind"]) for component, thing in RUNNING]


@pytest.mark.parametrize(("component", "workload"), RUNNING, ids=name)
def test_pods_run_as_nobody_with_nothing(component: str, workload: dict[str, Any]) -> None:
    """A pod is not root, can't become it, can't write to its image and holds no capability.

    Of its node it sees nothing, but for node-exporter, which looks at the node's processes and disks.
    """
    spec = workload["spec"]["template"]["spec"]
    looks_at_its_node = component == NODE_EXPORTER
    assert workload["metadata"]["name"] == spec["serviceAccountName"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert 0 < spec["securityContext"]["runAsUser"]
    assert 0 < spec["securityContext"]["runAsGroup"]
    assert {"type": "RuntimeDefault"} == spec["securityContext"]["seccompProfile"]
    assert looks_at_its_node == bool(spec.get("hostPID"))
    assert not any(spec.get(field) for field in ("hostNetwork", "hostIPC"))
    volumes = {key for volume in spec.get("volumes", []) for key in volume} - {"name"}
    assert volumes <= ({"hostPath"} if looks_at_its_node else {"configMap", "emptyDir", "projected"})
    for container in containers(workload):
        assert {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        } == container["securityContext"]


@pytest.mark.parametrize(("_component", "workload"), RUNNING, ids=name)
def test_pods_are_bounded_and_watched(_component: str, workload: dict[str, Any]) -> None:
    """Every container says what it needs, what it may take, and how one sees that it works."""
    for container in containers(workload):
        assert {"cpu", "memory"} == container["resources"]["requests"].keys()
        assert {"cpu", "memory"} == container["resources"]["limits"].keys()
        assert {"livenessProbe", "readinessProbe"} <= container.keys()
        assert container["image"].count(":") == 1, "an image has a tag"
        assert not container["image"].endswith(":latest")


@pytest.mark.parametrize(("component", "workload"), RUNNING, ids=name)
def test_every_component_has_a_network_policy(component: str, workload: dict[str, Any]) -> None:
    """What a component's pods may send and receive is written in its own folder."""
    policies = [thing for at, thing in OBJECTS if at == component and thing["kind"] == "NetworkPolicy"]
    assert workload["spec"]["selector"] in [policy["spec"]["podSelector"] for policy in policies]
    assert all(["Ingress", "Egress"] == policy["spec"]["policyTypes"] for policy in policies)


def test_node_exporter_looks_and_touches_nothing() -> None:
    """It is on every node, whatever is the matter with it, and what it mounts of a node it can't write to."""
    (pod,) = [thing["spec"]["template"]["spec"] for at, thing in RUNNING if at == NODE_EXPORTER]
    (container,) = pod["containers"]
    assert [{"operator": "Exists"}] == pod["tolerations"]
    assert pod["automountServiceAccountToken"] is False
    assert [("/host", True)] == [(one["mountPath"], one["readOnly"]) for one in container["volumeMounts"]]


def test_nothing_flows_by_default() -> None:
    """The namespace refuses all traffic that no other policy allows."""
    default = next(thing for _, thing in OBJECTS if name(thing) == "NetworkPolicy-default-deny")
    assert {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]} == default["spec"]


@pytest.mark.parametrize("role", ROLES, ids=name)
def test_no_role_can_write_or_read_secrets(role: dict[str, Any]) -> None:
    """A role has reading verbs only, no wildcard, no secret; configuration maps are kubediff's to compare."""
    for rule in role["rules"]:
        assert set(rule["verbs"]) <= {"get", "list", "watch"}
        named = [*rule.get("resources", []), *rule.get("apiGroups", []), *rule.get("nonResourceURLs", [])]
        compared = {"configmaps"} if role["metadata"]["name"] == "monitoring-kubediff" else set()
        assert not ({"*", "secrets", "configmaps"} - compared) & set(named)


def test_the_exporter_may_read_exactly_its_default_kinds() -> None:
    """The exporter's role lists its default kinds, with the verbs of a watcher, and nothing more."""
    role = next(thing for thing in ROLES if thing["metadata"]["name"] == "monitoring-kube-api-exporter")
    readable = {
        f"{resource}.{group}".rstrip(".")
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    assert set(DEFAULT_KINDS) == readable
    assert all(["get", "list", "watch"] == rule["verbs"] for rule in role["rules"])


def test_kubediff_may_get_and_list_what_people_write_down() -> None:
    """Drift is found without a watch, in every built-in kind but Secrets and what clusters make alone."""
    role = next(thing for thing in ROLES if thing["metadata"]["name"] == "monitoring-kubediff")
    assert all(["get", "list"] == rule["verbs"] for rule in role["rules"])
    readable = {
        (group, resource)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    written = {
        (thing["apiVersion"].rpartition("/")[0], plural(thing["kind"]))
        for file in sorted(SAMPLES.glob("*.yaml"))
        for thing in yaml.safe_load_all(file.read_text())
        if thing["kind"] not in MADE_BY_THE_CLUSTER and thing["apiVersion"] != "example.com/v1"
    }
    assert {("", "secrets")} == written - readable


def plural(kind: str) -> str:
    """Return what the API calls the objects of a built-in kind."""
    word = kind.lower()
    if word.endswith("y"):
        return f"{word[:-1]}ies"
    return word if word == "endpoints" else f"{word}es" if word.endswith("s") else f"{word}s"


def test_git_sync_has_no_token() -> None:
    """Who fetches what strangers may write to holds no right to ask the API server."""
    (workload,) = [thing for component, thing in RUNNING if component == "kubediff"]
    pod = workload["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    holders = [
        container["name"]
        for container in containers(workload)
        if any(mount["mountPath"].startswith("/var/run/secrets") for mount in container["volumeMounts"])
    ]
    assert ["kubediff"] == holders


def test_a_token_is_mounted_only_where_a_pod_says_so() -> None:
    """Service accounts don't hand out tokens by themselves."""
    accounts = [thing for _, thing in OBJECTS if thing["kind"] == "ServiceAccount"]
    assert accounts
    assert not any(account["automountServiceAccountToken"] for account in accounts)


def test_there_are_no_secrets() -> None:
    """Nothing secret is in the repository."""
    assert "Secret" not in {thing["kind"] for _, thing in OBJECTS}


@pytest.mark.parametrize(("component", "thing"), OBJECTS, ids=name)
def test_objects_are_in_the_stack_s_namespace(component: str, thing: dict[str, Any]) -> None:
    """What has a namespace is in `monitoring`, but for the right to read where the API servers are."""
    cluster_wide = {"Namespace", "ClusterRole", "ClusterRoleBinding"}
    expected = None if thing["kind"] in cluster_wide else "monitoring"
    if name(thing) in {"Role-monitoring-prometheus", "RoleBinding-monitoring-prometheus"}:
        expected = "default"
    assert expected == thing["metadata"].get("namespace"), component
