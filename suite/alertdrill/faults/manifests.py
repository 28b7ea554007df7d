"""Something is applied that should not be: a quota, a policy, a noisy neighbour, a bad version."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from alertdrill.errors import ScenarioError
from alertdrill.faults import objects
from alertdrill.faults.base import FaultKind, Place
from alertdrill.model import Trait, Value
from alertdrill.scenario import Fault


class Apply(FaultKind):
    """A manifest is applied; the repair puts back what it changed and deletes what it added."""

    name = "apply"

    class Args(Value, frozen=True, kw_only=True):
        """The objects, or the path of a manifest; and what that does to the world."""

        manifest: str | list[dict[str, Any]]
        traits: list[Trait] = []

    def check(self, folder: Path, args: dict[str, Any]) -> None:
        """Read the manifest."""
        read(folder, args["manifest"])

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Remember what is there of these objects, then apply them."""
        things = read(place.folder, args["manifest"])
        manifest = objects.listed(things)
        what = f"looking at what {self.name} would change"
        there = objects.look(place, what, "--filename=-", stdin=manifest)
        place.remembered[self.name] = (things, there)
        place.run(f"injecting {self.name}", "apply", "--filename=-", stdin=manifest)

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Replace what was there by what it was, and delete the rest."""
        del args
        things, there = place.remembered.get(self.name, ([], []))
        if there:
            before = objects.listed([objects.as_sent(one) for one in there])
            place.run(f"healing {self.name}", "replace", "--filename=-", stdin=before)
        known = {objects.identity(one) for one in there}
        added = [one for one in things if objects.identity(one) not in known]
        if added:
            words = ("delete", "--filename=-", "--ignore-not-found", "--wait=false")
            place.run(f"healing {self.name}", *words, stdin=objects.listed(added))


def read(folder: Path, manifest: str | list[objects.Object]) -> list[objects.Object]:
    """Return the objects of a manifest, which is given as such or as a path; else a ScenarioError."""
    things: list[Any]
    if not isinstance(manifest, str):
        things = list(manifest)
        where = "the manifest of apply"
    else:
        path = folder / manifest
        where = f"the manifest {path} of apply"
        try:
            things = [one for one in yaml.safe_load_all(path.read_text()) if one is not None]
        except FileNotFoundError:
            raise ScenarioError(
                f"looked for the manifest {manifest} of apply in {folder.absolute()}; found none",
                about=(manifest,),
            ) from None
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise ScenarioError(f"reading {where}: {error}", about=(manifest,)) from error
    flat: list[Any] = []
    for one in things:
        flat += one["items"] if isinstance(one, dict) and one.get("kind") == "List" else [one]
    for one in flat:
        if not (isinstance(one, dict) and {"apiVersion", "kind", "metadata"} <= one.keys()):
            raise ScenarioError(
                f"{where} has something that is no object: {json.dumps(one, default=str)[:100]}"
            )
    if not flat:
        raise ScenarioError(f"{where} has no object, so there is nothing to break")
    return flat


def apply(
    manifest: str | Mapping[str, Any] | Sequence[Mapping[str, Any]], *, traits: Sequence[Trait] = ()
) -> Fault:
    """Apply a manifest: its path beside the scenario's module, or the objects themselves."""
    if isinstance(manifest, Mapping):
        manifest = [manifest]
    said = manifest if isinstance(manifest, str) else [dict(one) for one in manifest]
    return Fault(name=Apply.name, args={"manifest": said, "traits": [str(one) for one in traits]})
