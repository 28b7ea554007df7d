"""Whose turn it is in a lab: a lock among the runs of this machine, and a Lease in the cluster for everybody.

Two who play at once would change each other's rules. The lock ends with its process, however that ends; the
Lease is what others see, on whatever machine, and ends when it was not renewed for a while.
"""

import getpass
import os
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from alertdrill.clock import Clock, NotYet, WallClock, wait_for
from alertdrill.errors import LabError, TransientError
from alertdrill.kube import Kube
from alertdrill.lab.options import checked_name
from alertdrill.lab.stack import mark_of
from alertdrill.machine import cache
from alertdrill.names import LAB_LABEL
from alertdrill.progress import Progress

LEASE = "alertdrill-turn"
LEASE_SECONDS = 30
RENEW_SECONDS = 8.0
WAIT_SECONDS_MAX = 4 * 3600.0  # the longest play at the speed of life, and more

Object = dict[str, Any]


@contextmanager
def on_this_machine(name: str, progress: Progress, *, of: str = "play") -> Iterator[None]:
    """Hold a lock of the lab among the runs that share this cache; tells for whom it waits."""

    def tell(holder: str) -> None:
        progress.say(f"waiting for the lab {name}: {holder}")

    with cache.locked(f"{of}-{checked_name(name)}", tell):
        yield


class Turn:
    """The Lease in the namespace of a lab's stack, held by us until it is left.

    A namespace that is not this lab's is not touched: `deploy` says whose it is, and nobody waits for that.
    """

    def __init__(self, kube: Kube, namespace: str, mark: str, progress: Progress, clock: Clock) -> None:
        self._kube = kube
        self._namespace = namespace
        self._mark = mark
        self._progress = progress
        self._clock = clock
        self._path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._node = f"{_user()}@{platform.node()}"
        self._who = f"{self._node}, process {os.getpid()}"
        self._since = _now()
        self._seen: tuple[str, str] = ("", "")  # whose, as renewed when
        self._seen_at = 0.0
        self._lost = ""
        self._left = threading.Event()
        self._thread: threading.Thread | None = None

    def take(self) -> None:
        """Wait for the Lease and hold it; without a namespace of ours there is none, and nobody can play."""
        if self._thread is not None or not self._has_place():
            return
        wait_for(
            f"our turn in {self._namespace}",
            self._try,
            deadline=WAIT_SECONDS_MAX,
            clock=self._clock,
            every=1,
        )
        self._thread = threading.Thread(target=self._renew, daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raise LabError if somebody else has taken the Lease: what was done since is not ours alone."""
        if self._lost:
            raise LabError(f"our turn in {self._namespace} was lost: {self._lost}")

    def leave(self) -> None:
        """Let the next one have it; what can't be told now, the Lease's end will tell."""
        self._left.set()
        if self._thread is None:
            return
        self._thread.join()
        try:
            _, there = self._kube.send("leaving our turn", "GET", f"{self._path}/{LEASE}")
            if there.get("spec", {}).get("holderIdentity") == self._who:
                there["spec"]["holderIdentity"] = ""
                self._kube.send("leaving our turn", "PUT", f"{self._path}/{LEASE}", there)
        except LabError:
            return

    def _has_place(self) -> bool:
        what = f"looking whose namespace {self._namespace} is"
        status, there = self._kube.send(what, "GET", f"/api/v1/namespaces/{self._namespace}")
        return status == HTTPStatus.OK and mark_of(there) == self._mark

    def _try(self) -> bool:
        what = f"looking whose turn it is in {self._namespace}"
        status, there = self._kube.send(what, "GET", f"{self._path}/{LEASE}")
        if status == HTTPStatus.NOT_FOUND:
            metadata = {"name": LEASE, "labels": {LAB_LABEL: self._mark}}
            status, _ = self._kube.send(what, "POST", self._path, self._lease(metadata))
        else:
            if holder := self._holder(there["spec"]):
                if holder != self._seen[0]:
                    self._progress.say(f"waiting for our turn in {self._namespace}: {_told(there['spec'])}")
                self._remember(there["spec"])
                raise NotYet(_told(there["spec"]))
            path = f"{self._path}/{LEASE}"
            status, _ = self._kube.send(what, "PUT", path, self._lease(there["metadata"]))
        if status >= HTTPStatus.BAD_REQUEST:
            raise NotYet("somebody was faster")
        return True

    def _holder(self, spec: Object) -> str:
        """Return who holds it, "" if nobody does any more.

        Nobody is trusted to have our time: it has ended when we saw no renewal for as long as it says. A
        process of this machine that still had it would have our lock.
        """
        holder = str(spec.get("holderIdentity") or "")
        if holder.startswith(f"{self._node},"):
            return ""
        seconds = float(spec.get("leaseDurationSeconds") or LEASE_SECONDS)
        is_same = self._seen == (holder, str(spec.get("renewTime")))
        return "" if is_same and self._clock.now() - self._seen_at >= seconds else holder

    def _remember(self, spec: Object) -> None:
        seen = (str(spec.get("holderIdentity")), str(spec.get("renewTime")))
        if seen != self._seen:
            self._seen, self._seen_at = seen, self._clock.now()

    def _lease(self, metadata: Object) -> Object:
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata,
            "spec": {
                "holderIdentity": self._who,
                "leaseDurationSeconds": LEASE_SECONDS,
                "acquireTime": self._since,
                "renewTime": _now(),
            },
        }

    def _renew(self) -> None:
        refused = 0
        while not self._left.wait(RENEW_SECONDS):
            try:
                _, there = self._kube.send("renewing our turn", "GET", f"{self._path}/{LEASE}")
                if (there.get("spec") or {}).get("holderIdentity") != self._who:
                    self._lost = _told(there["spec"]) if "spec" in there else "the Lease was removed"
                    return
                path = f"{self._path}/{LEASE}"
                self._kube.send("renewing our turn", "PUT", path, self._lease(there["metadata"]))
            except TransientError:
                continue
            except LabError as error:
                refused += 1
                # An API server that has just started knows nobody's rights; nobody takes a Lease so soon.
                if refused * RENEW_SECONDS >= LEASE_SECONDS:
                    self._lost = str(error)
                    return
            else:
                refused = 0


@contextmanager
def in_cluster(
    kube: Kube, namespace: str, mark: str, progress: Progress, clock: Clock | None = None
) -> Iterator[Turn]:
    """Hold the Lease of the lab of this mark whose stack is in the namespace, if that is there."""
    turn = Turn(kube, namespace, mark, progress, clock or WallClock())
    turn.take()
    try:
        yield turn
    finally:
        turn.leave()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user need not be in its list of users
        return f"user {os.getuid()}"


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _told(spec: Object) -> str:
    """Say who has it, since when."""
    holder, since, renewed = (spec.get(name) for name in ("holderIdentity", "acquireTime", "renewTime"))
    return f"{holder} has it since {since}, renewed {renewed}"
