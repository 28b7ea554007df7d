"""Two labs in one cluster: each plays, and is taken down, while nothing of the other's changes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from alertdrill import lab as labs
from alertdrill.clock import WallClock, wait_for
from alertdrill.kube import Kube
from alertdrill.lab.options import mark
from alertdrill.names import LAB_LABEL, SCENARIO_LABEL

ALERTDRILL = str(Path(sys.executable).with_name("alertdrill"))
HOST, GUEST, THIRD = "e2e-host", "e2e-guest", "e2e-third"
STACKS = {HOST: "monitoring", GUEST: "team-b", THIRD: "team-c"}  # where they are
SCENARIO = "deployments/refused-replicaset"
PASSES = "1 scenario: 1 pass, 0 unknown, 0 fail"
# What changes by itself: the turn is renewed by who plays, events are counted.
RESTLESS = frozenset({"Lease", "Event"})

Seen = dict[tuple[str, str, str], tuple[str, str]]  # kind, namespace, name → uid, version


def alertdrill(*words: str, code: int = 0) -> str:
    """Run a command as a person would and return all that it said; it must end with this exit code."""
    done = subprocess.run([ALERTDRILL, *words], capture_output=True, text=True, check=False, timeout=600)
    said = done.stdout + done.stderr
    assert code == done.returncode, said
    return said


class Play:
    """A play in a lab, from when something is broken to when it is judged."""

    def __init__(self, name: str, folder: Path) -> None:
        self.log = folder / f"{name}.log"
        words = [ALERTDRILL, "play", SCENARIO, "--name", name, "--record", str(folder / name)]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log)
        wait_for(f"{name} to break something", self.is_broken, deadline=180, clock=WallClock())

    def is_broken(self) -> bool:
        """Say whether its fault is there."""
        assert self.process.poll() is None, self.log.read_text()
        return "holding" in self.log.read_text()

    def ended(self) -> str:
        """Return all that it said, once it has passed."""
        assert 0 == self.process.wait(timeout=300), self.log.read_text()
        return self.log.read_text()


def seen(kube: Kube, name: str) -> Seen:
    """Return all that is a lab's, of every kind there is: in its namespaces, or with its mark."""
    listable = kube.run("listing kinds", "api-resources", "--verbs=list", "--output=name").split()
    kinds = ",".join(one for one in listable if not one.endswith(".metrics.k8s.io"))
    found = json.loads(kube.run("listing all", "get", kinds, "--all-namespaces", "--output=json"))["items"]
    return {
        (thing["kind"], metadata.get("namespace", ""), metadata["name"]): (
            metadata["uid"],
            metadata["resourceVersion"],
        )
        for thing in found
        for metadata in [thing["metadata"]]
        if thing["kind"] not in RESTLESS
        and SCENARIO_LABEL not in metadata.get("labels", {})
        and (
            metadata.get("namespace") == STACKS[name]
            or metadata.get("labels", {}).get(LAB_LABEL) == mark(name)
        )
    }


def there() -> tuple[str, ...]:
    """Return the words that put a lab into the host's cluster."""
    state = labs.find(HOST)
    assert state
    return "--cluster=existing", f"--kubeconfig={state.kubeconfig}", f"--context={state.context}"


@pytest.fixture
def kube() -> Kube:
    """Return a cluster of one lab's with another lab in it; each test finds both up, whatever was before."""
    alertdrill("up", "--name", HOST)
    alertdrill("up", "--name", GUEST, *there(), "--namespace", STACKS[GUEST])
    state = labs.find(HOST)
    assert state
    return Kube(state.access.kubeconfig, state.access.context)


@pytest.fixture(scope="module", autouse=True)
def _after() -> Iterator[None]:
    """Take down both labs, and with them the cluster."""
    yield
    alertdrill("down", "--name", GUEST)
    alertdrill("down", "--name", HOST)


def test_both_play_at_once(kube: Kube, tmp_path: Path) -> None:
    """The alert that one drills is not the other's, and neither changes anything of the other's."""
    before = {name: seen(kube, name) for name in (HOST, GUEST)}
    plays = [Play(name, tmp_path) for name in (HOST, GUEST)]
    for play in plays:
        assert PASSES in play.ended()
    assert before == {name: seen(kube, name) for name in (HOST, GUEST)}


def test_the_guest_is_taken_down_while_the_host_plays(kube: Kube, tmp_path: Path) -> None:
    """The host's play passes, its stack is the same to the last object, and nothing of the guest is left."""
    play = Play(HOST, tmp_path)
    before = seen(kube, HOST)
    assert f"lab {GUEST} is down" in alertdrill("down", "--name", GUEST)
    assert {} == seen(kube, GUEST)
    assert before == seen(kube, HOST)
    assert PASSES in play.ended()
    assert before == seen(kube, HOST)
    assert f"lab {HOST} is up" in alertdrill("status", "--name", HOST)
    assert f"there is no lab {GUEST}" in alertdrill("status", "--name", GUEST, code=3)


def test_the_host_is_taken_down_while_the_guest_plays(kube: Kube, tmp_path: Path) -> None:
    """The cluster stays, and says for whom; the guest's play passes, and only the host's stack is gone."""
    play = Play(GUEST, tmp_path)
    before = seen(kube, GUEST)
    said = alertdrill("down", "--name", HOST)
    assert f"the cluster stays, because labs of others are in it: {mark(GUEST)} (in " in said
    assert {} == seen(kube, HOST)
    assert before == seen(kube, GUEST)
    assert PASSES in play.ended()
    assert before == seen(kube, GUEST)
    assert "answers, without a stack; " in alertdrill("status", "--name", HOST, code=3)
    assert f"lab {GUEST} is up" in alertdrill("status", "--name", GUEST)


def test_what_is_not_ours_is_refused_by_name(kube: Kube) -> None:
    """A namespace of the other lab's, and a role of nobody's, stay as they are, and the error names them."""
    role = ("clusterrole", "team-c-prometheus")
    kube.run("making a role", "create", *role, "--verb=get", "--resource=pods")
    try:
        before = seen(kube, HOST), _version(kube, *role)
        taken = ("up", "--name", THIRD, *there(), "--namespace")
        assert f"Namespace monitoring is the lab {mark(HOST)}'s" in alertdrill(*taken, "monitoring", code=2)
        assert "ClusterRole team-c-prometheus carries no mark" in alertdrill(*taken, "team-c", code=2)
        assert before == (seen(kube, HOST), _version(kube, *role))
        assert {} == seen(kube, THIRD)
    finally:
        kube.run("removing the role", "delete", *role)


def test_a_stack_that_somebody_broke_is_told(kube: Kube) -> None:
    """The nodes are up, but without its exporter the lab sees nothing: status says so, and up mends it."""
    kube.run(
        "scaling", "scale", "deployment/kube-api-exporter", "--replicas=0", f"--namespace={STACKS[GUEST]}"
    )
    said = alertdrill("status", "--name", GUEST, code=3)
    assert f"lab {GUEST} is not whole: kube-api-exporter is scaled to none (namespace team-b)" in said
    alertdrill("up", "--name", GUEST)
    assert f"lab {GUEST} is up" in alertdrill("status", "--name", GUEST)


def _version(kube: Kube, *words: str) -> str:
    return kube.run("looking", "get", *words, "--output=jsonpath={.metadata.uid} {.metadata.resourceVersion}")
