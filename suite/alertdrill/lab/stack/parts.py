"""What runs the stack's pods, in the cluster and as it is rendered. No two of them share a name."""

from alertdrill.kube import Kube
from alertdrill.kube.rollout import Workload

RESOURCES = {"deployments": "Deployment", "daemonsets": "DaemonSet"}
KINDS = frozenset(RESOURCES.values())


def there(kube: Kube, namespace: str) -> dict[str, Workload]:
    """Return what is in the cluster, by name."""
    found = [
        Workload(kind, thing)
        for resource, kind in RESOURCES.items()
        for thing in kube.get(resource, namespace=namespace)
    ]
    return {one.name: one for one in found}


def wants_none(part: Workload) -> bool:
    """Say whether no pod of it is wanted: it is rolled out then, as nothing."""
    status = part.thing.get("status", {})
    wanted = {
        "Deployment": part.thing["spec"].get("replicas", 1),
        "DaemonSet": status.get("desiredNumberScheduled", 0),
    }
    return not wanted[part.kind]
