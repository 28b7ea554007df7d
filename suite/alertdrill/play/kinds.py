"""Kinds of objects that workloads are made of, and what an API server knows of them before any is applied.

What is in no namespace would stay when the scenario is over, and may be somebody else's.
"""

import functools
from collections.abc import Callable, Iterator, Sequence

from alertdrill.errors import LabError, ScenarioError
from alertdrill.kube import Kube
from alertdrill.play import workload
from alertdrill.scenario import Scenario, place


def check(scenarios: Sequence[Scenario], kube: Kube) -> None:
    """Raise ScenarioError for workloads with something that the API server does not have, or in no namespace.

    A server that does not answer refuses nothing: applying the workload will tell.
    """
    is_namespaced = functools.cache(kube.is_namespaced)
    found = [
        place.said(one, f"scenario {one.name}: its workload {workload.manifest(one)} has {what}", _about(one))
        for one in scenarios
        for what in _unfit(one, is_namespaced)
    ]
    if found:
        raise ScenarioError("\n".join(dict.fromkeys(found)))


def _about(scenario: Scenario) -> tuple[str, ...]:
    return scenario.name, scenario.workload


def _unfit(scenario: Scenario, is_namespaced: Callable[[str, str], bool | None]) -> Iterator[str]:
    for one in workload.objects(scenario):
        version, kind, name = one["apiVersion"], one["kind"], one["metadata"]["name"]
        try:
            namespaced = is_namespaced(version, kind)
        except LabError:
            continue
        if namespaced is None:
            yield (
                f"a {kind} of {version}, which this cluster does not know; install its"
                " CustomResourceDefinition first, or leave it out"
            )
        elif not namespaced:
            yield (
                f"the {kind} {name}, which is in no namespace and would stay; apply it yourself, or leave it"
                " out"
            )
