"""What a fault is aimed at, looked for in the manifest of the workload before anything starts.

A patch of a container by another name adds one, and the alerts that follow are of something else; a target or
a selector that finds nothing breaks nothing. What may be made by somebody else, such as an operator or a
controller, is for the cluster to find.
"""

import re
from collections.abc import Iterator
from typing import Any

from alertdrill.errors import ScenarioError
from alertdrill.faults import catalogue
from alertdrill.play import workload
from alertdrill.scenario import Scenario

# Kinds that nobody makes but who applies them, by what kubectl calls them.
APPLIED = {
    name: kind
    for kind, short in (
        ("CronJob", "cj"),
        ("DaemonSet", "ds"),
        ("Deployment", "deploy"),
        ("StatefulSet", "sts"),
    )
    for name in (kind.lower(), f"{kind.lower()}s", short)
}
PODS = frozenset({"pod", "pods", "po"})
# Groups of the API server's own; objects of any other may be an operator's, which makes more of them.
OWN_GROUP = re.compile(r"v1|(apps|batch|autoscaling|policy|extensions|[a-z.]+\.k8s\.io)/\w+")
BY_SELECTOR = frozenset({"delete", "execute", "fail_readiness", "misbehave", "restart_once"})
TERM = re.compile(r"(?P<key>[\w./-]+)={1,2}(?P<value>[\w.-]*)")
# Labels that controllers give to the pods they make.
GIVEN = re.compile(r"pod-template-.*|controller-.*|job-name|(batch|apps|statefulset)\.kubernetes\.io/.*")


def problems(scenario: Scenario) -> Iterator[ScenarioError]:
    """Yield why the fault can't strike the workload, as far as their texts say."""
    said = f"scenario {scenario.name}: "
    try:
        found = workload.objects(scenario)
        kind = catalogue.of(scenario)
    except ScenarioError as error:
        yield error
        return
    if kind is None or scenario.fault is None or not catalogue.is_shipped(kind):
        return
    if not all(OWN_GROUP.fullmatch(str(one["apiVersion"])) for one in found):
        return
    args = scenario.fault.args
    for sentence, text in (*_target(found, args), *_selector(found, kind.name, args)):
        yield ScenarioError(f"{said}its fault {sentence}", about=(text,))


def _target(found: list[Any], args: dict[str, Any]) -> Iterator[tuple[str, str]]:
    target = str(args.get("target", ""))
    word, _, name = target.partition("/")
    kind = APPLIED.get(word.partition(".")[0])
    if kind is None or not name:
        return
    aimed = [one for one in found if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    if not aimed:
        there = ", ".join(f"{one['kind']}/{one['metadata']['name']}" for one in found)
        yield f"aims at {target}, and its workload has {there or 'nothing'}", target
        return
    containers = [str(one.get("name")) for one in workload.containers(aimed)]
    if "container" in args and args["container"] and args["container"] not in containers:
        there = ", ".join(containers) or "none"
        yield f"changes the container {args['container']} of {target}, which has {there}", args["container"]


def _selector(found: list[Any], fault: str, args: dict[str, Any]) -> Iterator[tuple[str, str]]:
    selector = str(args.get("selector", ""))
    terms = [TERM.fullmatch(one.strip()) for one in selector.split(",")]
    if fault not in BY_SELECTOR or args.get("target", "pods") not in PODS or not all(terms):
        return
    wanted = {(term["key"], term["value"]) for term in terms if term and not GIVEN.fullmatch(term["key"])}
    pods = list(_labels(found))
    if not any(wanted <= labels.items() for labels in pods):
        there = "; ".join(",".join(f"{key}={value}" for key, value in one.items()) for one in pods if one)
        yield (
            f"is done to the pods {selector}, and those of its workload have {there or 'no labels'}",
            selector,
        )


def _labels(found: list[Any]) -> Iterator[dict[str, str]]:
    """Yield the labels of the pods that come of the objects."""
    for one in found:
        spec = one.get("spec") or {}
        spec = (spec.get("jobTemplate") or {}).get("spec") or spec
        pod = one if one["kind"] == "Pod" else spec.get("template")
        if isinstance(pod, dict):
            labels = (pod.get("metadata") or {}).get("labels") or {}
            yield {str(key): str(value) for key, value in labels.items()}
