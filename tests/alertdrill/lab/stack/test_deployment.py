"""What is there already is left alone, what is not ours is refused, and old rules are removed."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from alertdrill import data
from alertdrill.errors import LabError
from alertdrill.lab import stack
from alertdrill.lab.clusters import Access
from alertdrill.lab.stack import deployment
from alertdrill.lab.stack.render import Object
from alertdrill.progress import Progress

ACCESS = Access(kubeconfig=Path("kubeconfig"), context="context")
CONFIG = data.path("manifests", "base", "prometheus", "prometheus.yaml").read_text()
OURS = {"app.kubernetes.io/part-of": "alertdrill"}


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
        """Return all objects of a resource."""
        return [thing for (kind, _), thing in self.objects.items() if f"{kind.lower()}s" == resource]

    def run(self, _what: str, *words: str, stdin: str = "", **_more: Any) -> str:
        """Apply, list or delete."""
        self.said.append(words)
        if words[0] == "apply":
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
        if thing["kind"] == "Deployment":
            thing["metadata"]["generation"] = 1
            counted = ("replicas", "updatedReplicas", "availableReplicas", "observedGeneration")
            thing["status"] = dict.fromkeys(counted, 1)
        return thing


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """An empty cluster."""
    made = Cluster()
    monkeypatch.setattr(deployment, "Kube", lambda _kubeconfig, _context: made)
    return made


def deploy(rules: dict[str, str]) -> str:
    """Deploy these rules and return what was said."""
    console = Console(file=StringIO(), record=True, width=200)
    progress = Progress(console)
    stack.deploy(ACCESS, config=CONFIG, rules=rules, lookback_seconds=15, progress=progress)
    return console.export_text()


def test_the_stack_is_applied_once(cluster: Cluster) -> None:
    """A second deployment of the same stack changes nothing, and says so."""
    deploy({"a.rules.yaml": "groups: []"})
    assert {"kube-api-exporter", "prometheus"} == cluster.names("Deployment")
    assert "the stack is there, unchanged" in deploy({"a.rules.yaml": "groups: []"})
    assert 1 == cluster.applied


def test_changed_rules_take_the_place_of_the_old_ones(cluster: Cluster) -> None:
    """Other rules are applied, and the ConfigMap of those before is removed."""
    deploy({"a.rules.yaml": "groups: []"})
    before = cluster.names("ConfigMap")
    deploy({"a.rules.yaml": "groups: [] # changed"})
    after = cluster.names("ConfigMap")
    assert 2 == cluster.applied
    assert 2 == len(before) == len(after)
    assert 1 == len(before & after), "the configuration has stayed"


def test_a_stack_that_does_not_run_is_applied_anew(cluster: Cluster) -> None:
    """The same stack with a Deployment removed by hand is not taken for an unchanged one."""
    deploy({"a.rules.yaml": "groups: []"})
    del cluster.objects["Deployment", "prometheus"]
    deploy({"a.rules.yaml": "groups: []"})
    assert 2 == cluster.applied


def test_a_stack_that_was_scaled_to_nothing_is_applied_anew(cluster: Cluster) -> None:
    """What a killed run scaled down is rolled out in full, as nothing, and is not taken for the stack."""
    deploy({"a.rules.yaml": "groups: []"})
    halted = cluster.objects["Deployment", "prometheus"]
    halted["spec"]["replicas"] = 0
    halted["status"] = {"observedGeneration": 1}
    deploy({"a.rules.yaml": "groups: []"})
    assert 2 == cluster.applied


def test_a_namespace_of_others_is_refused(cluster: Cluster) -> None:
    """Somebody else's namespace of that name is left alone, and the error says what to do."""
    cluster.add("Namespace", "monitoring", {})
    with pytest.raises(LabError, match="a namespace monitoring that is not ours; drill in another cluster"):
        deploy({})
    assert 0 == cluster.applied


def test_a_namespace_of_ours_is_used(cluster: Cluster) -> None:
    """A namespace that an earlier run left is taken over."""
    cluster.add("Namespace", "monitoring", OURS)
    deploy({})
    assert 1 == cluster.applied


def test_removing_names_only_what_is_ours(cluster: Cluster) -> None:
    """Every deletion carries our label, so that nothing of others is named by it."""
    stack.remove(ACCESS)
    assert {"delete"} == {words[0] for words in cluster.said}
    assert all(any("part-of=alertdrill" in word for word in words) for words in cluster.said)
