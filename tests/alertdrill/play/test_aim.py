"""A fault that can't strike its workload is told before anything starts."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from alertdrill import faults
from alertdrill.faults import FaultKind
from alertdrill.play import aim
from alertdrill.scenario import Fault, Scenario
from alertdrill.scenario import files as scenario_files

TEMPLATE = {
    "metadata": {"labels": {"app": "web", "app.kubernetes.io/part-of": "shop"}},
    "spec": {"containers": [{"name": "app", "image": "x"}], "initContainers": [{"name": "first"}]},
}
WEB = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {"template": TEMPLATE},
}
NIGHTLY = {
    "apiVersion": "batch/v1",
    "kind": "CronJob",
    "metadata": {"name": "nightly"},
    "spec": {"jobTemplate": {"spec": {"template": {"metadata": {"labels": {"app": "nightly"}}}}}},
}
BARE = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare"}, "spec": {}}
OPERATED = {"apiVersion": "example.com/v1", "kind": "Database", "metadata": {"name": "db"}}
HAS = "Deployment/web, CronJob/nightly, Pod/bare"
LABELS = "app=web,app.kubernetes.io/part-of=shop; app=nightly"


def said(folder: Path, fault: Fault | None, *more: dict[str, Any], workload: str = "w.yaml") -> list[str]:
    """Return what is said of a fault that is done to a Deployment, a CronJob, a pod, and more."""
    (folder / "w.yaml").write_text(yaml.safe_dump_all([WEB, NIGHTLY, BARE, *more]))
    scenario = Scenario(name="a/b", why="", workload=workload, hold="1m", expect=(), fault=fault)
    return [str(one) for one in aim.problems(scenario.written_in(folder / "a.py"))]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (
            faults.scale("deployment/wbe", replicas=0, back_to=1),
            f"aims at deployment/wbe, and its workload has {HAS}",
        ),
        (faults.patch("deploy/wbe", {}), f"aims at deploy/wbe, and its workload has {HAS}"),
        (faults.delete("deployments.apps/wbe"), f"aims at deployments.apps/wbe, and its workload has {HAS}"),
        (
            faults.missing_image("deployment/web", container="mian"),
            "changes the container mian of deployment/web, which has app, first",
        ),
        (
            faults.fail_readiness("app=wbe"),
            f"is done to the pods app=wbe, and those of its workload have {LABELS}",
        ),
        (
            faults.delete("pods", selector="app=web,tier=x"),
            f"is done to the pods app=web,tier=x, and those of its workload have {LABELS}",
        ),
    ],
)
def test_what_finds_nothing_is_told_with_what_there_is(fault: Fault, expected: str, tmp_path: Path) -> None:
    """A name that is misspelt would break nothing, or something else."""
    assert [f"scenario a/b: its fault {expected}"] == said(tmp_path, fault)


@pytest.mark.parametrize(
    "fault",
    [
        None,
        faults.scale("deployment/web", replicas=0, back_to=1),
        faults.patch("configmap/made-by-somebody", {}),
        faults.delete("pod/web-1a2b"),
        faults.delete("pods", selector="app=web"),
        faults.delete("services", selector="app=wbe"),
        faults.fail_readiness("app==web, app.kubernetes.io/part-of=shop"),
        faults.fail_readiness("app in (wbe)"),
        faults.execute("job-name=nightly-1", command=[], undo=[]),
        faults.crash_container("deployment/web", container="app"),
        faults.stop_watcher("prometheus"),
    ],
    ids=str,
)
def test_what_finds_something_or_may_is_not_told(fault: Fault | None, tmp_path: Path) -> None:
    """What controllers make, and selectors that only the API server reads, are for the cluster to find."""
    assert [] == said(tmp_path, fault)


def test_what_an_operator_may_make_is_not_told(tmp_path: Path) -> None:
    """Beside an object of another group there may be more than the manifest says."""
    assert [] == said(tmp_path, faults.scale("deployment/db", replicas=0, back_to=1), OPERATED)


def test_a_scenario_without_a_workload_has_nothing_to_aim_at(tmp_path: Path) -> None:
    """Its namespace is empty."""
    fault = faults.scale("deployment/web", replicas=0, back_to=1)
    expected = "scenario a/b: its fault aims at deployment/web, and its workload has nothing"
    assert [expected] == said(tmp_path, fault, workload="")


def test_arguments_of_faults_of_one_s_own_are_theirs(tmp_path: Path) -> None:
    """What a `target` is there, nobody else knows."""

    class Own(FaultKind):
        """Theirs."""

        name = "own"

        def inject(self, place: faults.Place, args: dict[str, Any]) -> None:
            """Break it."""

        def heal(self, place: faults.Place, args: dict[str, Any]) -> None:
            """Repair it."""

    assert [] == said(tmp_path, Own.fault(target="deployment/wbe", container="x"))


def test_no_shipped_scenario_misses_its_workload() -> None:
    """Those that are known to work are not refused."""
    shipped = scenario_files.load(scenario_files.shipped())
    assert [] == [str(problem) for one in shipped for problem in aim.problems(one)]
