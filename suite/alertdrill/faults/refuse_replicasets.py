"""A rollout whose ReplicaSet is refused, so that the Deployment's new generation stays unobserved."""

import json
from typing import Any

from alertdrill.faults.base import Aimed, FaultKind, Place
from alertdrill.model import Trait
from alertdrill.scenario import Fault

QUOTA = "alertdrill-no-more-replicasets"


class RefuseReplicaSets(FaultKind):
    """A quota with no room for another ReplicaSet, then a changed template.

    The Deployment controller copies `generation` to `observedGeneration` only once it has made the
    ReplicaSet of the new template, which the quota forbids.
    """

    name = "refuse_replicasets"
    traits = frozenset({Trait.CHANGES_SPEC})
    Args = Aimed

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Forbid ReplicaSets beyond those there are, then change the template."""
        there = len(place.kube.get("replicasets", namespace=place.namespace))
        hard = f"--hard=count/replicasets.apps={there}"
        place.run(f"injecting {self.name}", "create", "quota", QUOTA, hard)
        self._stamp(place, args["target"], {"spec": {"template": {"metadata": _stamp("refused")}}})

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Remove the quota, and touch the object: the controller has given up and waits for a change."""
        place.run(f"healing {self.name}", "delete", "quota", QUOTA, "--ignore-not-found")
        self._stamp(place, args["target"], {"metadata": _stamp("try-again")})

    def _stamp(self, place: Place, target: str, patch: dict[str, Any]) -> None:
        place.patch(f"changing {target}", target, json.dumps(patch))


def _stamp(value: str) -> dict[str, Any]:
    return {"annotations": {"alertdrill.dev/rollout": value}}


def refuse_replicasets(target: str) -> Fault:
    """Change the template of `target` ("deployment/web") while no further ReplicaSet is allowed."""
    return Fault(name=RefuseReplicaSets.name, args={"target": target})
