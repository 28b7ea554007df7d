"""What a fault is: a value with a name, a way in, a way out, and where it can be had."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from alertdrill.kube import Kube
from alertdrill.model import Trait, Value
from alertdrill.names import STACK_NAMESPACE

Text = Annotated[str, msgspec.Meta(min_length=1)]
TARGET = re.compile(r"[a-z]+(\.[a-z.]+)?/[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


@dataclass(frozen=True)
class Place:
    """Where a fault strikes: a scenario's namespace in a cluster that runs `speed` times as fast."""

    kube: Kube
    namespace: str
    speed: float
    stack: str = STACK_NAMESPACE  # where what watches it is
    image: Callable[[str], str] = str  # an image of ours → its name in this cluster

    def run(self, what: str, *words: str, stdin: str | None = None) -> str:
        """Run kubectl in the scenario's namespace."""
        return self.kube.run(what, f"--namespace={self.namespace}", *words, stdin=stdin)

    def patch(self, what: str, target: str, patch: str) -> None:
        """Change fields of an object, as a strategic merge."""
        self.run(what, "patch", target, "--type=strategic", f"--patch={patch}")


@dataclass(frozen=True)
class Ground:
    """What a lab knows of its cluster before anything is broken in it.

    `restart_seconds_max` is the kubelets' cap on the crash-loop back-off in live seconds, None where they
    don't tell. `components` are the Deployments of the monitoring stack. `again` says how to have a lab whose
    kubelets fit a speed, "" where they are somebody else's.
    """

    speed: float
    restart_seconds_max: float | None = None
    components: Callable[[], frozenset[str]] = frozenset
    again: str = ""


class Aimed(Value, frozen=True, kw_only=True):
    """Arguments of a fault that is done to one workload."""

    target: str

    def __post_init__(self) -> None:
        """Refuse what kubectl would not take."""
        if not TARGET.fullmatch(self.target):
            raise ValueError(f"{self.target!r} is no target; write it like deployment/web")


class FaultKind(ABC):
    """One way to break things on purpose. `args` are those of the scenario's Fault, as `Args` has them."""

    name: str = ""
    traits: frozenset[Trait] = (
        frozenset()
    )  # what it does to the world; written into the incident for its judge
    Args: type[Value]  # what a scenario must say, and in which types

    def available(self, ground: Ground, args: dict[str, Any]) -> str:
        """Return why it can't be had on this ground, with what to do; "" where it can."""
        del ground, args
        return ""

    @abstractmethod
    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Break it; returns when the API server has accepted everything."""

    @abstractmethod
    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Repair it; returns when the API server has accepted everything."""
