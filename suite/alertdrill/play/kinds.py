"""Kinds of objects that workloads are made of and an API server lacks: asked before anything is applied."""

from collections.abc import Iterator, Sequence
from typing import Any

from alertdrill.errors import LabError, ScenarioError
from alertdrill.kube import Kube
from alertdrill.play import workload
from alertdrill.scenario import Scenario, place


def check(scenarios: Sequence[Scenario], kube: Kube) -> None:
    """Raise ScenarioError for workloads of kinds that the API server does not have.

    A server that does not answer lacks nothing: applying the workload will tell.
    """
    found = [
        place.said(
            one,
            f"scenario {one.name}: its workload {workload.manifest(one)} has a {kind} of {version}, which"
            " this cluster does not know; install its CustomResourceDefinition, or leave it out",
            (one.name, one.workload),
        )
        for one in scenarios
        for version, kind in _asked(workload.objects(one))
        if not _serves(kube, version, kind)
    ]
    if found:
        raise ScenarioError("\n".join(dict.fromkeys(found)))


def _asked(objects: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """Yield version and kind of objects, but for those of which the definition is among them."""
    brought = {
        (one["spec"]["group"], one["spec"]["names"]["kind"])
        for one in objects
        if one["kind"] == "CustomResourceDefinition"
    }
    for one in objects:
        if (one["apiVersion"].partition("/")[0], one["kind"]) not in brought:
            yield one["apiVersion"], one["kind"]


def _serves(kube: Kube, version: str, kind: str) -> bool:
    try:
        return kube.serves(version, kind)
    except LabError:
        return True
