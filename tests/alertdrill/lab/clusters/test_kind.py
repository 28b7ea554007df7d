"""A kind cluster comes up, is found again, and goes down, whatever happened to the run before."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from alertdrill.errors import LabError, TransientError, UsageError
from alertdrill.lab.clusters import Access, Wanted, choose, kind, state
from alertdrill.lab.clusters.kind import KindCluster
from alertdrill.machine import tools
from alertdrill.progress import Progress

ANSWERS = KindCluster._answers  # noqa: SLF001  # the real one, where answering() is in its place


@pytest.fixture(autouse=True)
def answering(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a cluster answer when kind has it; what a node says is tried on a real one."""
    monkeypatch.setattr(KindCluster, "_wait_ready", lambda _cluster, _progress: None)
    monkeypatch.setattr(KindCluster, "_answers", lambda _cluster: any((machine / "clusters").iterdir()))


def cluster(*, seconds: float | None = None, through_pytest_kind: bool = False) -> KindCluster:
    """Return the cluster of the lab."""
    wanted = Wanted(
        flavour="kind-built", restart_seconds_max=seconds, through_pytest_kind=through_pytest_kind
    )
    chosen = choose(wanted)
    assert isinstance(chosen, KindCluster)
    return chosen


def kind_calls(machine: Path) -> list[str]:
    """Return what kind was asked since the last time."""
    calls = (machine / "calls").read_text().splitlines() if (machine / "calls").exists() else []
    (machine / "calls").unlink(missing_ok=True)
    return [call.removeprefix("kind ") for call in calls if call.startswith("kind ")]


def there(machine: Path) -> list[str]:
    """Return the clusters that kind has."""
    return sorted(file.name for file in (machine / "clusters").iterdir())


def test_up_and_down(machine: Path) -> None:
    """It is created once, found again at once, and nothing is left of it in the end."""
    access = cluster().up(Progress())
    assert Access(kubeconfig=state.kubeconfig("lab"), context="kind-alertdrill-lab") == access
    assert 0o600 == access.kubeconfig.stat().st_mode & 0o777
    assert ["alertdrill-lab"] == there(machine)
    assert access == cluster().up(Progress())
    assert ["create cluster"] == kind_calls(machine)
    assert "alertdrill-lab (kind-built) answers" == cluster().status().sentence
    cluster().down(Progress())
    assert [] == there(machine)
    assert not state.folder("lab").exists()
    assert "there is no cluster alertdrill-lab" == cluster().status().sentence


def test_pytest_kind_makes_the_same_cluster(
    machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is created by our kind in our place, and no folder of its own is left behind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tools, "kubectl", lambda: machine / "kubectl")
    (machine / "kubeconfig").write_text(
        "{apiVersion: v1, kind: Config, current-context: c, users: [{name: u, user: {}}],"
        " contexts: [{name: c, context: {cluster: c, user: u}}],"
        " clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]}"
    )
    access = cluster(through_pytest_kind=True).up(Progress())
    assert ["get clusters", "create cluster"] == kind_calls(machine)
    assert ["alertdrill-lab"] == there(machine)
    assert access.kubeconfig.exists()
    assert not (tmp_path / ".pytest-kind").exists()
    (machine / "broken").touch()
    with pytest.raises(LabError, match="through pytest-kind: kind ended with 1"):
        cluster(seconds=5, through_pytest_kind=True).up(Progress())


def test_nodes_are_mended_where_there_are_some(machine: Path) -> None:
    """By a program on it; without a cluster nobody is asked, and trouble with it is no error."""
    calls = machine / "calls"
    cluster().mend()
    assert not calls.exists()
    cluster().up(Progress())
    calls.unlink()
    cluster().mend()
    asked = [call for call in calls.read_text().splitlines() if call.startswith("docker exec")]
    # Each is mended, and then told the way to the other again.
    both = ["docker exec alertdrill-lab-control-plane", "docker exec alertdrill-lab-worker"]
    assert [*both, *reversed(both)] == asked
    (machine / "dead").touch()
    cluster().mend()


def test_a_port_that_was_taken_meanwhile_is_another_next_time(machine: Path) -> None:
    """Between asking for a free port and using it somebody may be faster; once more is enough."""
    (machine / "taken").touch()
    cluster().up(Progress())
    assert ["create cluster", "delete cluster", "create cluster"] == kind_calls(machine)


def test_a_half_made_one_is_made_anew(machine: Path) -> None:
    """A run that was killed while kind was at work leaves a record, so the next one knows what to remove."""
    (machine / "broken").touch()
    with pytest.raises(LabError, match=r"creating the cluster alertdrill-lab: .* could not find a line"):
        cluster().up(Progress())
    assert "alertdrill-lab is half made" == cluster().status().sentence
    assert ["alertdrill-lab"] == there(machine)
    (machine / "broken").unlink()
    cluster().up(Progress())
    assert ["create cluster", "delete cluster", "create cluster"] == kind_calls(machine)


def test_a_half_made_one_is_taken_down(machine: Path) -> None:
    """Down removes what is left of it."""
    (machine / "broken").touch()
    with pytest.raises(LabError):
        cluster().up(Progress())
    cluster().down(Progress())
    assert [] == there(machine)


