"""Whose turn it is in a lab: one at a time, told to who waits, and taken over from who is gone."""

import getpass
import platform
import threading
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from alertdrill.errors import LabError
from alertdrill.lab import turn
from alertdrill.machine import cache
from alertdrill.names import LAB_LABEL
from alertdrill.progress import Progress
from alertdrill.testing import FakeKube, ManualClock

MARK = "lab-12345678"
OTHER = "ada@elsewhere, process 7"
SPEC = {
    "holderIdentity": OTHER,
    "leaseDurationSeconds": 30,
    "acquireTime": "2026-11-29T05:00:00.000000Z",
    "renewTime": "2026-11-29T05:01:00.000000Z",
}


class Leases(FakeKube):
    """An API server with one Lease, which refuses a change of what was changed meanwhile."""

    def __init__(self, spec: dict[str, Any] | None = None, *, whose: str | None = MARK) -> None:
        super().__init__()
        self.whose = whose  # the mark of the namespace; None: there is no namespace
        self.spec = spec
        self.labels: dict[str, str] = {}
        self.revision = 1
        self.before_get: Callable[[], None] = lambda: None
        self.before_put: Callable[[], None] = lambda: None

    def send(
        self, what: str, method: str, path: str, body: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Answer as the API server does."""
        del what
        if path == "/api/v1/namespaces/monitoring":
            status = HTTPStatus.NOT_FOUND if self.whose is None else HTTPStatus.OK
            return status, {"metadata": {"labels": {LAB_LABEL: self.whose}}}
        assert path.startswith("/apis/coordination.k8s.io/v1/namespaces/monitoring/leases")
        assert self.whose == MARK, "asked for in a namespace of somebody else's"
        if method != "POST" and self.spec is None:
            return HTTPStatus.NOT_FOUND, {}
        if method == "GET":
            self.before_get()
            return HTTPStatus.OK, {
                "metadata": {"resourceVersion": self.revision},
                "spec": dict(self.spec or {}),
            }
        assert body
        if method == "PUT":
            self.before_put()
            if body["metadata"]["resourceVersion"] != self.revision:
                return HTTPStatus.CONFLICT, {}
        elif self.spec is not None:
            return HTTPStatus.CONFLICT, {}
        self.labels = body["metadata"].get("labels", {})
        self.spec, self.revision = body["spec"], self.revision + 1
        return HTTPStatus.CREATED, body


class Said(Progress):
    """Remembers what was said."""

    def __init__(self) -> None:
        super().__init__()
        self.sentences: list[str] = []

    def say(self, sentence: str, *, style: str = "") -> None:
        """Remember."""
        del style
        self.sentences.append(sentence)


@pytest.fixture
def said() -> Said:
    """What is said."""
    return Said()


def holder(kube: Leases) -> str:
    """Return who has the Lease."""
    return str((kube.spec or {}).get("holderIdentity"))


def test_a_free_turn_is_taken_and_left(said: Said) -> None:
    """Who plays stands in the cluster for as long as it does, with its machine and process."""
    kube = Leases()
    with turn.in_cluster(kube, "monitoring", MARK, said, ManualClock()) as ours:
        assert f"@{platform.node()}, process" in holder(kube)
        assert {LAB_LABEL: MARK} == kube.labels
        ours.check()
    assert not holder(kube)
    assert [] == said.sentences


def test_one_waits_for_who_has_it_and_says_so(said: Said) -> None:
    """The sentence has the lab's namespace, who plays in it, since when, and that it is alive."""
    kube = Leases(dict(SPEC))
    clock = ManualClock()

    def leave() -> None:
        if clock.now() > 5:
            kube.spec = {**SPEC, "holderIdentity": ""}

    kube.before_get = leave
    with turn.in_cluster(kube, "monitoring", MARK, said, clock):
        assert 5 < clock.now() < 30
    who = f"{OTHER} has it since {SPEC['acquireTime']}, renewed {SPEC['renewTime']}"
    assert [f"waiting for our turn in monitoring: {who}"] == said.sentences


def test_a_turn_that_is_not_renewed_is_taken_over(said: Said) -> None:
    """Whoever has gone without a word holds nobody up for longer than the Lease says, by our own clock."""
    kube, clock = Leases(dict(SPEC)), ManualClock(1000.0)
    with turn.in_cluster(kube, "monitoring", MARK, said, clock):
        assert OTHER != holder(kube)
    assert 1030 <= clock.now() <= 1032


def test_a_process_of_this_machine_that_is_gone_holds_nobody_up(said: Said) -> None:
    """While it lived it had the lock that we have, so its Lease is over at once."""
    kube, clock = Leases(dict(SPEC)), ManualClock()
    with turn.in_cluster(kube, "monitoring", MARK, said, clock):
        mine = holder(kube)
    kube.spec = {**SPEC, "holderIdentity": mine.rpartition(" ")[0] + " 1"}
    with turn.in_cluster(kube, "monitoring", MARK, said, ManualClock()):
        assert mine == holder(kube)


def test_of_two_at_once_one_is_refused(said: Said) -> None:
    """Who changes a Lease that was changed since it was read gets a conflict, and looks again."""
    kube, clock = Leases({**SPEC, "holderIdentity": ""}), ManualClock()

    def faster() -> None:
        kube.before_put = lambda: None
        kube.spec, kube.revision = dict(SPEC), 2

    kube.before_put = faster
    with turn.in_cluster(kube, "monitoring", MARK, said, clock):
        assert clock.now() >= 30
    assert len(said.sentences) == 1


def test_without_the_namespace_there_is_nothing_to_hold(said: Said) -> None:
    """A lab that has no stack yet is nobody's; it can be held once it is there."""
    kube = Leases(whose=None)
    with turn.in_cluster(kube, "monitoring", MARK, said, ManualClock()) as ours:
        kube.whose = MARK
        ours.take()
        assert "process" in holder(kube)


@pytest.mark.parametrize("whose", ["", "a-87654321"])
def test_in_a_namespace_of_somebody_else_no_turn_is_taken(whose: str, said: Said) -> None:
    """The Lease of a lab that plays there, on this very machine, stays as it is, and nobody waits for it."""
    theirs = {**SPEC, "holderIdentity": f"{getpass.getuser()}@{platform.node()}, process 7"}
    kube = Leases(dict(theirs), whose=whose)
    with turn.in_cluster(kube, "monitoring", MARK, said, ManualClock()):
        assert theirs == kube.spec
    assert theirs == kube.spec
    assert [] == said.sentences


def test_a_turn_that_somebody_took_is_told(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is done since is not ours alone, so nothing of it may be judged."""
    monkeypatch.setattr(turn, "RENEW_SECONDS", 0.01)
    kube = Leases()
    looked = threading.Event()
    with turn.in_cluster(kube, "monitoring", MARK, said, ManualClock()) as ours:
        kube.spec, kube.revision = dict(SPEC), 99
        while not ours._lost:  # noqa: SLF001
            looked.wait(0.01)
        with pytest.raises(LabError, match=f"our turn in monitoring was lost: {OTHER} has it"):
            ours.check()
    assert OTHER == holder(kube)


@pytest.mark.parametrize(("refusals", "is_lost"), [(2, False), (1000, True)])
def test_a_turn_outlasts_an_api_server_that_starts(
    refusals: int,
    is_lost: bool,  # noqa: FBT001  # a parameter
    said: Said,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It knows nobody's rights for a moment; where it refuses for as long as a Lease lasts, it is lost."""
    monkeypatch.setattr(turn, "RENEW_SECONDS", 0.01)
    monkeypatch.setattr(turn, "LEASE_SECONDS", 0.05)
    kube, over = Leases(), threading.Event()
    asked: list[int] = []

    def refuse() -> None:
        asked.append(1)
        if len(asked) > refusals + 5:
            over.set()
        if 1 < len(asked) <= refusals + 1:
            raise LabError("the API server answered 403")

    kube.before_get = refuse
    with turn.in_cluster(kube, "monitoring", MARK, said, ManualClock()) as ours:
        while not (over.is_set() or ours._lost):  # noqa: SLF001
            over.wait(0.01)
        kube.before_get = lambda: None
        assert is_lost == bool(ours._lost)  # noqa: SLF001


def test_on_one_machine_the_lock_says_who_has_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A second run of this machine tells which process it waits for, and goes on when that is done."""
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path))
    began, done = threading.Event(), threading.Event()

    def other() -> None:
        with cache.locked("play-lab"):
            began.set()
            done.wait(10)

    thread = threading.Thread(target=other)
    thread.start()
    began.wait(10)

    class Ends(Said):
        def say(self, sentence: str, *, style: str = "") -> None:
            super().say(sentence, style=style)
            done.set()

    telling = Ends()
    with turn.on_this_machine("lab", telling):
        pass
    thread.join()
    (sentence,) = telling.sentences
    assert sentence.startswith("waiting for the lab lab: process ")
    assert "has it since" in sentence
