"""A command is run in containers: fill a disk, drop a file, tell a program to misbehave."""

from collections.abc import Sequence
from typing import Any

from alertdrill.faults.base import FaultKind, Place
from alertdrill.faults.in_container import in_each
from alertdrill.model import Trait, Value
from alertdrill.scenario import Fault


class Execute(FaultKind):
    """A command is run in every pod that a selector finds, at once, and another one to repair what it did."""

    name = "execute"

    class Args(Value, frozen=True, kw_only=True):
        """The pods, the command, the one that undoes it, and what that does to the world."""

        selector: str
        command: list[str]
        undo: list[str]
        container: str = ""
        traits: list[Trait] = []

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Run the command; one that ends with anything but 0 is lab trouble."""
        self._run(place, args, "injecting", args["command"])

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Run the one that undoes it, where there is one."""
        if args["undo"]:
            self._run(place, args, "healing", args["undo"])

    def _run(self, place: Place, args: dict[str, Any], doing: str, command: list[str]) -> None:
        container = [f"--container={args['container']}"] if args["container"] else []

        def run(pod: str) -> None:
            place.run(f"{doing} {self.name}", "exec", pod, *container, "--", *command)

        in_each(place, args, run)


def execute(
    selector: str,
    *,
    command: Sequence[str],
    undo: Sequence[str],
    container: str = "",
    traits: Sequence[Trait] = (),
) -> Fault:
    """Run a command in every pod that matches the label selector, and `undo` to repair (`[]`: nothing)."""
    args = {
        "selector": selector,
        "command": list(command),
        "undo": list(undo),
        "container": container,
        "traits": [str(one) for one in traits],
    }
    return Fault(name=Execute.name, args=args)
