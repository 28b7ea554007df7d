"""The configuration of a kind cluster, from what is asked for and what the machine needs."""

import yaml

from alertdrill.names import LAB_LABEL, SPARE_LABEL

CRASH_LOOP_GATE = "KubeletCrashLoopBackOffMax"
USER_NAMESPACE_GATE = "KubeletInUserNamespace"
RESTART_SECONDS_MIN = 1.0
RESTART_SECONDS_MAX = 300.0
# How long a kubelet remembers who somebody is, and what they may do, as kubelets are by themselves: so long
# it can be scraped without an API server.
IDENTITY_SECONDS, RIGHTS_SECONDS = 120.0, 300.0
# When the controllers call a node that says nothing unknown, how often they look, and how long what it says
# holds. By themselves these are 50, 5 and 40 seconds, of which the kubelet renews the last four times: a lab
# can't be faithful to that, only waste less of its time.
SILENCE_SECONDS, LOOK_SECONDS, LEASE_SECONDS = 12, 1, 10
# There is one of each, so nobody to elect. Who holds an election ends when the API server is gone for ten
# seconds, and waits for its own lease to run out when it is back.
ALONE = {"leader-elect": "false"}
KUBEADM = "kubeadm.k8s.io/"


def config(
    *,
    restart_seconds_max: float | None,
    bounded: bool,
    own_network: bool,
    speed: float = 1.0,
    mark: str = "",
) -> str:
    """Return the YAML that `kind create cluster --config` reads: a node for all, and a spare one to break.

    Only what says that it bears it runs on the spare one, so that a node can be lost and all else go on.
    `speed` says how many times as fast as in life the lab runs, where that is for the cluster to know.
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
    controllers = dict(ALONE)
    if speed > 1:
        kubelet["authentication"] = {"webhook": {"cacheTTL": _shrunk(IDENTITY_SECONDS, speed)}}
        kubelet["authorization"] = {"webhook": {"cacheAuthorizedTTL": _shrunk(RIGHTS_SECONDS, speed)}}
        kubelet["nodeLeaseDurationSeconds"] = LEASE_SECONDS
        controllers["node-monitor-grace-period"] = f"{SILENCE_SECONDS}s"
        controllers["node-monitor-period"] = f"{LOOK_SECONDS}s"
    patches = [kubelet, *_flags({"controllerManager": controllers, "scheduler": ALONE})]
    return yaml.safe_dump(
        {
            "kind": "Cluster",
            "apiVersion": "kind.x-k8s.io/v1alpha4",
            # No apiServerPort: the kernel chooses a free one.
            "networking": {"apiServerAddress": "127.0.0.1", "disableDefaultCNI": own_network},
            "featureGates": gates,
            "nodes": _nodes(patches, mark),
        },
        sort_keys=False,
    )


def _nodes(patches: list[dict[str, object]], mark: str) -> list[dict[str, object]]:
    """Return the node of the control plane, as it is patched, and the spare one."""
    # Where there are others kubeadm keeps pods from it.
    everything = {"kind": "InitConfiguration", "nodeRegistration": {"taints": []}}
    nobody = {"key": SPARE_LABEL, "effect": "NoSchedule"}
    joined = {"kind": "JoinConfiguration", "nodeRegistration": {"taints": [nobody]}}
    nodes: list[dict[str, object]] = [
        {
            "role": "control-plane",
            "kubeadmConfigPatches": [yaml.safe_dump(one) for one in (*patches, everything)],
        },
        {
            "role": "worker",
            "labels": {SPARE_LABEL: ""},
            "kubeadmConfigPatches": [yaml.safe_dump(joined)],
        },
    ]
    if mark:
        mount = {"hostPath": "/dev/null", "containerPath": mount_of(mark), "readOnly": True}
        for node in nodes:
            node["extraMounts"] = [mount]
    return nodes


def _flags(of: dict[str, dict[str, str]]) -> list[dict[str, object]]:
    """Return parts' flags in both of kubeadm's ways; kind takes the one of its version."""

    def listed(flags: dict[str, str]) -> list[dict[str, str]]:
        return [{"name": name, "value": value} for name, value in flags.items()]

    return [
        {
            "kind": "ClusterConfiguration",
            "apiVersion": f"{KUBEADM}{version}",
            **{part: {"extraArgs": way(flags)} for part, flags in of.items()},
        }
        for version, way in (("v1beta3", dict), ("v1beta4", listed))
    ]


def _shrunk(seconds: float, speed: float) -> str:
    return f"{seconds / speed * 1000:.0f}ms"


def mount_of(mark: str) -> str:
    """Return the path in a node at which nothing is mounted but that it is this lab's."""
    return f"/{LAB_LABEL}/{mark}"
