"""The configuration of a kind cluster, from what is asked for and what the machine needs."""

import yaml

CRASH_LOOP_GATE = "KubeletCrashLoopBackOffMax"
USER_NAMESPACE_GATE = "KubeletInUserNamespace"
RESTART_SECONDS_MIN = 1.0
RESTART_SECONDS_MAX = 300.0


def config(*, restart_seconds_max: float | None, bounded: bool, own_network: bool) -> str:
    """Return the YAML that `kind create cluster --config` reads.

    `bounded` says that the node can't do all that root can (no CAP_SYS_RESOURCE), which the kubelet takes for
    a fault unless told. `own_network` says that the image brings its pod network along.
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
    return yaml.safe_dump(
        {
            "kind": "Cluster",
            "apiVersion": "kind.x-k8s.io/v1alpha4",
            # No apiServerPort: the kernel chooses a free one.
            "networking": {"apiServerAddress": "127.0.0.1", "disableDefaultCNI": own_network},
            "featureGates": gates,
            "nodes": [{"role": "control-plane", "kubeadmConfigPatches": [yaml.safe_dump(kubelet)]}],
        },
        sort_keys=False,
    )
