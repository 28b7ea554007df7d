"""A machine under the cluster breaks: a part of the control plane, or the kubelet of the spare node.

Only a lab's own cluster is treated so. Whatever becomes of the drill, the next `up` or play mends its nodes.
"""

from abc import abstractmethod
from typing import Any, Literal

from alertdrill.errors import LabError
from alertdrill.faults.base import Anything, FaultKind, Ground, Node, Place
from alertdrill.model import Value
from alertdrill.scenario import Fault

# The kubelet runs what has a manifest in the one folder, and stops what no longer has one.
MANIFESTS = "/etc/kubernetes/manifests"
HALTED = "/etc/kubernetes"
API_SERVER = "kube-apiserver"
PARTS = (API_SERVER, "kube-controller-manager", "kube-scheduler")
KUBELET = "/var/lib/kubelet/config.yaml"
SIGNED, SELF_SIGNED = "serverTLSBootstrap: true", "serverTLSBootstrap: false"

Part = Literal["kube-apiserver", "kube-controller-manager", "kube-scheduler"]

# What all faults here leave is undone by this, whichever it was, and what is whole stays as it is. A kubelet
# that has seen a part end twice would wait before it starts it again, which a new one does not.
MEND = (
    f"cd {HALTED}; how=$1;"
    f" for part in {' '.join(PARTS)}; do"
    f" [ ! -e $part.yaml ] || {{ mv $part.yaml {MANIFESTS}/$part.yaml; how=restart; }}; done;"
    f" if grep -q '^{SELF_SIGNED}' {KUBELET}; then"
    f" sed -i 's/^{SELF_SIGNED}/{SIGNED}/' {KUBELET}; how=restart; fi;"
    " systemctl $how kubelet; echo $how"
)
ASIDE = ("systemd-run", "--quiet", "--collect")  # nobody waits for it
BEGIN_ANEW = (
    "for again in $(seq 60); do"
    f" kubectl --kubeconfig={HALTED}/admin.conf get --raw=/readyz >/dev/null 2>&1 && break; sleep 0.5; done;"
    f' for part in {" ".join(PARTS[1:])}; do pkill -KILL -o -f "^$part "; done; true'
)


def mend(node: Node, *, anew: bool = False) -> bool:
    """Undo whatever a fault did to a node; what it starts takes a while to be there.

    Its kubelet begins anew if anything was to be undone, or if it shall; returns whether it does.
    """
    how = "restart" if anew else "start"
    return "restart" in node.run("mending the node", "sh", "-c", MEND, "mend", how).split()


def mend_both(node: Node, spare: Node | None) -> None:
    """Undo whatever faults did to the node of the control plane, and to the spare one.

    A kubelet that has not heard from an API server for a while asks again every half a minute, and has its
    node taken for lost until then: a quarter of an hour where a lab is 22 times as fast as life. So both
    begin anew.
    """
    anew = mend(node)
    if spare:
        mend(spare, anew=anew)


class _OfNode(FaultKind):
    """Strikes a node itself; the repair is the same for all."""

    @staticmethod
    @abstractmethod
    def struck(where: Ground | Place) -> Node | None:
        """Return the node that it strikes."""

    def available(self, ground: Ground, args: dict[str, Any]) -> str:
        """Need a node that is ours."""
        del args
        if self.struck(ground):
            return ""
        return (
            f"{self.name} strikes the machine under the cluster, which is not ours; play it in a lab with a"
            " cluster of its own: alertdrill up without --cluster existing"
        )

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Put the node's files back, and start its kubelet; returns before everything is there again."""
        del args
        mend(self._node(place))

    def _node(self, place: Place) -> Node:
        node = self.struck(place)
        if node is None:
            raise LabError(f"{self.name}: there is no node here that is ours")
        return node


class _OfKubelet(_OfNode):
    """Strikes the spare node: nobody else rests on its kubelet."""

    @staticmethod
    def struck(where: Ground | Place) -> Node | None:
        """Return the spare node."""
        return where.spare


class HaltControlPlane(_OfNode):
    """A part of the control plane is gone: its manifest is taken from the kubelet, and its process ended."""

    name = "halt_control_plane"

    class Args(Value, frozen=True, kw_only=True):
        """Which part."""

        part: Part

    @staticmethod
    def struck(where: Ground | Place) -> Node | None:
        """Return the node that the control plane runs on."""
        return where.node

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
        self._node(place).run(f"injecting {self.name}", "sh", "-c", script)

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Put the node's files back, and start both kubelets; returns before everything is there again.

        Where the API server was gone, who does the cluster's work begins anew once it is back, for the same
        reason as kubelets do.
        """
        mend_both(self._node(place), place.spare)
        if args["part"] == API_SERVER:
            self._node(place).run(f"healing {self.name}", *ASIDE, "sh", "-c", BEGIN_ANEW)


class StopKubelet(_OfKubelet):
    """The kubelet of the spare node ends; what runs there goes on, and nobody looks after it."""

    name = "stop_kubelet"
    Args = Anything

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Stop it."""
        del args
        self._node(place).run(f"injecting {self.name}", "systemctl", "stop", "kubelet")


class DistrustKubelet(_OfKubelet):
    """The spare node's kubelet signs its own certificate, as kubelets do unless told to ask the cluster."""

    name = "distrust_kubelet"
    Args = Anything

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Tell it so, and start it anew."""
        del args
        script = f"sed -i 's/^{SIGNED}/{SELF_SIGNED}/' {KUBELET}; systemctl restart kubelet"
        self._node(place).run(f"injecting {self.name}", "sh", "-c", script)


def halt_control_plane(part: Part) -> Fault:
    """Halt a part of the control plane of a cluster that is ours ("kube-apiserver", "kube-scheduler" …)."""
    return Fault(name=HaltControlPlane.name, args={"part": part})


def stop_kubelet() -> Fault:
    """Stop the kubelet of the spare node of a cluster that is ours."""
    return Fault(name=StopKubelet.name)


def distrust_kubelet() -> Fault:
    """Have the spare node's kubelet serve with a certificate that nobody signed, in a cluster of ours."""
    return Fault(name=DistrustKubelet.name)
