"""Is the workload healthy, and if not, why?"""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from alertdrill.clock import HOPE_SECONDS, Hope, NotYet, wait_for
from alertdrill.errors import LabError
from alertdrill.faults.base import Place
from alertdrill.names import SIGHTS
from alertdrill.play.baseline import EXPORTER_UP, healthy, scraped_pods, seen, workloads
from alertdrill.rules import Rule
from alertdrill.testing import FakeKube, FakePrometheus, ManualClock


def test_pods_that_ask_to_be_scraped_are_waited_for() -> None:
    """The annotation decides, as it does for Prometheus."""
    asking = {"metadata": {"name": "a", "annotations": {"prometheus.io/scrape": "true"}}}
    silent = {"metadata": {"name": "b", "annotations": {"prometheus.io/scrape": "false"}}}
    assert {"a"} == scraped_pods([asking, silent, {"metadata": {"name": "c"}}])


def looked(place: Place, server: FakePrometheus | None = None, *rules: Rule) -> bool:
    """Return whether Prometheus sees the workload and no alert of it, at a first look."""
    return seen(place, server or FakePrometheus(), rules, Hope(ManualClock()))


REFUSED = {
    "type": "ReplicaFailure",
    "status": "True",
    "reason": "FailedCreate",
    "message": 'serviceaccount "default" not found',
}


