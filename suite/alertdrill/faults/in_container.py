"""Faults inside running containers: nothing in the API server says that somebody did it."""

from typing import Any

from alertdrill.errors import LabError
from alertdrill.faults.base import Place
from alertdrill.scenario import Fault


def pods(place: Place, args: dict[str, Any]) -> list[str]:
    """Return the names of the target's pods; none is a LabError, because nothing would be broken."""
    found = place.kube.get("pods", namespace=place.namespace, selector=args["selector"])
    if not found:
        raise LabError(
            f"no pod in {place.namespace} matches {args['selector']}, so there is nothing to break"
        )
    return sorted(pod["metadata"]["name"] for pod in found)


class FailReadiness:
    """Every pod stops being ready, and goes on running.

    The workload's readiness probe asks for the file /tmp/ready (fixtures/workloads/README.md).
    """

    name = "fail_readiness"
    crash_loops = False

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Remove the file that the readiness probe asks for."""
        for pod in pods(place, args):
            place.run(f"injecting {self.name}", "exec", pod, "--", "rm", "-f", "/tmp/ready")  # noqa: S108

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Put the file back."""
        for pod in pods(place, args):
            place.run(f"healing {self.name}", "exec", pod, "--", "touch", "/tmp/ready")  # noqa: S108


class RestartOnce:
    """The main process of one pod ends with 1, once; the kubelet restarts it."""

    name = "restart_once"
    crash_loops = False

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Ask process 1 of the first pod to end, which the workload answers by exit 1."""
        place.run(f"injecting {self.name}", "exec", pods(place, args)[0], "--", "kill", "-TERM", "1")

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Nothing: the kubelet has repaired it."""


def fail_readiness(selector: str) -> Fault:
    """Make every pod that matches the label selector unready, without a restart."""
    return Fault(name=FailReadiness.name, args={"selector": selector})


def restart_once(selector: str) -> Fault:
    """End the main process of one pod that matches the label selector."""
    return Fault(name=RestartOnce.name, args={"selector": selector})