def test_one_that_no_longer_answers_is_made_anew(machine: Path) -> None:
    """A cluster of ours from yesterday, gone with the engine, is not mistaken for one that is up."""
    cluster().up(Progress())
    (machine / "clusters" / "alertdrill-lab").unlink()
    cluster().up(Progress())
    assert ["create cluster", "create cluster"] == kind_calls(machine)


@pytest.mark.parametrize(
    ("fact", "why"),
    [("others", "not as asked for"), ("broken", "half made"), ("silent", "does not answer")],
)
def test_why_one_is_made_anew_is_said(
    fact: str, why: str, machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is thrown away, so the reason must be the true one."""
    (machine / fact).touch()
    with suppress(LabError):
        cluster(seconds=5 if fact == "others" else 15).up(Progress())
    (machine / fact).unlink()
    if fact == "silent":
        monkeypatch.setattr(KindCluster, "_answers", lambda _cluster: False)
    cluster(seconds=15).up(Progress())
    said = " ".join(capsys.readouterr().err.split())
    assert f"a cluster alertdrill-lab of ours is there, but {why}: making it anew" in said


def test_other_wishes_make_it_anew(machine: Path) -> None:
    """A cap on the crash loop is part of the cluster, so another cap is another cluster."""
    cluster(seconds=5).up(Progress())
    cluster(seconds=15).up(Progress())
    assert ["create cluster", "delete cluster", "create cluster"] == kind_calls(machine)


def test_somebody_elses_is_not_touched(machine: Path) -> None:
    """A cluster of the same name that we know nothing of is left alone, and so is our record of nothing."""
    (machine / "clusters" / "alertdrill-lab").write_text("theirs\n")
    with pytest.raises(UsageError, match="was not made from this cache folder: take another --name"):
        cluster().up(Progress())
    cluster().down(Progress())
    assert ["alertdrill-lab"] == there(machine)
    assert [] == kind_calls(machine)


def test_one_that_somebody_made_meanwhile_is_not_touched(machine: Path) -> None:
    """Between looking and creating somebody of that name may be faster: theirs stays, whatever we do next."""
    (machine / "exists").touch()
    with pytest.raises(UsageError, match="was not made from this cache folder: take another --name"):
        cluster().up(Progress())
    cluster().down(Progress())
    assert ["alertdrill-lab"] == there(machine)


def test_a_run_that_was_killed_before_it_created_anything_owns_nothing(machine: Path) -> None:
    """A record without a cluster begun is no title to a cluster that has come since."""
    state.write("lab", state.Record(flavour="kind-built", reason="", private_engine=False))
    (machine / "clusters" / "alertdrill-lab").write_text("theirs\n")
    cluster().down(Progress())
    assert ["alertdrill-lab"] == there(machine)
    state.write("lab", state.Record(flavour="kind-built", reason="", private_engine=False))
    with pytest.raises(UsageError, match="was not made from this cache folder"):
        cluster().up(Progress())
    assert ["alertdrill-lab"] == there(machine)


def test_an_archive_is_loaded_once(machine: Path, tmp_path: Path) -> None:
    """What the node has had is not loaded again, until it is another."""
    archive = tmp_path / "images.tar"
    archive.write_text("one")
    with pytest.raises(LabError, match="alertdrill-lab is not there: bring it up"):
        cluster().load([archive], Progress())
    cluster().up(Progress())
    cluster().load([archive], Progress())
    cluster().load([archive], Progress())
    assert ["create cluster", "load image-archive"] == kind_calls(machine)
    cluster(seconds=5).up(Progress())
    cluster(seconds=5).load([archive], Progress())
    assert ["delete cluster", "create cluster", "load image-archive"] == kind_calls(machine)


def test_the_docker_that_has_the_cluster_is_waited_for(machine: Path) -> None:
    """When that Docker is gone, no engine of ours takes its place: the cluster would be in neither."""
    cluster().up(Progress())
    (machine / "dead").touch()
    with pytest.raises(LabError, match="has the cluster of lab lab, it does not answer: start it"):
        cluster().down(Progress())
    (machine / "dead").unlink()
    cluster().down(Progress())
    assert [] == there(machine)


def test_a_bounded_machine_is_known(tmp_path: Path) -> None:
    """Whether root may do everything is in the kernel's own words."""
    for bounds, bounded in (("000001ffffffffff", False), ("000001fffeffffff", True)):
        (tmp_path / "status").write_text(f"Name:\tcat\nCapEff:\t0\nCapBnd:\t{bounds}\n")
        assert bounded == kind.is_bounded(tmp_path / "status")


class BusyApi:
    """An API server that is too busy for the first request, and then has a node that is ready."""

    refusals = 1

    def __init__(self, *_: object) -> None:
        pass

    def get(self, resource: str) -> list[dict[str, Any]]:
        """Return the node, or refuse."""
        assert "nodes" == resource
        if BusyApi.refusals:
            BusyApi.refusals -= 1
            raise TransientError("listing nodes: the API server answered 429")
        return [{"status": {"conditions": [{"type": "Ready", "status": "True"}]}}]


def test_a_busy_one_is_not_made_anew(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One refused request is no reason to delete a cluster that is up."""
    access = cluster().up(Progress())
    monkeypatch.setattr(KindCluster, "_answers", ANSWERS)
    monkeypatch.setattr(kind, "Kube", BusyApi)
    assert access == cluster().up(Progress())
    assert ["create cluster"] == kind_calls(machine)
