"""An API server that shows what a test says, and a kubectl that remembers what it was told."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from alertdrill.errors import LabError
from alertdrill.kube import Kube

Objects = list[dict[str, Any]]


class FakeKube(Kube):
    """A Kube without a cluster.

    `objects` is asked for a resource ("pods") at every look. kubectl fails `failures` times, then answers
    with what `says` makes of its words. Kinds that it `lacks` are not served. `done` is what it did, as the
    sentence says it; `words` is how.
    """

    def __init__(
        self,
        objects: Callable[[str], Objects] = lambda _resource: [],
        *,
        failures: int = 0,
        says: Callable[[Sequence[str]], str] = lambda _words: "",
        lacks: frozenset[str] = frozenset(),
    ) -> None:
        self.objects = objects
        self.failures = failures
        self.says = says
        self.lacks = lacks
        self.done: list[str] = []
        self.words: list[tuple[str, ...]] = []

    def get(self, resource: str, *, namespace: str = "", selector: str = "") -> Objects:
        """Return what the test says; namespaces and selectors are its own business."""
        del namespace, selector
        return self.objects(resource)

    def is_namespaced(self, version: str, kind: str) -> bool | None:
        """Say so of every kind but those it lacks, and those that are called after the cluster."""
        del version
        return None if kind in self.lacks else not kind.startswith("Cluster")

    def send(
        self, what: str, method: str, path: str, body: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Fail as a busy API server does, or remember what was done; what is there is the test's business."""
        del body
        self.run(what, method, path)
        return 200, {}

    def run(
        self, what: str, *words: str, stdin: str | None = None, timeout: float = 60, into: Path | None = None
    ) -> str:
        """Fail as a busy API server does, or remember what was done."""
        del stdin, timeout, into
        if self.failures:
            self.failures -= 1
            raise LabError(f"{what}: kubectl ended with 1: etcdserver: request timed out")
        self.done.append(what)
        self.words.append(words)
        return self.says(words)
