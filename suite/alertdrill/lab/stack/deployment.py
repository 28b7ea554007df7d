"""The stack put into a cluster, and taken out of it; an unchanged one is recognised and left alone."""

import json
from collections.abc import Mapping, Sequence

from alertdrill.clock import WallClock
from alertdrill.kube import Kube, rollout
from alertdrill.lab.stack import ownership, ready
from alertdrill.lab.stack.render import STACK_ANNOTATION, Alertmanager, Object, deployments, render
from alertdrill.lab.stack.site import Site
from alertdrill.names import LAB_LABEL
from alertdrill.progress import Progress

MANAGER = "alertdrill"  # of the fields we set
READY_SECONDS_MAX = 180.0
DELETE_SECONDS_MAX = 120.0


def deploy(
    kube: Kube,
    site: Site,
    *,
    config: str,
    rules: Mapping[str, str],
    lookback_seconds: float,
    alertmanager: Alertmanager,
    progress: Progress,
    images: Mapping[str, str] | None = None,
    components: Sequence[str] = (),
) -> None:
    """Have the stack run with this Prometheus configuration and these rules, and return once it is ready.

    `rules` are file name → text. `images` (from `images.identities`) makes pods of a rebuilt image start
    anew; give what was loaded into the cluster, or nothing. `components` are what else the stack has.
    """
    objects = render(
        config,
        rules,
        lookback_seconds=lookback_seconds,
        alertmanager=alertmanager,
        images=images or {},
        site=site,
        components=components,
    )
    if _is_there(kube, deployments(objects), site):
        progress.say("the stack is there, unchanged")
        return
    is_new = ownership.refuse_others(kube, objects, site)
    with progress.phase("stack applied"):
        if is_new:
            _claim(kube, objects)
        _apply(kube, objects)
    with progress.phase("stack ready"):
        ready.wait(kube, deployments(objects), site.namespace, deadline=READY_SECONDS_MAX, clock=WallClock())
    _forget_old_config_maps(kube, objects, site)


def remove(kube: Kube, mark: str) -> None:
    """Take out everything that carries a lab's mark, its scenarios' namespaces too; all else stays."""
    ours = f"--selector={LAB_LABEL}={mark}"
    for scope in (("clusterrole,clusterrolebinding",), ("role,rolebinding", "--namespace=default")):
        kube.run(f"removing the roles of {mark}", "delete", *scope, ours)
    kube.run(f"removing the namespaces of {mark}", "delete", "namespace", ours, timeout=DELETE_SECONDS_MAX)


def _is_there(kube: Kube, wanted: list[Object], site: Site) -> bool:
    """Say whether every Deployment runs exactly as it would be applied, and for this lab."""
    found = {thing["metadata"]["name"]: thing for thing in kube.get("deployments", namespace=site.namespace)}
    return all(
        _stack_of(found.get(thing["metadata"]["name"])) == _stack_of(thing)
        and ownership.mark_of(found[thing["metadata"]["name"]]) == site.mark
        and found[thing["metadata"]["name"]]["spec"].get("replicas", 1) == thing["spec"].get("replicas", 1)
        and rollout.has_rolled_out(found[thing["metadata"]["name"]])
        for thing in wanted
    )


def _stack_of(deployment: Object | None) -> str | None:
    annotations: dict[str, str] = (deployment or {}).get("metadata", {}).get("annotations", {})
    return annotations.get(STACK_ANNOTATION)


def _claim(kube: Kube, objects: list[Object]) -> None:
    """Make the namespace, which only one of two who are about to can do; everything is called after it."""
    (namespace,) = [thing for thing in objects if thing["kind"] == "Namespace"]
    what = f"making the namespace {namespace['metadata']['name']}"
    kube.run(what, "create", f"--field-manager={MANAGER}", "--filename=-", stdin=json.dumps(namespace))


def _apply(kube: Kube, objects: list[Object]) -> None:
    kube.run(
        "applying the stack",
        "apply",
        "--server-side",
        "--force-conflicts",  # all of it carries our mark
        f"--field-manager={MANAGER}",
        "--filename=-",
        stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}),
    )


def _forget_old_config_maps(kube: Kube, objects: list[Object], site: Site) -> None:
    """Remove the ConfigMaps of earlier rules and configurations: each has a name of its own."""
    current = {thing["metadata"]["name"] for thing in objects if thing["kind"] == "ConfigMap"}
    where, ours = f"--namespace={site.namespace}", f"--selector={LAB_LABEL}={site.mark}"
    found = kube.run("listing rules", "get", "configmaps", where, ours, "--output=name")
    old = [name for name in found.split() if name.partition("/")[2] not in current]
    if old:
        kube.run("removing old rules", "delete", where, *old)
