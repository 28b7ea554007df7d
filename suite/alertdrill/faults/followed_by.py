"""Two faults, one a while after the other: what breaks while something is broken already."""

from collections.abc import Callable
from typing import Any

from alertdrill import durations
from alertdrill.errors import ScenarioError
from alertdrill.faults import calls
from alertdrill.faults.base import FaultKind, Ground, Place
from alertdrill.model import Trait, Value
from alertdrill.scenario import Fault


class FollowedBy(FaultKind):
    """Breaks one thing, and later another; the repair is that of both, the later one first."""

    name = "followed_by"

    class Args(Value, frozen=True, kw_only=True):
        """The first fault, how long after it the other follows (rule time), and that one."""

        first: Fault
        after: str
        then: Fault

        def __post_init__(self) -> None:
            """Refuse what is no duration."""
            durations.seconds(self.after)

    def __init__(self, named: Callable[[str], FaultKind]) -> None:
        self._named = named

    def check(self, folder: Any, args: dict[str, Any]) -> None:
        """Check both."""
        for kind, inner in self._both(args):
            kind.check_args(inner)
            kind.check(folder, inner)
            if kind.delay(inner):
                raise ScenarioError(
                    f"{self.name}: {kind.name} has a second part already, and can't be one of two"
                )

    def available(self, ground: Ground, args: dict[str, Any]) -> str:
        """Need both."""
        return next((why for kind, inner in self._both(args) if (why := kind.available(ground, inner))), "")

    def traits_of(self, args: dict[str, Any]) -> frozenset[Trait]:
        """Return what both do."""
        first, then = self._both(args)
        return first[0].traits_of(first[1]) | then[0].traits_of(then[1])

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Break the first."""
        (kind, inner), _ = self._both(args)
        calls.inject(kind, place, inner)

    def delay(self, args: dict[str, Any]) -> str:
        """Return when the other follows."""
        return str(args["after"])

    def inject_later(self, place: Place, args: dict[str, Any]) -> None:
        """Break the other."""
        _, (kind, inner) = self._both(args)
        calls.inject(kind, place, inner)

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Repair both."""
        for kind, inner in reversed(self._both(args)):
            calls.heal(kind, place, inner)

    def _both(self, args: dict[str, Any]) -> list[tuple[FaultKind, dict[str, Any]]]:
        return [(self._named(one["name"]), one["args"]) for one in (args["first"], args["then"])]


def followed_by(first: Fault, *, after: str, then: Fault) -> Fault:
    """Do `first`, and `then` so long after it ("4m" of rule time)."""
    plain = {key: {"name": one.name, "args": one.args} for key, one in (("first", first), ("then", then))}
    return Fault(name=FollowedBy.name, args={**plain, "after": after})
