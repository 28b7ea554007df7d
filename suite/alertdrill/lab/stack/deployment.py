"""The stack put into a cluster, and taken out of it; an unchanged one is recognised and left alone."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from alertdrill.clock import WallClock
from alertdrill.errors import LabError
from alertdrill.kube import Kube, rollout
from alertdrill.lab.clusters import Access
from alertdrill.lab.stack import ready
from alertdrill.lab.stack.render import STACK_ANNOTATION, Object, deployments, render
from alertdrill.names import STACK_NAMESPACE
from alertdrill.progress import Progress

LABEL = "app.kubernetes.io/part-of"
OURS = "alertdrill"
SELECTOR = f"{LABEL}={OURS}"
READY_SECONDS_MAX = 180.0
DELETE_SECONDS_MAX = 120.0


def deploy(
    access: Access,
    *,
    config: str,
    rules: Mapping[str, str],
    lookback_seconds: float,
    progress: Progress,
    images: Mapping[str, str] | None = None,
    components: Sequence[str] = (),
) -> None:
    """Have the stack run with this Prometheus configuration and these rules, and return once it is ready.

    `rules` are file name → text. `images` (from `images.identities`) makes pods of a rebuilt image start
    anew; give what was loaded into the cluster, or nothing. `components` are what else the stack has.
    """
    objects = render(config, rules, lookback_seconds, images or {}, components)
    kube = Kube(access.kubeconfig, access.context)
    if _is_there(kube, deployments(objects)):
        progress.say("the stack is there, unchanged")
        return
    _refuse_what_is_not_ours(kube)
    with progress.phase("stack applied"):
        _apply(kube, objects)
    with progress.phase("stack ready"):
        ready.wait(kube, deployments(objects), deadline=READY_SECONDS_MAX, clock=WallClock())
    _forget_old_config_maps(kube, objects)


def remove(access: Access) -> None:
    """Take out everything `deploy` puts in; what is not ours stays."""
    kube = Kube(access.kubeconfig, access.context)
    for scope in (("clusterrole,clusterrolebinding",), ("role,rolebinding", "--namespace=default")):
        kube.run("removing the stack's roles", "delete", *scope, f"--selector={SELECTOR}")
    kube.run(
        f"removing the namespace {STACK_NAMESPACE}",
        "delete",
        "namespace",
        f"--selector={SELECTOR},kubernetes.io/metadata.name={STACK_NAMESPACE}",
        timeout=DELETE_SECONDS_MAX,
    )


def _is_there(kube: Kube, wanted: list[Object]) -> bool:
    """Say whether every Deployment runs exactly as it would be applied."""
    found = {thing["metadata"]["name"]: thing for thing in kube.get("deployments", namespace=STACK_NAMESPACE)}
    return all(
        _stack_of(found.get(thing["metadata"]["name"])) == _stack_of(thing)
        and found[thing["metadata"]["name"]]["spec"].get("replicas", 1) == thing["spec"].get("replicas", 1)
        and rollout.has_rolled_out(found[thing["metadata"]["name"]])
        for thing in wanted
    )


def _stack_of(deployment: Object | None) -> str | None:
    annotations: dict[str, str] = (deployment or {}).get("metadata", {}).get("annotations", {})
    return annotations.get(STACK_ANNOTATION)


def _refuse_what_is_not_ours(kube: Kube) -> None:
    for namespace in kube.get("namespaces"):
        metadata: dict[str, Any] = namespace["metadata"]
        if metadata["name"] == STACK_NAMESPACE and metadata.get("labels", {}).get(LABEL) != OURS:
            raise LabError(
                f"deploying the stack: the cluster has a namespace {STACK_NAMESPACE} that is not ours;"
                f" drill in another cluster, or label it {SELECTOR} to let us change and remove it"
            )


def _apply(kube: Kube, objects: list[Object]) -> None:
    kube.run(
        "applying the stack",
        "apply",
        "--server-side",
        "--force-conflicts",
        f"--field-manager={OURS}",
        "--filename=-",
        stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}),
    )


def _forget_old_config_maps(kube: Kube, objects: list[Object]) -> None:
    """Remove the ConfigMaps of earlier rules and configurations: each has a name of its own."""
    current = {thing["metadata"]["name"] for thing in objects if thing["kind"] == "ConfigMap"}
    where = f"--namespace={STACK_NAMESPACE}"
    found = kube.run("listing rules", "get", "configmaps", where, f"--selector={SELECTOR}", "--output=name")
    old = [name for name in found.split() if name.partition("/")[2] not in current]
    if old:
        kube.run("removing old rules", "delete", where, *old)
