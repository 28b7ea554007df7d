"""What a lab knows of its cluster, so that faults can say whether they can be had on it."""

import re
from functools import partial

from alertdrill.errors import LabError
from alertdrill.faults.base import Ground
from alertdrill.kube import Kube
from alertdrill.lab.clusters import Cluster
from alertdrill.lab.stack import parts
from alertdrill.names import RESTART_SECONDS

GO_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")
UNIT_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def of(kube: Kube, namespace: str, *, speed: float, again: str, cluster: Cluster | None = None) -> Ground:
    """Look at the cluster, and the stack in `namespace`.

    `again` says how to have a cluster whose kubelets fit, "" where they are not ours. `cluster` is what has
    the nodes, None where these are not ours.
    """
    return Ground(
        speed=speed,
        restart_seconds_max=restart_seconds_max(kube),
        components=partial(_components, kube, namespace),
        again=again,
        node=cluster,
        spare=cluster.spare if cluster else None,
    )


def restart_seconds_max(kube: Kube) -> float | None:
    """Return the longest that any kubelet lets a crash loop wait, None where one does not tell."""
    try:
        caps = [
            kube.read(
                "asking a kubelet for its configuration",
                f"/api/v1/nodes/{node['metadata']['name']}/proxy/configz",
                "kubeletconfig",
            )
            for node in kube.get("nodes")
        ]
        return max(map(_cap, caps), default=None)
    except (LabError, AttributeError, TypeError):  # forbidden, or in words that we don't know
        return None


def _cap(config: dict[str, dict[str, str]]) -> float:
    said = config.get("crashLoopBackOff", {}).get("maxContainerRestartPeriod", "")
    return (
        sum(float(number) * UNIT_SECONDS[unit] for number, unit in GO_DURATION.findall(said))
        or RESTART_SECONDS
    )


def _components(kube: Kube, namespace: str) -> frozenset[str]:
    return frozenset(parts.there(kube, namespace))
