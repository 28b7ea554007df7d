"""A workload of kinds that the cluster lacks is bad input, told before anything is applied."""

from pathlib import Path

import pytest

from alertdrill.errors import LabError, ScenarioError
from alertdrill.play import kinds
from alertdrill.scenario import Scenario
from alertdrill.testing import FakeKube

DATABASE = "{apiVersion: example.com/v1, kind: Database, metadata: {name: db}}\n"
ROLE = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: reader}}\n"
CLUSTER = FakeKube(lacks=frozenset({"Database"}))


def of(folder: Path, manifest: str) -> Scenario:
    """Return a scenario of that workload, in a module of the folder."""
    (folder / "db.yaml").write_text(manifest)
    (folder / "db.py").write_text('SCENARIOS = [\n  Scenario(name="a/b",\n  workload="db.yaml")]\n')
    scenario = Scenario(name="a/b", why="", workload="db.yaml", hold="1m", expect=())
    return scenario.written_in(folder / "db.py")


def test_a_kind_that_the_cluster_lacks_is_told_with_its_place(tmp_path: Path) -> None:
    """Which scenario, which kind, and what to do."""
    with pytest.raises(ScenarioError) as caught:
        kinds.check([of(tmp_path, DATABASE)], CLUSTER)
    expected = (
        f"{tmp_path}/db.py:3: scenario a/b: its workload {tmp_path}/db.yaml has a Database of example.com/v1,"
        " which this cluster does not know; install its CustomResourceDefinition first, or leave it out"
    )
    assert expected == str(caught.value)


def test_what_is_in_no_namespace_is_refused(tmp_path: Path) -> None:
    """It would be there when the scenario is over, and may be somebody's who has one of that name."""
    said = "db.yaml has the ClusterRole reader, which is in no namespace and would stay; apply it yourself"
    with pytest.raises(ScenarioError, match=said):
        kinds.check([of(tmp_path, ROLE)], CLUSTER)


def test_a_cluster_that_does_not_answer_lacks_nothing(tmp_path: Path) -> None:
    """Applying the workload will tell."""

    class Silent(FakeKube):
        """Nobody is there."""

        def is_namespaced(self, version: str, kind: str) -> bool | None:
            """Break."""
            del version, kind
            raise LabError("no answer")

    kinds.check([of(tmp_path, DATABASE)], Silent())
