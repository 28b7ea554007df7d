"""Objects of the API as a fault keeps them, to put them back as they were."""

import json
from typing import Any

from alertdrill.faults.base import Place

Object = dict[str, Any]

# Written by the API server: an object that is sent back must not claim them.
SERVERS_OWN = (
    "creationTimestamp",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
)
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def look(place: Place, what: str, *words: str, stdin: str | None = None) -> list[Object]:
    """Return the objects that `kubectl get` finds; one that is not there is left out."""
    said = place.run(what, "get", *words, "--ignore-not-found", "--output=json", stdin=stdin)
    found: Object = json.loads(said) if said.strip() else {"items": []}
    items: list[Object] = found["items"] if found.get("kind", "List").endswith("List") else [found]
    return items


def identity(thing: Object) -> tuple[str, str]:
    """Return what tells an object from others of its namespace."""
    return thing["kind"], thing["metadata"]["name"]


def as_sent(thing: Object) -> Object:
    """Return an object without what the API server wrote into it."""
    metadata = {key: value for key, value in thing["metadata"].items() if key not in SERVERS_OWN}
    return {**{key: value for key, value in thing.items() if key != "status"}, "metadata": metadata}


def again(things: list[Object]) -> dict[str, list[Object]]:
    """Return what makes objects anew, by the verb of kubectl: what was applied, else what was there.

    What the server had filled in would be taken for somebody's wish by whoever compares with git.
    """
    made: dict[str, list[Object]] = {}
    for thing in things:
        applied = thing["metadata"].get("annotations", {}).get(LAST_APPLIED)
        verb, sent = ("apply", json.loads(applied)) if applied else ("create", as_sent(thing))
        made.setdefault(verb, []).append(sent)
    return made


def is_owned(thing: Object) -> bool:
    """Say whether a controller makes the object anew when it is gone."""
    return any(owner.get("controller") for owner in thing["metadata"].get("ownerReferences", []))


def listed(things: list[Object]) -> str:
    """Return objects as one manifest."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": things})
