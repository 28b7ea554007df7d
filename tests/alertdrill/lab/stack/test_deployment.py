"""What is there already is left alone, what is not ours is refused, and old rules are removed."""

import json
from io import StringIO
from typing import Any, cast

import pytest
from rich.console import Console

from alertdrill import data
from alertdrill.errors import UsageError
from alertdrill.kube import Kube
from alertdrill.lab import stack
from alertdrill.lab.stack.render import Object
from alertdrill.names import BROKEN, LAB_LABEL, STACK_ANNOTATION
from alertdrill.progress import Progress

CONFIG = data.path("manifests", "base", "prometheus", "prometheus.yaml").read_text()
ALERTMANAGER = stack.Alertmanager(config="route: {receiver: a}\n", resend_seconds=3.0)
SITE = stack.Site(mark="lab-12345678", tail="ab12")
OURS = {LAB_LABEL: SITE.mark}
COUNTED = {
    "Deployment": ("replicas", "updatedReplicas", "availableReplicas"),
    "DaemonSet": ("desiredNumberScheduled", "numberAvailable", "updatedNumberScheduled"),
}


class Cluster:
    """A cluster in which whatever is applied runs at once."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], Object] = {}
        self.applied = 0
        self.said: list[tuple[str, ...]] = []

    def add(self, kind: str, name: str, labels: dict[str, str]) -> None:
        """Put an object in."""
        self.objects[kind, name] = {"kind": kind, "metadata": {"name": name, "labels": labels}}

    def names(self, kind: str) -> set[str]:
        """Return the names of all objects of a kind."""
        return {name for found, name in self.objects if found == kind}

    def get(self, resource: str, **_where: str) -> list[Object]:
        """Return all objects of a resource that carry a mark, or that no selector asks for."""
        return [thing for (kind, _), thing in self.objects.items() if f"{kind.lower()}s" == resource]

    def run(self, _what: str, *words: str, stdin: str = "", **_more: Any) -> str:
        """Apply, list or delete."""
        self.said.append(words)
        if words[:2] == ("get", "--filename=-"):
            asked = {(thing["kind"], thing["metadata"]["name"]) for thing in json.loads(stdin)["items"]}
            there = [thing for key, thing in self.objects.items() if key in asked]
            return json.dumps({"kind": "List", "items": there}) if there else ""
        if words[0] == "create":
            thing = json.loads(stdin)
            self.objects[thing["kind"], thing["metadata"]["name"]] = thing
        elif words[0] == "apply":
            self.applied += 1
            for thing in json.loads(stdin)["items"]:
                self.objects[thing["kind"], thing["metadata"]["name"]] = self._running(thing)
        elif words[0] == "get":
            return "\n".join(f"configmap/{name}" for name in self.names("ConfigMap"))
        elif words[:2] == ("delete", "--namespace=monitoring"):
            for word in words[2:]:
                del self.objects["ConfigMap", word.removeprefix("configmap/")]
        return ""

    def _running(self, thing: Object) -> Object:
        if counted := COUNTED.get(thing["kind"]):
            thing["metadata"]["generation"] = 1
            thing["status"] = dict.fromkeys((*counted, "observedGeneration"), 1)
        return thing


@pytest.fixture
def cluster() -> Cluster:
    """An empty cluster."""
    return Cluster()


def deploy(cluster: Cluster, rules: dict[str, str], site: stack.Site = SITE) -> str:
    """Deploy these rules and return what was said."""
    console = Console(file=StringIO(), record=True, width=200)
    progress = Progress(console)
    kube = cast("Kube", cluster)
    stack.deploy(
        kube,
        site,
        config=CONFIG,
        rules=rules,
        lookback_seconds=15,
        alertmanager=ALERTMANAGER,
        progress=progress,
    )
    return console.export_text()


def test_the_stack_is_applied_once(cluster: Cluster) -> None:
    """A second deployment of the same stack changes nothing, and says so."""
    deploy(cluster, {"a.rules.yaml": "groups: []"})
    assert set(stack.COMPONENTS) - {"prom-node-exporter"} == cluster.names("Deployment")
    assert {"prom-node-exporter"} == cluster.names("DaemonSet")
    assert "the stack is there, unchanged" in deploy(cluster, {"a.rules.yaml": "groups: []"})
    assert 1 == cluster.applied


def test_changed_rules_take_the_place_of_the_old_ones(cluster: Cluster) -> None:
    """Other rules are applied, and the ConfigMap of those before is removed."""
    deploy(cluster, {"a.rules.yaml": "groups: []"})
    before = cluster.names("ConfigMap")
    deploy(cluster, {"a.rules.yaml": "groups: [] # changed"})
    after = cluster.names("ConfigMap")
    assert 2 == cluster.applied
    assert 4 == len(before) == len(after)
    assert 3 == len(before & after), "the configurations have stayed"


def test_a_stack_that_does_not_run_is_applied_anew(cluster: Cluster) -> None:
    """The same stack with a Deployment removed by hand is not taken for an unchanged one."""
    deploy(cluster, {"a.rules.yaml": "groups: []"})
    del cluster.objects["Deployment", "prometheus"]
    deploy(cluster, {"a.rules.yaml": "groups: []"})
    assert 2 == cluster.applied


def test_a_stack_that_was_scaled_to_nothing_is_applied_anew(cluster: Cluster) -> None:
    """What a killed run scaled down is rolled out in full, as nothing, and is not taken for the stack."""
    deploy(cluster, {"a.rules.yaml": "groups: []"})
    halted = cluster.objects["Deployment", "prometheus"]
    halted["spec"]["replicas"] = 0
    halted["status"] = {"observedGeneration": 1}
    deploy(cluster, {"a.rules.yaml": "groups: []"})
    assert 2 == cluster.applied


def test_a_stack_that_was_kept_from_every_node_is_applied_anew(cluster: Cluster) -> None:
    """What a killed run took from all nodes is no stack, although none of its pods is missing."""
    deploy(cluster, {"a.rules.yaml": "groups: []"})
    cluster.objects["DaemonSet", "prom-node-exporter"]["status"] = {"observedGeneration": 1}
    deploy(cluster, {"a.rules.yaml": "groups: []"})
    assert 2 == cluster.applied


def test_what_a_killed_drill_broke_starts_anew(cluster: Cluster) -> None:
    """A part that was marked as broken is applied as it was, and restarted: no object holds its state."""
    deploy(cluster, {"a.rules.yaml": "groups: []"})
    cluster.objects["Deployment", "prometheus"]["metadata"]["annotations"][STACK_ANNOTATION] = BROKEN
    deploy(cluster, {"a.rules.yaml": "groups: []"})
    restarts = [words for words in cluster.said if words[0] == "rollout"]
    assert (2, [("rollout", "restart", "deployment/prometheus", "--namespace=monitoring")]) == (
        cluster.applied,
        restarts,
    )


@pytest.mark.parametrize(
    ("kind", "called", "labels", "whose"),
    [
        ("Namespace", "monitoring", {}, "Namespace monitoring carries no mark"),
        ("ClusterRole", "monitoring-kube-api-exporter", {"team": "a"}, "ClusterRole monitoring-kube-api-exp"),
        (
            "Namespace",
            "monitoring",
            {LAB_LABEL: "a-87654321"},
            "Namespace monitoring is the lab a-87654321's",
        ),
    ],
)
def test_what_is_not_ours_is_refused_by_name(
    kind: str, called: str, labels: dict[str, str], whose: str, cluster: Cluster
) -> None:
    """Somebody else's object of a name that we need stays as it is; the error says which, and what to do."""
    cluster.add(kind, called, labels)
    with pytest.raises(UsageError, match=f"{whose}.*choose another --namespace than monitoring"):
        deploy(cluster, {})
    assert 0 == cluster.applied
    assert [(kind, called)] == list(cluster.objects)


