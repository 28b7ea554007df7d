"""The configuration of a kind cluster, from what is asked for and what the machine needs."""

import yaml

from alertdrill.names import LAB_LABEL

CRASH_LOOP_GATE = "KubeletCrashLoopBackOffMax"
USER_NAMESPACE_GATE = "KubeletInUserNamespace"
RESTART_SECONDS_MIN = 1.0
RESTART_SECONDS_MAX = 300.0


def config(*, restart_seconds_max: float | None, bounded: bool, own_network: bool, mark: str = "") -> str:
    """Return the YAML that `kind create cluster --config` reads.

    `bounded` says that the node can't do all that root can (no CAP_SYS_RESOURCE), which the kubelet takes for
    a fault unless told. `own_network` says that the image brings its pod network along. `mark` says whose it
    is, in the one place that is seen from outside whether the node runs or not: a mount's path.
    """
    kubelet: dict[str, object] = {
        "kind": "KubeletConfiguration",
        "serverTLSBootstrap": True,  # so that Prometheus can verify the kubelet's certificate
        "failCgroupV1": False,  # from 1.35 on, version 1 must be allowed by name
    }
    gates = {}
    if bounded:
        gates[USER_NAMESPACE_GATE] = True
    if restart_seconds_max is not None:
        gates[CRASH_LOOP_GATE] = True
        seconds = min(max(restart_seconds_max, RESTART_SECONDS_MIN), RESTART_SECONDS_MAX)
        kubelet["crashLoopBackOff"] = {"maxContainerRestartPeriod": f"{seconds:g}s"}
    node: dict[str, object] = {
        "role": "control-plane",
        "kubeadmConfigPatches": [yaml.safe_dump(kubelet)],
    }
    if mark:
        mount = {"hostPath": "/dev/null", "containerPath": mount_of(mark), "readOnly": True}
        node["extraMounts"] = [mount]
    return yaml.safe_dump(
        {
            "kind": "Cluster",
            "apiVersion": "kind.x-k8s.io/v1alpha4",
            # No apiServerPort: the kernel chooses a free one.
            "networking": {"apiServerAddress": "127.0.0.1", "disableDefaultCNI": own_network},
            "featureGates": gates,
            "nodes": [node],
        },
        sort_keys=False,
    )


def mount_of(mark: str) -> str:
    """Return the path in a node at which nothing is mounted but that it is this lab's."""
    return f"/{LAB_LABEL}/{mark}"
