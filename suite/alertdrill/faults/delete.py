"""Something is deleted: by mistake, by a robot, by a node that goes."""

from typing import Any

from alertdrill.errors import FutileError
from alertdrill.faults import objects
from alertdrill.faults.base import FaultKind, Place
from alertdrill.model import Trait, Value
from alertdrill.scenario import Fault


class Delete(FaultKind):
    """Objects are deleted; the repair makes them anew, unless a controller of theirs does."""

    name = "delete"
    traits = frozenset({Trait.REMOVES_OBJECTS, Trait.REMOVES_TARGETS})

    class Args(Value, frozen=True, kw_only=True):
        """One object, or a kind and which objects of it."""

        target: str
        selector: str = ""

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Remember the objects, then delete them; returns before they are gone."""
        found = objects.look(place, f"looking at {args['target']}", *_which(args))
        if not found:
            raise FutileError(
                f"no {' '.join(_which(args))} in {place.namespace}, so there is nothing to delete"
            )
        place.remembered[self.name] = found
        place.run(f"injecting {self.name}", "delete", "--wait=false", *_which(args))

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Make what is missing."""
        lost = [one for one in place.remembered.get(self.name, []) if not objects.is_owned(one)]
        if not lost:
            return
        there = objects.look(
            place, f"looking at {args['target']}", "--filename=-", stdin=objects.listed(lost)
        )
        known = {objects.identity(one) for one in there if "deletionTimestamp" not in one["metadata"]}
        missing = [one for one in lost if objects.identity(one) not in known]
        for verb, again in objects.again(missing).items():
            place.run(f"healing {self.name}", verb, "--filename=-", stdin=objects.listed(again))


def _which(args: dict[str, Any]) -> list[str]:
    return [args["target"], *([f"--selector={args['selector']}"] if args.get("selector") else [])]


def delete(target: str, *, selector: str = "") -> Fault:
    """Delete `target` ("deployment/web"), or what a label selector finds of a kind ("pods")."""
    return Fault(name=Delete.name, args={"target": target, "selector": selector})
