"""What a fault is: a value with a name, a way in, a way out, and where it can be had."""

from dataclasses import dataclass
from typing import Any, Protocol

from alertdrill.kube import Kube
from alertdrill.model import Trait


@dataclass(frozen=True)
class Place:
    """Where a fault strikes: a scenario's namespace in a cluster that runs `speed` times as fast."""

    kube: Kube
    namespace: str
    speed: float

    def run(self, what: str, *words: str, stdin: str | None = None) -> str:
        """Run kubectl in the scenario's namespace."""
        return self.kube.run(what, f"--namespace={self.namespace}", *words, stdin=stdin)

    def patch(self, what: str, target: str, patch: str) -> None:
        """Change fields of an object, as a strategic merge."""
        self.run(what, "patch", target, "--type=strategic", f"--patch={patch}")


class FaultKind(Protocol):
    """One way to break things on purpose. `args` are those of the scenario's Fault."""

    name: str
    traits: frozenset[Trait]  # what it does to the world; written into the incident for its judge

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Break it; returns when the API server has accepted everything."""
        ...

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Repair it; returns when the API server has accepted everything."""
        ...
