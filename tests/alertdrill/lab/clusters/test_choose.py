"""Which cluster it is going to be is found by looking, and the reason is said."""

import sys
from pathlib import Path

import pytest

from alertdrill.errors import UsageError
from alertdrill.lab.clusters import Ability, Wanted, choose, state


def chosen(**wanted: str) -> tuple[str, str]:
    """Return flavour and reason of what is chosen."""
    cluster = choose(Wanted(**wanted))  # type: ignore[arg-type]
    return cluster.flavour, cluster.reason


def test_without_docker_a_node_is_built(machine: Path) -> None:
    """Nothing answers, so nothing can be pulled either."""
    (machine / "dead").touch()
    assert ("kind-built", "no Docker answers here, so neither does its registry") == chosen()


@pytest.mark.usefixtures("machine")
def test_without_a_registry_a_node_is_built() -> None:
    """Docker is there, but not the image."""
    assert ("kind-built", "Docker answers, but no registry gives it kindest/node:v1.34.0") == chosen()


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        ("image", "Docker answers and has kindest/node:v1.34.0"),
        ("registry", "Docker answers and its registry has kindest/node:v1.34.0"),
    ],
)
def test_kinds_own_image_is_used_where_it_can_be(machine: Path, fact: str, reason: str) -> None:
    """An image that is there already is as good as one that can be pulled."""
    (machine / fact).write_text("abc\n")
    assert ("kind", reason) == chosen()


def test_another_image_may_be_named(machine: Path) -> None:
    """The look is for the image that was asked for."""
    (machine / "registry").touch()
    assert chosen(node_image="mine:1") == ("kind", "Docker answers and its registry has mine:1")


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"flavour": "kind"}, r"lab lab is on another cluster \(existing blue\) than asked for \(kind\)"),
        ({"context": "green"}, r"than asked for \(auto green\): take it down first"),
    ],
)
def test_a_lab_is_on_one_cluster_only(asked: dict[str, str], sentence: str) -> None:
    """Another cluster under the same name would orphan the first, or break things in the wrong one."""
    record = state.Record(flavour="existing", reason="", kubeconfig="/k", context="blue", complete=True)
    state.write("lab", record)
    assert "existing" == chosen()[0]
    with pytest.raises(UsageError, match=sentence):
        chosen(**asked)


@pytest.mark.usefixtures("machine")
def test_a_lab_that_has_a_cluster_keeps_it() -> None:
    """What was chosen yesterday is found again today, whatever answers now."""
    state.write("lab", state.Record(flavour="kind", reason="it was so yesterday"))
    assert ("kind", "it was so yesterday") == chosen()


@pytest.mark.parametrize("flavour", ["kind", "kind-built", "control-plane"])
@pytest.mark.usefixtures("machine")
def test_what_is_asked_for_by_name_is_taken(flavour: str) -> None:
    """Nobody looks when the user has decided."""
    assert (flavour, "it was asked for") == chosen(flavour=flavour)


@pytest.mark.usefixtures("machine")
def test_an_unknown_flavour_is_refused() -> None:
    """The sentence names those there are."""
    with pytest.raises(UsageError, match="no cluster called minikube: take one of auto, kind, kind-built"):
        choose(Wanted(flavour="minikube"))


@pytest.mark.usefixtures("machine")
def test_abilities_tell_clusters_apart() -> None:
    """A kind cluster can do all there is; a control plane runs no pods."""
    assert frozenset(Ability) == choose(Wanted(flavour="kind")).abilities
    assert frozenset({Ability.OWNS_CLUSTER}) == choose(Wanted(flavour="control-plane")).abilities


@pytest.mark.usefixtures("machine")
def test_pytest_kind_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra: without it, the sentence says how to get it."""
    monkeypatch.setitem(sys.modules, "alertdrill.lab.clusters.pytest_kind", None)
    monkeypatch.delattr("alertdrill.lab.clusters.pytest_kind", raising=False)
    with pytest.raises(UsageError, match=r"pytest-kind can't be used .*: install alertdrill\[kind\]"):
        choose(Wanted(flavour="kind", through_pytest_kind=True))
