"""A cluster whose record is gone is ours by its mark, or by its engine, and by nothing else."""

import importlib
import re
import shutil
from pathlib import Path

import pytest

from alertdrill import lab
from alertdrill.errors import LabError, UsageError
from alertdrill.incident import Limits
from alertdrill.lab import LabRules
from alertdrill.lab.clusters import choose, kind_config, recover, state
from alertdrill.lab.clusters.kind import KindCluster
from alertdrill.lab.options import Options, mark, wanted
from alertdrill.machine import docker
from alertdrill.machine.docker import Engine
from alertdrill.names import LAB_LABEL
from alertdrill.progress import Progress
from alertdrill.rules import RuleSet
from alertdrill.testing import FakeKube

ASKED = Options(cluster="kind-built")
LIMITS = Limits(scrape_interval=1, scrape_gap_max=1, evaluation_interval=1, jobs=(), canary="")
ANEW = (
    "`up` throws it away and makes it anew, as what it was made with is not known: alertdrill up --name lab,"
    " or take it down: alertdrill down --name lab"
)
HALF = "bring it up again: alertdrill up --name lab, or take it down: alertdrill down --name lab"


@pytest.fixture(autouse=True)
def cluster(machine: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let a cluster answer when kind has it; return where what is kept of the lab's is."""
    monkeypatch.setattr(KindCluster, "_wait_ready", lambda _cluster, _progress: None)
    monkeypatch.setattr(KindCluster, "_answers", lambda _cluster: any((machine / "clusters").iterdir()))
    monkeypatch.setattr(importlib.import_module("alertdrill.lab.lab"), "Kube", lambda *_: FakeKube())
    return state.folder("lab")


def there(machine: Path) -> list[str]:
    """Return the clusters that kind has."""
    return sorted(file.name for file in (machine / "clusters").iterdir())


def stopping(*_: object) -> None:
    """Go no further than to a cluster that is used as it is."""
    raise LabError("used")


def test_one_with_our_mark_is_told_and_taken_down(machine: Path, cluster: Path) -> None:
    """Its folder is gone, and its mark, which is seen from outside, says whose it is."""
    choose(wanted(ASKED)).up(Progress())
    shutil.rmtree(cluster)
    assert (
        "lab lab is not whole: its cluster is there, in the Docker that answers on this machine, and what was"
        f" kept of it is not; {ANEW}" == lab.status("lab").sentence
    )
    assert not cluster.exists()
    assert lab.down("lab", Progress())
    assert [] == there(machine)
    assert not lab.down("lab", Progress())


def test_one_with_another_mark_is_not_ours(machine: Path) -> None:
    """Somebody else's lab of that name, from another cache folder, stays as it is."""
    (machine / "clusters" / "alertdrill-lab").write_text(kind_config.mount_of("lab-0badcafe"))
    assert "there is no lab lab; bring it up: alertdrill up --name lab" == lab.status("lab").sentence
    assert not lab.down("lab", Progress())
    assert ["alertdrill-lab"] == there(machine)


@pytest.mark.parametrize("asleep", [False, True])
def test_in_an_engine_of_ours_all_is_ours(
    machine: Path, monkeypatch: pytest.MonkeyPatch, *, asleep: bool
) -> None:
    """Nobody else has anything in it, whether the node runs or not."""
    (machine / "clusters" / "alertdrill-lab").write_text("without a mark\n")
    own = Engine("a container engine of our own", private=True)
    monkeypatch.setattr(docker, "answering", lambda: None)
    monkeypatch.setattr(docker, "running", lambda _environment: own)
    monkeypatch.setattr(docker, "private", lambda _environment, _reason: own)
    if asleep:
        (machine / "asleep").touch()
    assert recover(wanted(ASKED))
    assert asleep != choose(wanted(ASKED)).status().answers
    assert lab.down("lab", Progress())
    assert [] == there(machine)


def test_one_that_is_lost_is_made_anew(
    machine: Path, cluster: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It stands in nobody's way: who brings the lab up again gets one of its own making, and is told why."""
    choose(wanted(ASKED)).up(Progress())
    shutil.rmtree(cluster)
    with pytest.raises(UsageError, match="was not made from this cache folder"):
        choose(wanted(ASKED)).up(Progress())
    assert recover(wanted(ASKED))
    assert lab.status("lab").sentence.endswith(ANEW)
    choose(wanted(ASKED)).up(Progress())
    assert ["alertdrill-lab"] == there(machine)
    assert "what it was made with is not known: making it anew" in " ".join(capsys.readouterr().err.split())


def test_a_play_makes_none_anew(machine: Path, cluster: Path) -> None:
    """It says what status says, and what was there stays as it was."""
    choose(wanted(ASKED)).up(Progress())
    shutil.rmtree(cluster)
    before = there(machine)
    rules = LabRules(RuleSet(), RuleSet(), LIMITS)
    with pytest.raises(LabError) as raised, lab.borrowed(ASKED, rules, Progress(), keep=False):
        raise AssertionError
    assert (lab.status("lab").sentence, before) == (str(raised.value), there(machine))


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("asked", [ASKED, Options(cluster="kind-built", speed=5)])
def test_one_that_others_are_in_is_not_made_anew(monkeypatch: pytest.MonkeyPatch, asked: Options) -> None:
    """Whoever asks for another cluster is told whose labs it would cost; as it is, it may be used."""
    theirs = [{"metadata": {"name": "monitoring-b", "labels": {LAB_LABEL: "b-0badcafe"}}}]
    module = importlib.import_module("alertdrill.lab.lab")
    monkeypatch.setattr(module, "Kube", lambda *_: FakeKube(lambda _resource: theirs))
    monkeypatch.setattr(module, "_cluster_with_images", stopping)
    choose(wanted(ASKED)).up(Progress())
    told = "used" if asked == ASKED else "labs of others are in it: b-0badcafe (in monitoring-b); once they"
    with pytest.raises(LabError, match=re.escape(told)):
        lab.up(asked, LabRules(RuleSet(), RuleSet(), LIMITS), Progress())


@pytest.mark.usefixtures("machine")
def test_one_that_is_lost_and_that_others_are_in_stays(
    cluster: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That it would cost their labs is said, and that nobody knows what it was made with."""
    theirs = [{"metadata": {"name": "monitoring-b", "labels": {LAB_LABEL: "b-0badcafe"}}}]
    module = importlib.import_module("alertdrill.lab.lab")
    monkeypatch.setattr(module, "Kube", lambda *_: FakeKube(lambda _resource: theirs))
    choose(wanted(ASKED)).up(Progress())
    shutil.rmtree(cluster)
    told = "what its cluster was made with is not known, and it can't be made anew because labs of others"
    with pytest.raises(LabError, match=re.escape(told)):
        lab.up(ASKED, LabRules(RuleSet(), RuleSet(), LIMITS), Progress())


@pytest.mark.parametrize(
    ("namespaces", "stack"),
    [
        ([], "without a stack"),
        (["monitoring"], "and what is known of its stack in monitoring was lost"),
    ],
)
def test_a_cluster_without_a_lab_is_told(
    namespaces: list[str], stack: str, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs, as after a `down` that left it to other labs; down says that it took something down."""
    objects = [{"metadata": {"name": name, "labels": {LAB_LABEL: mark("lab")}}} for name in namespaces]
    module = importlib.import_module("alertdrill.lab.status")
    monkeypatch.setattr(module, "Kube", lambda *_: FakeKube(lambda _resource: objects))
    choose(wanted(ASKED)).up(Progress())
    assert (
        f"lab lab is not whole: alertdrill-lab (kind-built) answers, {stack}; {HALF}"
        == lab.status("lab").sentence
    )
    assert lab.down("lab", Progress())
    assert [] == there(machine)


def test_down_makes_nothing_anew(machine: Path) -> None:
    """What the lab was asked to be is not known any more: its cluster is taken down as it is."""
    choose(wanted(Options(cluster="kind-built", speed=5))).up(Progress())
    (machine / "calls").unlink()
    lab.down("lab", Progress())
    calls = (machine / "calls").read_text().splitlines()
    assert ["kind delete cluster"] == [call for call in calls if call.startswith("kind ")]
