"""What every cluster is to the harness: values in, one protocol, and abilities instead of type checks."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from alertdrill.faults.base import Node
from alertdrill.progress import Progress


class Ability(Enum):
    """What a cluster is able to do; a fault or a step that needs one looks first."""

    RUNS_PODS = "pods run, so workloads can break"
    LOADS_IMAGES = "takes image archives straight to its nodes"
    CRASH_LOOP_CAP = "caps the kubelet's crash-loop back-off as asked for"
    OWNS_CLUSTER = "is ours as a whole, so whatever happens in it hurts nobody"
    STOPS_CONTROL_PLANE = "parts of its control plane can be stopped"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is asked for; the same values find the same cluster again.

    `flavour` is "auto" or one that choose.FLAVOURS names. `restart_seconds_max` caps the crash-loop back-off;
    None leaves the kubelet's own. `speed` says how many times as fast as in life the lab runs. `node_image`
    takes the place of kind's own node image. `through_pytest_kind` creates kind clusters as pytest-kind's
    fixture would. `mark` is the lab's, by which a cluster of ours is known again where its folder is lost.
    """

    name: str = "lab"
    flavour: str = "auto"
    kubeconfig: Path | None = None
    context: str | None = None
    restart_seconds_max: float | None = None
    speed: float = 1.0
    node_image: str | None = None
    through_pytest_kind: bool = False
    mark: str = ""


@dataclass(frozen=True, kw_only=True)
class Access:
    """How to reach a cluster: a kubeconfig and the context in it."""

    kubeconfig: Path
    context: str


@dataclass(frozen=True, kw_only=True)
class Status:
    """Whether a cluster is there and answers; `sentence` says it to a person.

    One that is not `as_asked` would be made anew by `up`.
    """

    exists: bool
    answers: bool
    sentence: str
    as_asked: bool = True


class Cluster(Protocol):
    """A cluster that may not be there yet. Every method may be called again after a kill at any point."""

    @property
    def name(self) -> str:
        """Return the name it was asked for under."""
        ...

    @property
    def flavour(self) -> str:
        """Return which kind of cluster it is, one of choose.FLAVOURS."""
        ...

    @property
    def reason(self) -> str:
        """Return why it was chosen, in words that follow "because"."""
        ...

    @property
    def abilities(self) -> frozenset[Ability]:
        """Return what it is able to do."""
        ...

    @property
    def access(self) -> Access:
        """Return how to reach it, once it is up."""
        ...

    def up(self, progress: Progress) -> Access:
        """Bring it up, or find it up; a half-made one of ours is removed and made anew."""
        ...

    def down(self, progress: Progress) -> None:
        """Take it down with all that was started for it; nothing happens if it is not there."""
        ...

    def status(self) -> Status:
        """Look, and change nothing."""
        ...

    def load(self, archives: Sequence[Path], progress: Progress) -> None:
        """Put image archives onto its nodes (LOADS_IMAGES)."""
        ...

    def run(self, what: str, *argv: str) -> str:
        """Run a program on the node that the control plane runs on (STOPS_CONTROL_PLANE)."""
        ...

    @property
    def spare(self) -> Node | None:
        """Return its second node, which is there to be lost; None where it has none of ours."""
        ...

    def mend(self) -> None:
        """Repair what a drill that was killed left broken of what is ours; never an error."""
        ...

    def halt(self, component: str) -> None:
        """Stop a part of the control plane, such as kube-controller-manager (STOPS_CONTROL_PLANE)."""
        ...

    def resume(self, component: str) -> None:
        """Start again what was halted."""
        ...

    def export_logs(self, folder: Path) -> None:
        """Write what the cluster itself has to say to a folder; best effort."""
        ...