def cluster(clock: ManualClock, *, healthy_at: float) -> FakeKube:
    """Return an API server whose one Deployment lacks its pods until a time comes."""

    def objects(resource: str) -> list[dict[str, Any]]:
        is_there = clock.now() >= healthy_at
        status: dict[str, Any] = {"observedGeneration": 1, "conditions": [] if is_there else [REFUSED]}
        if is_there:
            status |= {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
        deployment = {"metadata": {"name": "web", "generation": 1}, "spec": {"replicas": 1}, "status": status}
        return [deployment] if resource == "deployments" else []

    return FakeKube(objects)


def wait_until_healthy(*, healthy_at: float) -> float:
    """Wait for a Deployment that is refused its pods for a while; return how long that took."""
    clock = ManualClock()
    place = Place(cluster(clock, healthy_at=healthy_at), "drill-a", 20)
    wait_for("it", partial(healthy, place, Hope(clock)), deadline=120, clock=clock, every=1)
    return clock.now()


def test_a_refusal_that_passes_is_waited_out() -> None:
    """A new namespace may lack its service account for a moment."""
    assert HOPE_SECONDS - 1 == wait_until_healthy(healthy_at=HOPE_SECONDS - 1)


def test_a_refusal_that_stays_ends_the_wait_early() -> None:
    """After some seconds it is said that waiting is in vain, with the reason, long before the deadline."""
    with pytest.raises(LabError, match=r'FailedCreate: serviceaccount "default" not found\); mend the'):
        wait_until_healthy(healthy_at=100)


def with_failed_job() -> Place:
    """Return a place whose one Job has used up its tries."""
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
    job = {"metadata": {"name": "nightly"}, "spec": {}, "status": {"conditions": [failed]}}
    return Place(FakeKube(lambda resource: [job] if resource == "jobs" else []), "drill-a", 20)


INSTEAD = r'a Job that failed does not come back, .*: workload="", fault=apply\(\[job\]\)'


def test_a_job_that_failed_does_not_come_back() -> None:
    """After a repair the pods of the broken version may go on failing it; it is said what to do instead."""
    with pytest.raises(NotYet, match=f"; Job/nightly: {INSTEAD}"):
        healthy(with_failed_job())


@pytest.mark.parametrize(
    "look",
    [lambda place: healthy(place, Hope(ManualClock())), looked],
    ids=["before it was healthy", "while Prometheus was to see it"],
)
def test_a_job_that_failed_ends_the_wait_at_once(look: Callable[[Place], bool]) -> None:
    """Before anything is broken, with its reason and what to do, whatever is waited for then."""
    why = r"Job/nightly not available \(job nightly: JobFailed: BackoffLimitExceeded\); mend it where"
    with pytest.raises(LabError, match=f"{why}.* where it is to fail, {INSTEAD}"):
        look(with_failed_job())


def test_an_image_that_is_missing_is_told_with_those_that_are_there() -> None:
    """Where nothing can be pulled, a workload runs one of a few images."""
    status = {"waiting": {"reason": "ErrImagePull", "message": "not found"}}
    pod = {
        "metadata": {"name": "web"},
        "status": {"containerStatuses": [{"name": "app", "image": "nginx", "state": status}]},
    }
    place = Place(FakeKube(lambda resource: [pod] if resource == "pods" else []), "drill-a", 20)
    clock = ManualClock()
    with pytest.raises(LabError) as caught:
        wait_for("it", partial(healthy, place, Hope(clock)), deadline=120, clock=clock, every=1)
    assert (
        "waiting for the workload to be healthy: Pod/web not available (container app: ErrImagePull (image"
        " nginx): not found); mend the workload's manifest; the images that every lab has are told by:"
        " alertdrill images" == str(caught.value)
    )


def answer(promql: str) -> list[dict[str, Any]]:
    """Say that all is well, but for one alert about what is scraped in the namespace."""
    if "ALERTS" in promql:
        alert = {"metric": {"alertname": "PromRunCommandFailing"}}
        return [alert] if '{namespace="drill-a"' in promql else []
    return [{"metric": {"name": "web"}}]


def test_an_alert_about_a_scraped_pod_is_active_before_anything_was_broken() -> None:
    """Also an alert that has only the namespace of the scraped pod belongs to the scenario."""
    place = Place(cluster(ManualClock(), healthy_at=0), "drill-a", 20)
    with pytest.raises(NotYet, match="PromRunCommandFailing is active before anything was broken"):
        looked(place, FakePrometheus(answer))


UNLESS = Rule(kind="alert", name="PromRunCommandFailing", expr="job_exit_code unless job_exit_ignored")


def test_a_misspelt_metric_that_keeps_an_alert_active_ends_the_wait() -> None:
    """What is subtracted is never there: it is said which metric, and what may have been meant, and soon."""
    clock = ManualClock()
    place = Place(cluster(clock, healthy_at=0), "drill-a", 20)
    server = FakePrometheus(answer, known=["job_exit_code", "job_exits_ignored"])
    look = partial(seen, place, server, (UNLESS,), Hope(clock))
    with pytest.raises(LabError) as caught:
        wait_for("it", look, deadline=120, clock=clock, every=1)
    assert (
        "waiting for the alerts of a healthy workload to be silent: PromRunCommandFailing is active before"
        " anything was broken; Prometheus had no series of job_exit_ignored, which it reads; did you mean"
        " job_exits_ignored?" == str(caught.value)
    )
    assert HOPE_SECONDS == clock.now()


def running(*kinds: str) -> FakeKube:
    """Return an API server that has one object of each kind, called after it."""
    resources = {f"{kind.lower()}s": kind for kind in kinds}

    def objects(resource: str) -> list[dict[str, Any]]:
        kind = resources.get(resource)
        return [{"metadata": {"name": kind.lower()}}] if kind else []

    return FakeKube(objects)


@pytest.mark.parametrize("kind", sorted(SIGHTS))
def test_prometheus_must_have_seen_what_runs_of_whatever_kind(kind: str) -> None:
    """One object of any kind is waited for by its name, and that of another kind is not taken for it."""
    place = Place(running(kind), "drill-a", 20)

    def knows(promql: str) -> list[dict[str, Any]]:
        return [{"metric": {"name": kind.lower()}}] if SIGHTS[kind] in promql else []

    assert looked(place, FakePrometheus(knows))
    sentence = f"Prometheus has no series of a healthy {kind} {kind.lower()} in drill-a"
    with pytest.raises(NotYet, match=sentence):
        looked(place)


@pytest.mark.parametrize(
    ("is_up", "regardless_of", "waits"),
    [(0, ("kube-api-exporter",), False), (1, ("kube-api-exporter",), True), (0, (), True)],
)
def test_an_exporter_that_is_away_is_waited_for_by_who_needs_it(
    is_up: int,
    regardless_of: tuple[str, ...],
    waits: bool,  # noqa: FBT001
) -> None:
    """Whoever never does comes up meanwhile; while it is there its word counts for all."""
    place, hope = Place(running("Deployment"), "drill-a", 20), Hope(ManualClock())
    server = FakePrometheus(lambda promql: [{"metric": {}}] * is_up if promql == EXPORTER_UP else [])
    found = None
    try:
        seen(place, server, (), hope, regardless_of)
    except NotYet as error:
        found = str(error)
    assert waits is ("has no series of a healthy Deployment" in (found or ""))


def test_a_scenario_without_a_workload_has_nothing_to_wait_for() -> None:
    """What it breaks is there already; that no alert of it is active is looked at all the same."""
    place = Place(running(), "drill-a", 20)
    assert () == workloads(place)
    assert healthy(place)
    assert looked(place)
