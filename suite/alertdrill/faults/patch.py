"""Fields of an object are changed: a wrong limit, a lost label, a probe that asks for what is not there."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from alertdrill.errors import FutileError
from alertdrill.faults import objects
from alertdrill.faults.base import FaultKind, Place
from alertdrill.model import Trait, Value
from alertdrill.scenario import Fault


class Patch(FaultKind):
    """Fields of an object are changed; the repair gives those fields, and no others, their old values."""

    name = "patch"

    class Args(Value, frozen=True, kw_only=True):
        """The object, the fields as `kubectl patch` takes them, and what that does to the world."""

        target: str
        fields: dict[str, Any]
        traits: list[Trait] = []

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Remember the object, then change it: lists are merged as kubectl does, a null removes a field."""
        place.remembered[self.name] = self._look(place, args["target"])
        place.patch(f"injecting {self.name}", args["target"], json.dumps(args["fields"]))

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Give every field that was changed its old value."""
        before = place.remembered.get(self.name)
        if before is None:
            return
        back = undo(args["fields"], before, self._look(place, args["target"]))
        words = ("patch", args["target"], "--type=merge", f"--patch={json.dumps(back)}")
        place.run(f"healing {self.name}", *words)

    def _look(self, place: Place, target: str) -> objects.Object:
        found = objects.look(place, f"looking at {target}", target)
        if not found:
            raise FutileError(f"there is no {target} in {place.namespace}, so there is nothing to patch")
        return found[0]


def undo(fields: Mapping[str, Any], before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Return the merge patch that gives `fields` of an object that is `now` the values they had `before`.

    A list goes back as a whole. What a directive of a strategic merge ("$patch") touches is not known by its
    name, so that all fields beside it go back.
    """
    named = fields.keys() if not any(key.startswith("$") for key in fields) else before.keys() | now.keys()
    back: dict[str, Any] = {}
    for key in sorted(named):
        old, new = before.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            changed = fields.get(key)
            back[key] = undo(changed if isinstance(changed, dict) else {"$all": True}, old, new)
        else:
            back[key] = old
    return back


def patch(target: str, fields: Mapping[str, Any], *, traits: Sequence[Trait] = ()) -> Fault:
    """Change fields of `target` ("deployment/web") as `kubectl patch` does."""
    args = {"target": target, "fields": dict(fields), "traits": [str(one) for one in traits]}
    return Fault(name=Patch.name, args=args)
