"""The machine under the cluster breaks: a part of the control plane, or the kubelet.

Only a lab's own cluster is treated so. Whatever becomes of the drill, the next `up` or play mends the node.
"""

from typing import Any, Literal

from alertdrill.errors import LabError
from alertdrill.faults.base import Anything, FaultKind, Ground, Node, Place
from alertdrill.model import Value
from alertdrill.scenario import Fault

# The kubelet runs what has a manifest in the one folder, and stops what no longer has one.
MANIFESTS = "/etc/kubernetes/manifests"
HALTED = "/etc/kubernetes"
PARTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
KUBELET = "/var/lib/kubelet/config.yaml"
SIGNED, SELF_SIGNED = "serverTLSBootstrap: true", "serverTLSBootstrap: false"

Part = Literal["kube-apiserver", "kube-controller-manager", "kube-scheduler"]

# What all faults here leave is undone by this, whichever it was, and what is whole stays as it is. A kubelet
# that has seen a part end twice would wait before it starts it again, which a new one does not.
MEND = (
    f"cd {HALTED}; how=start;"
    f" for part in {' '.join(PARTS)}; do"
    f" [ ! -e $part.yaml ] || {{ mv $part.yaml {MANIFESTS}/$part.yaml; how=restart; }}; done;"
    f" if grep -q '^{SELF_SIGNED}' {KUBELET}; then"
    f" sed -i 's/^{SELF_SIGNED}/{SIGNED}/' {KUBELET}; how=restart; fi;"
    " systemctl $how kubelet"
)


def mend(node: Node) -> None:
    """Undo whatever a fault did to a node; what it starts takes a while to be there."""
    node.run("mending the node", "sh", "-c", MEND)


class _OfNode(FaultKind):
    """Strikes the node itself; the repair is the same for all."""

    def available(self, ground: Ground, args: dict[str, Any]) -> str:
        """Need a node that is ours."""
        del args
        if ground.node:
            return ""
        return (
            f"{self.name} strikes the machine under the cluster, which is not ours; play it in a lab with a"
            " cluster of its own: alertdrill up without --cluster existing"
        )

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Put the node's files back, and start its kubelet; returns before everything is there again."""
        del args
        mend(_node(place, self.name))


def _node(place: Place, name: str) -> Node:
    if place.node is None:
        raise LabError(f"{name}: there is no node here that is ours")
    return place.node


class HaltControlPlane(_OfNode):
    """A part of the control plane is gone: its manifest is taken from the kubelet, and its process ended."""

    name = "halt_control_plane"

    class Args(Value, frozen=True, kw_only=True):
        """Which part."""

        part: Part

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Return when its process has gone; the kubelet would give it half a minute to end.

        It is ended before its manifest is taken, and again if it is back: one that the kubelet asks to end
        says good-bye, and an API server then takes itself from the endpoints by which it is found to be down.
        """
        part = args["part"]
        script = (
            f"pkill -KILL -o -f '^{part} '; mv {MANIFESTS}/{part}.yaml {HALTED}/{part}.yaml;"
            " for again in $(seq 20); do"
            f" pkill -KILL -o -f '^{part} ' || [ $again -lt 6 ] || exit 0; sleep 0.2; done"
        )
        _node(place, self.name).run(f"injecting {self.name}", "sh", "-c", script)


class StopKubelet(_OfNode):
    """The kubelet of the node ends; what runs there goes on, and nobody looks after it."""

    name = "stop_kubelet"
    Args = Anything

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Stop it."""
        del args
        _node(place, self.name).run(f"injecting {self.name}", "systemctl", "stop", "kubelet")


class DistrustKubelet(_OfNode):
    """The kubelet signs its own certificate, as kubelets do unless they are told to ask the cluster."""

    name = "distrust_kubelet"
    Args = Anything

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Tell it so, and start it anew."""
        del args
        script = f"sed -i 's/^{SIGNED}/{SELF_SIGNED}/' {KUBELET}; systemctl restart kubelet"
        _node(place, self.name).run(f"injecting {self.name}", "sh", "-c", script)


def halt_control_plane(part: Part) -> Fault:
    """Halt a part of the control plane of a cluster that is ours ("kube-apiserver", "kube-scheduler" …)."""
    return Fault(name=HaltControlPlane.name, args={"part": part})


def stop_kubelet() -> Fault:
    """Stop the kubelet of a cluster that is ours."""
    return Fault(name=StopKubelet.name)


def distrust_kubelet() -> Fault:
    """Have the kubelet of a cluster that is ours serve with a certificate that nobody signed."""
    return Fault(name=DistrustKubelet.name)
