"""Is the workload healthy, and does Prometheus see that? Asked before anything is broken."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from alertdrill.clock import Hope, NotYet
from alertdrill.errors import LabError
from alertdrill.faults.base import Place
from alertdrill.judge import unseen
from alertdrill.kube import rollout
from alertdrill.kube.rollout import Obstacle, Workload
from alertdrill.names import (
    EXPORTER,
    NAMESPACE_LABEL,
    PRESENT,
    REPLICAS,
    SCRAPE_ANNOTATION,
    SIGHTS,
    TOUCHABLE,
)
from alertdrill.play.observe import NOBODYS, own_alerts
from alertdrill.prometheus import Prometheus
from alertdrill.rules import Rule

EXPORTER_UP = f'up{{job=~"{"|".join(sorted(TOUCHABLE[EXPORTER]))}"}} == 1'
WAITING = "waiting for the workload to be healthy"
GIVEN_UP = (
    "a Job that failed does not come back, so let it be the fault and not the workload:"
    ' workload="", fault=apply([job]), and the repair deletes it'
)


def healthy(place: Place, hope: Hope | None = None) -> bool:
    """Return True when everything that runs pods has them all; else raise NotYet with what keeps it.

    What waiting does not mend, such as an image that is missing or a pod that is refused, is a LabError once
    `hope` is lost, and a Job that failed at once; after a repair the broken version's pods are around for a
    while: there is none to lose.
    """
    lacking = [one for one in rollout.workloads(partial(_listed, place)) if not one.is_healthy]
    if not lacking:
        return True
    found = _obstacles(place, lacking)
    sentence = _unavailable(lacking, found)
    given_up = [one for one in lacking if one.is_given_up]
    if given_up and hope:
        raise _failed(place, given_up)
    if hope and hope.is_lost(trouble=any(one.is_hopeless for one in found)):
        raise LabError(f"{WAITING}: {sentence}; mend the workload's manifest{_images(found)}")
    raise NotYet(f"{sentence}; {', '.join(map(str, given_up))}: {GIVEN_UP}" if given_up else sentence)


def _obstacles(place: Place, lacking: list[Workload]) -> list[Obstacle]:
    things = [{**one.thing, "kind": one.kind} for one in lacking]
    return rollout.obstacles(things, _listed(place, "pods"), _listed(place, "events"))


def _unavailable(lacking: list[Workload], found: list[Obstacle]) -> str:
    why = "; ".join(map(str, found)) or "no pod says why"
    return f"{', '.join(map(str, lacking))} not available ({why})"


def _failed(place: Place, given_up: list[Workload]) -> LabError:
    """Say of Jobs why they failed, and what to do: nobody starts them again."""
    sentence = _unavailable(given_up, _obstacles(place, given_up))
    return LabError(f"{WAITING}: {sentence}; mend it where it is to succeed; where it is to fail, {GIVEN_UP}")


def _images(found: list[Obstacle]) -> str:
    """Say which images there are, where one is missing that there is not."""
    missing = any(one.image and one.is_hopeless for one in found)
    return "; the images that every lab has are told by: alertdrill images" if missing else ""


def seen(
    place: Place, server: Prometheus, rules: Sequence[Rule], hope: Hope, regardless_of: Sequence[str] = ()
) -> bool:
    """Return True when Prometheus has the healthy workload's series and no alert of it; else raise NotYet.

    Whoever is `regardless_of` the exporter does not wait for one that another took away. A Job may have been
    healthy and fail by then, which is a LabError, as it is once `hope` is lost that an alert which reads a
    misspelt metric ends.
    """
    there = rollout.workloads(partial(_listed, place))
    if given_up := [one for one in there if one.is_given_up]:
        raise _failed(place, given_up)
    is_told = EXPORTER not in regardless_of or server.query(EXPORTER_UP)
    for kind, names in _by_kind(tuple(map(str, there))) if is_told else ():
        if missing := names - {one["metric"].get("name") for one in server.query(_healthy(kind, place))}:
            raise NotYet(
                f"Prometheus has no series of a healthy {kind} {', '.join(sorted(missing))} in"
                f" {place.namespace}"
            )
    up = {target["metric"].get("pod") for target in server.query(f'up{{namespace="{place.namespace}"}} == 1')}
    if missing := scraped_pods(place.kube.get("pods", namespace=place.namespace)) - up:
        raise NotYet(f"Prometheus does not scrape {', '.join(sorted(missing))} yet")
    active = _alert_names(server, " or ".join(own_alerts(place.namespace)))
    if not active:
        return True
    lacking = unseen.of_none(active, rules, server.names())
    sentence = f"{', '.join(sorted(active))} is active before anything was broken{lacking or ''}"
    if hope.is_lost(trouble=bool(lacking and lacking.meant)):
        raise LabError(f"waiting for the alerts of a healthy workload to be silent: {sentence}")
    raise NotYet(sentence)


def workloads(place: Place) -> tuple[str, ...]:
    """Return what runs pods in the scenario's namespace, as KIND/NAME."""
    return tuple(sorted(map(str, rollout.workloads(partial(_listed, place)))))


