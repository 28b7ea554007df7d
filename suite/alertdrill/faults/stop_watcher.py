"""A part of the monitoring stack is stopped: who watches the watchers?"""

import json
from typing import Any

from alertdrill.faults.base import FaultKind, Ground, Place, Text
from alertdrill.faults.in_container import KILL_LATER, anyhow
from alertdrill.model import Trait, Value
from alertdrill.scenario import Fault

# What every DaemonSet of the stack chooses its nodes by.
OS_LABEL = "kubernetes.io/os"
NAME_LABEL = "app.kubernetes.io/name"
# Without these no message is sent, or none is taken.
MESSENGERS = frozenset({"alertmanager", "prometheus", "receiver"})


class StopWatcher(FaultKind):
    """A Deployment of the stack is scaled to none; a DaemonSet is told to run on no node."""

    name = "stop_watcher"

    class Args(Value, frozen=True, kw_only=True):
        """The part of the stack."""

        component: Text

    def available(self, ground: Ground, args: dict[str, Any]) -> str:
        """Need the component to be in the stack."""
        there = ground.components()
        if args["component"] in there:
            return ""
        return (
            f"{args['component']} is no part of the monitoring stack, so it can't be stopped;"
            f" there are: {', '.join(sorted(there)) or 'none'}"
        )

    def traits_of(self, args: dict[str, Any]) -> frozenset[Trait]:
        """Return whether messages stop with it."""
        return frozenset({Trait.STOPS_MESSAGES}) if args["component"] in MESSENGERS else frozenset()

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Have it run no pod; returns before its pods are gone."""
        self._run(place, args["component"], whether=False)

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Have it run again; returns before its pods are there."""
        self._run(place, args["component"], whether=True)

    def _run(self, place: Place, component: str, *, whether: bool) -> None:
        """Change what the next deployment of the stack puts back, should nobody heal it."""
        if not self._is_daemon_set(place, component):
            self._scale(place, component, int(whether))
            return
        node = {OS_LABEL: "linux" if whether else "none"}
        patch = json.dumps({"spec": {"template": {"spec": {"nodeSelector": node}}}})
        how = ("patch", f"daemonset/{component}", "--type=strategic", f"--patch={patch}")
        where = "every node" if whether else "no node"
        place.kube.run(f"having {component} on {where}", *how, f"--namespace={place.stack}")

    def _is_daemon_set(self, place: Place, component: str) -> bool:
        sets = place.kube.get("daemonsets", namespace=place.stack)
        return component in {one["metadata"]["name"] for one in sets}

    def _scale(self, place: Place, component: str, replicas: int) -> None:
        how = ("scale", f"deployment/{component}", f"--replicas={replicas}")
        place.kube.run(f"scaling {component} to {replicas}", *how, f"--namespace={place.stack}")


class RestartWatcher(StopWatcher):
    """The program of a part of the stack is asked to end, and starts again in the same pod.

    A DaemonSet's pods are replaced: from what sees its node's processes nobody may end number 1.
    """

    name = "restart_watcher"

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Ask process 1 of each of its pods to end, or delete them."""
        if self._is_daemon_set(place, args["component"]):
            words = ("delete", "pod", f"--selector={NAME_LABEL}={args['component']}", "--wait=false")
            place.kube.run(f"injecting {self.name}", *words, f"--namespace={place.stack}")
            return
        for pod in place.kube.get(
            "pods", namespace=place.stack, selector=f"{NAME_LABEL}={args['component']}"
        ):
            name = pod["metadata"]["name"]
            statement = f"os.fork() or ({KILL_LATER})"
            what, command = f"injecting {self.name}", "(sleep 0.3; kill 1) >/dev/null 2>&1 &"
            anyhow(place.kube, place.stack, name, what, command=command, statement=statement)

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Nothing: the kubelet has repaired it."""


class DoubleWatcher(StopWatcher):
    """Two of a Deployment of the stack run side by side, and each tells everything."""

    name = "double_watcher"

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Ask for two."""
        self._scale(place, args["component"], 2)


def stop_watcher(component: str) -> Fault:
    """Stop one part of the monitoring stack ("kube-api-exporter", "prometheus", "prom-node-exporter")."""
    return Fault(name=StopWatcher.name, args={"component": component})


def restart_watcher(component: str) -> Fault:
    """Restart the program of one part of the monitoring stack, in its pod."""
    return Fault(name=RestartWatcher.name, args={"component": component})


def double_watcher(component: str) -> Fault:
    """Have two of one Deployment of the monitoring stack."""
    return Fault(name=DoubleWatcher.name, args={"component": component})