def test_a_stack_of_another_lab_is_not_taken_for_ours(cluster: Cluster) -> None:
    """The same stack, up and ready, under another mark is refused, too."""
    deploy(cluster, {"a.rules.yaml": "groups: []"})
    for thing in cluster.objects.values():
        thing["metadata"]["labels"][LAB_LABEL] = "a-87654321"
    with pytest.raises(UsageError, match=r"Namespace monitoring is the lab a-87654321's.*; and \d+ more;"):
        deploy(cluster, {"a.rules.yaml": "groups: []"})
    assert 1 == cluster.applied


def test_a_namespace_of_ours_is_used(cluster: Cluster) -> None:
    """A namespace that an earlier run left is taken over."""
    cluster.add("Namespace", "monitoring", OURS)
    deploy(cluster, {})
    assert 1 == cluster.applied
    assert "create" not in {words[0] for words in cluster.said}


def test_a_new_namespace_is_claimed_before_anything_is_in_it(cluster: Cluster) -> None:
    """Of two labs that come at once only one makes the namespace; the other is refused by the API server."""
    deploy(cluster, {})
    assert ["get", "create", "apply"] == [words[0] for words in cluster.said][:3]


def test_removing_names_only_what_is_ours(cluster: Cluster) -> None:
    """Every deletion carries the lab's mark, so that nothing of others is named by it."""
    stack.remove(cast("Kube", cluster), SITE.mark)
    assert {"delete"} == {words[0] for words in cluster.said}
    assert all(f"--selector={LAB_LABEL}=lab-12345678" in words for words in cluster.said)
