"""A part of the monitoring stack is stopped: who watches the watchers?"""

from typing import Any

from alertdrill.faults.base import FaultKind, Ground, Place, Text
from alertdrill.model import Value
from alertdrill.names import STACK_NAMESPACE
from alertdrill.scenario import Fault


class StopWatcher(FaultKind):
    """Scales a Deployment of the stack to none."""

    name = "stop_watcher"

    class Args(Value, frozen=True, kw_only=True):
        """The Deployment of the stack."""

        component: Text

    def available(self, ground: Ground, args: dict[str, Any]) -> str:
        """Need the component to be in the stack."""
        there = ground.components()
        if args["component"] in there:
            return ""
        return (
            f"{args['component']} is no Deployment of the monitoring stack, so it can't be stopped;"
            f" there are: {', '.join(sorted(there)) or 'none'}"
        )

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Scale to none, and return when its pods are gone."""
        self._scale(place, args["component"], 0)

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Scale back to one, and return when it is available."""
        self._scale(place, args["component"], 1)
        place.kube.run(
            f"waiting for {args['component']}",
            "rollout",
            "status",
            f"deployment/{args['component']}",
            f"--namespace={STACK_NAMESPACE}",
            "--timeout=60s",
            timeout=70,
        )

    def _scale(self, place: Place, component: str, replicas: int) -> None:
        place.kube.run(
            f"scaling {component} to {replicas}",
            "scale",
            f"deployment/{component}",
            f"--replicas={replicas}",
            f"--namespace={STACK_NAMESPACE}",
        )


def stop_watcher(component: str) -> Fault:
    """Stop one Deployment of the monitoring stack ("kube-api-exporter", "prometheus")."""
    return Fault(name=StopWatcher.name, args={"component": component})
