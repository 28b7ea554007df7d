"""The stack put into a cluster, and taken out of it; an unchanged one is recognised and left alone."""

import json
from collections.abc import Mapping, Sequence

from alertdrill.clock import WallClock
from alertdrill.kube import Kube
from alertdrill.kube.rollout import Workload
from alertdrill.lab.stack import ownership, parts, ready
from alertdrill.lab.stack.render import Alertmanager, Object, render, running
from alertdrill.lab.stack.site import Site
from alertdrill.names import BROKEN, LAB_LABEL, STACK_ANNOTATION
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
    there = parts.there(kube, site.namespace)
    if _is_there(there, running(objects), site):
        progress.say("the stack is there, unchanged")
        return
    is_new = ownership.refuse_others(kube, objects, site)
    with progress.phase("stack applied"):
        if is_new:
            _claim(kube, objects)
        _apply(kube, objects)
        _start_anew(kube, [str(one) for one in there.values() if _stack_of(one.thing) == BROKEN], site)
    with progress.phase("stack ready"):
        ready.wait(kube, running(objects), site.namespace, deadline=READY_SECONDS_MAX, clock=WallClock())
    _forget_old_config_maps(kube, objects, site)


def remove(kube: Kube, mark: str) -> None:
    """Take out everything that carries a lab's mark, its scenarios' namespaces too; all else stays."""
    ours = f"--selector={LAB_LABEL}={mark}"
    for scope in (("clusterrole,clusterrolebinding",), ("role,rolebinding", "--namespace=default")):
        kube.run(f"removing the roles of {mark}", "delete", *scope, ours)
    kube.run(f"removing the namespaces of {mark}", "delete", "namespace", ours, timeout=DELETE_SECONDS_MAX)


def _is_there(found: Mapping[str, Workload], wanted: list[Object], site: Site) -> bool:
    """Say whether every part runs exactly as it would be applied, and for this lab."""
    return all(
        thing["metadata"]["name"] in found and _is_same(found[thing["metadata"]["name"]], thing, site)
        for thing in wanted
    )


def _is_same(part: Workload, wanted: Object, site: Site) -> bool:
    return (
        _stack_of(part.thing) == _stack_of(wanted)
        and ownership.mark_of(part.thing) == site.mark
        and part.thing["spec"].get("replicas", 1) == wanted["spec"].get("replicas", 1)
        and part.is_healthy
        and not parts.wants_none(part)
    )


def _stack_of(thing: Object) -> str | None:
    annotations: dict[str, str] = thing["metadata"].get("annotations", {})
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


def _start_anew(kube: Kube, broken: list[str], site: Site) -> None:
    """Restart what a drill that was killed left with a state that nothing applied puts right."""
    for part in broken:
        where = f"--namespace={site.namespace}"
        kube.run(f"starting {part} anew", "rollout", "restart", part.lower(), where)


def _forget_old_config_maps(kube: Kube, objects: list[Object], site: Site) -> None:
    """Remove the ConfigMaps of earlier rules and configurations: each has a name of its own."""
    current = {thing["metadata"]["name"] for thing in objects if thing["kind"] == "ConfigMap"}
    where, ours = f"--namespace={site.namespace}", f"--selector={LAB_LABEL}={site.mark}"
    found = kube.run("listing rules", "get", "configmaps", where, ours, "--output=name")
    old = [name for name in found.split() if name.partition("/")[2] not in current]
    if old:
        kube.run("removing old rules", "delete", where, *old)