def _listed(place: Place, resource: str) -> list[dict[str, Any]]:
    return place.kube.get(resource, namespace=place.namespace)


def _by_kind(found: tuple[str, ...]) -> Iterator[tuple[str, set[str]]]:
    """Yield the kinds of which Prometheus is told, each with the names of what is there."""
    for kind in SIGHTS:
        if names := {one.partition("/")[2] for one in found if one.startswith(f"{kind}/")}:
            yield kind, names


def _healthy(kind: str, place: Place) -> str:
    """Return a query for the objects of a kind that Prometheus saw with all of their pods."""
    where = f'{{{NAMESPACE_LABEL}="{place.namespace}"}}'
    wanted = f"{SIGHTS[kind]}{where}"
    return f"{wanted} == {PRESENT[kind]}{where} or {wanted} == 0" if kind in PRESENT else wanted


def scraped_pods(pods: list[dict[str, Any]]) -> set[str]:
    """Return the names of the pods that ask to be scraped."""
    return {
        pod["metadata"]["name"]
        for pod in pods
        if pod["metadata"].get("annotations", {}).get(SCRAPE_ANNOTATION) == "true"
    }


def quiet(
    server: Prometheus,
    canary: str,
    *,
    seconds: float,
    meant: frozenset[str] = frozenset(),
    far: frozenset[str] = frozenset(),
) -> bool:
    """Return True when, for so long, deployments were seen and no alert but the canary was active.

    What is about a scenario's namespace is for that scenario to judge: it may be coming up, or going away. So
    is what is `meant` to be active, and what is pending and `far` from firing: a part of the stack that was
    restarted is called restarting for minutes.
    One silent moment proves nothing: there is one between the first scrape of a Deployment that isn't
    available yet and the evaluation that makes its alert pending. So `seconds` must hold an evaluation.
    """
    lately = f"{round(seconds * 1000)}ms"
    if canary not in _alert_names(server, "ALERTS"):
        raise NotYet(f"the canary alert {canary} does not fire yet")
    if not server.query(f"{REPLICAS} offset {lately}"):
        raise NotYet(f"Prometheus has not seen Deployments for {seconds:g} s yet")
    active = server.query(f"present_over_time(ALERTS{{{NOBODYS}}}[{lately}])")
    near = {
        one["metric"]["alertname"]
        for one in active
        if one["metric"]["alertname"] not in far or one["metric"]["alertstate"] == "firing"
    }
    if others := near - {canary} - meant:
        raise NotYet(f"{', '.join(sorted(others))} is active")
    return True


def _alert_names(server: Prometheus, promql: str) -> set[str]:
    return {alert["metric"]["alertname"] for alert in server.query(promql)}
