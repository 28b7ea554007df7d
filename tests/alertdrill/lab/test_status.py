"""Whether a lab is up is what its stack says, not its nodes alone."""

import importlib
from pathlib import Path
from typing import Any

import pytest

from alertdrill.errors import LabError
from alertdrill.lab import Options, State, Status, known, status
from alertdrill.lab.options import mark
from alertdrill.lab.stack import COMPONENTS
from alertdrill.names import LAB_LABEL
from alertdrill.testing import FakeKube

MODULE = importlib.import_module("alertdrill.lab.status")  # the package exports a function of that name
READY = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}


@pytest.fixture(autouse=True)
def lab_that_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write down a lab in a cache of its own."""
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path))
    known.remember(
        State(
            options=Options(name="a", namespace="team-a"),
            flavour="existing",
            reason="",
            kubeconfig="/kubeconfig",
            context="theirs",
            images={},
            phases={},
        )
    )


def component(name: str, *, whose: str = "", replicas: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a Deployment of the stack, of this lab unless it is said whose it is."""
    return {
        "metadata": {"name": name, "generation": 1, "labels": {LAB_LABEL: whose or mark("a")}},
        "spec": {"replicas": replicas},
        "status": {**READY, **changes},
    }


def on_every_node() -> dict[str, Any]:
    """Return the stack's DaemonSet, which is fine."""
    counted = ("observedGeneration", "desiredNumberScheduled", "numberAvailable", "updatedNumberScheduled")
    return {
        "metadata": {"name": "prom-node-exporter", "generation": 1, "labels": {LAB_LABEL: mark("a")}},
        "spec": {},
        "status": dict.fromkeys(counted, 1),
    }


def looked(monkeypatch: pytest.MonkeyPatch, *stack: dict[str, Any]) -> Status:
    """Return the status of the lab in a cluster of one node with such a stack."""
    there = {
        "nodes": [{"metadata": {"name": "node-1"}}],
        "deployments": list(stack),
        "daemonsets": [on_every_node()],
    }
    monkeypatch.setattr(MODULE, "Kube", lambda *_: FakeKube(lambda resource: there[resource]))
    return status("a")


def test_a_whole_lab_is_up_and_tells_the_way_to_its_prometheus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is, of what, and how to look at its alerts."""
    found = looked(monkeypatch, *map(component, COMPONENTS))
    assert found.answers
    assert "lab a is up: existing, nodes node-1, stack in team-a, 22 times as fast as life" == found.sentence
    assert (
        "kubectl --kubeconfig /kubeconfig --context theirs port-forward --namespace team-a"
        " service/prometheus 9090" == found.prometheus
    )


def test_it_is_told_as_the_last_play_left_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose rules and whose speed it runs on are those; where it is, and of what, are its own."""
    before = known.find("a")
    assert before is not None
    known.remember(before.running(Options(name="other", namespace="other", speed=10, rules=("mine",))))
    found = looked(monkeypatch, *map(component, COMPONENTS))
    assert "lab a is up: existing, nodes node-1, stack in team-a, 10 times as fast as life" == found.sentence
    assert found.state is not None
    assert ("mine",) == found.state.options.rules


@pytest.mark.parametrize(
    ("exporter", "lacking"),
    [
        (None, "kube-api-exporter is not there"),
        ({"replicas": 0}, "kube-api-exporter is scaled to none"),
        ({"availableReplicas": 0}, "kube-api-exporter is not ready"),
        ({"whose": "b-1"}, "kube-api-exporter is not ours but b-1"),
    ],
)
def test_a_lab_without_its_stack_is_not_up(
    exporter: dict[str, Any] | None, lacking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its nodes may answer: what it lacks is named, with what to do, and the rest is told as data."""
    stack = [] if exporter is None else [component("kube-api-exporter", **exporter)]
    found = looked(monkeypatch, *map(component, set(COMPONENTS) - {"kube-api-exporter"}), *stack)
    assert not found.answers
    assert (
        f"lab a is not whole: {lacking} (namespace team-a); bring it up again: alertdrill up --name a"
        == found.sentence
    )
    assert "ready" == found.stack["prometheus"]


def test_a_cluster_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked and what came back."""

    def silent(*_: object) -> FakeKube:
        raise LabError("listing nodes: the API server at https://x: refused")

    monkeypatch.setattr(MODULE, "Kube", silent)
    assert (
        "lab a does not answer: listing nodes: the API server at https://x: refused; bring it up again:"
        " alertdrill up --name a, or take it down: alertdrill down --name a"
    ) == status("a").sentence
