"""Faults inside running containers: nothing in the API server says that somebody did it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from alertdrill.errors import LabError
from alertdrill.faults.base import FaultKind, Place, Text
from alertdrill.kube import Kube
from alertdrill.model import Value
from alertdrill.scenario import Fault

# A process of its own does it a moment later: process 1 takes all others of its container along, and kubectl
# would say that its command was killed.
KILL_LATER = "os.setsid(), os.closerange(0, 3), signal.sigtimedwait([], 0.3), os.kill(1, signal.SIGTERM)"
AT_ONCE = 8  # each is a kubectl


def pods(place: Place, args: dict[str, Any]) -> list[str]:
    """Return the names of the target's pods."""
    return place.pods(args["selector"])


def in_each(place: Place, args: dict[str, Any], do: Callable[[str], None]) -> None:
    """Do it in all of the target's pods at once: one after the other they break at as many times.

    One that failed is raised once all have ended.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = [pool.submit(do, pod) for pod in pods(place, args)]
    for one in done:
        one.result()


def python(place: Place, pod: str, what: str, statement: str) -> None:
    """Run a statement in a pod; python is the one program that every workload's image has."""
    place.run(what, "exec", pod, "--", "python3", "-c", f"import os, pathlib, signal; {statement}")


def python_in_each(place: Place, args: dict[str, Any], what: str, statement: str) -> None:
    """Run a statement in all of the target's pods."""
    in_each(place, args, lambda pod: python(place, pod, what, statement))


def anyhow(kube: Kube, namespace: str, pod: str, what: str, *, command: str, statement: str) -> str:
    """Have it done in a pod whose image has a shell, or python: upstream's have the one, ours the other."""
    where = ("exec", pod, f"--namespace={namespace}", "--")
    try:
        return kube.run(what, *where, "python3", "-c", f"import os, signal; {statement}")
    except LabError:
        return kube.run(what, *where, "sh", "-c", command)


class OfPods(Value, frozen=True, kw_only=True):
    """The pods it is done to."""

    selector: Text


class FailReadiness(FaultKind):
    """Every pod stops being ready, and goes on running.

    The workload's readiness probe asks for the file /tmp/ready (fixtures/workloads/README.md).
    """

    name = "fail_readiness"
    Args = OfPods

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Remove the file that the readiness probe asks for."""
        remove = "pathlib.Path('/tmp/ready').unlink(missing_ok=True)"
        python_in_each(place, args, f"injecting {self.name}", remove)

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Put the file back."""
        python_in_each(place, args, f"healing {self.name}", "pathlib.Path('/tmp/ready').touch()")


class RestartOnce(FaultKind):
    """The main process of one pod ends with 1, once; the kubelet restarts it."""

    name = "restart_once"
    Args = OfPods

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Ask process 1 of the first pod to end, which the workload answers by exit 1."""
        python(place, pods(place, args)[0], f"injecting {self.name}", f"os.fork() or ({KILL_LATER})")

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Nothing: the kubelet has repaired it."""


def fail_readiness(selector: str) -> Fault:
    """Make every pod that matches the label selector unready, without a restart."""
    return Fault(name=FailReadiness.name, args={"selector": selector})


def restart_once(selector: str) -> Fault:
    """End the main process of one pod that matches the label selector."""
    return Fault(name=RestartOnce.name, args={"selector": selector})
