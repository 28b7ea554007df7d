"""A workload is scaled: on purpose, by mistake, or by a robot."""

from typing import Annotated, Any

import msgspec

from alertdrill.faults.base import Aimed, FaultKind, Place
from alertdrill.model import Trait
from alertdrill.scenario import Fault

Replicas = Annotated[int, msgspec.Meta(ge=0)]


class Scale(FaultKind):
    """Another number of replicas is asked for."""

    name = "scale"
    traits = frozenset({Trait.CHANGES_SPEC, Trait.REMOVES_TARGETS})

    class Args(Aimed, frozen=True, kw_only=True):
        """The workload, and its replicas while it is broken and after."""

        replicas: Replicas
        back_to: Replicas

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Ask for `replicas`."""
        place.run(f"injecting {self.name}", "scale", args["target"], f"--replicas={args['replicas']}")

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Ask for `back_to` again."""
        place.run(f"healing {self.name}", "scale", args["target"], f"--replicas={args['back_to']}")


def scale(target: str, *, replicas: int, back_to: int) -> Fault:
    """Scale `target` ("deployment/web") to `replicas`, and `back_to` what it was to heal."""
    return Fault(name=Scale.name, args={"target": target, "replicas": replicas, "back_to": back_to})
