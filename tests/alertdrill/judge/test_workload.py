"""Whether Prometheus saw the workload, and what was done to it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alertdrill import incident
from alertdrill.faults import catalogue
from alertdrill.incident import STALE, Incident, Series
from alertdrill.judge import judge
from alertdrill.model import Trait, Verdict
from alertdrill.names import SIGHTS
from alertdrill.scenario import Fault, never

PASS, UNKNOWN = Verdict.PASS, Verdict.UNKNOWN
# Deployment web, seen every 15 s from -30 s to 12 m: generation 2 from 15 s on, 3 after the repair at 9 m.
GOOD = incident.read(Path(__file__).parent / "good")
GENERATION, REPLICAS, AVAILABLE = GOOD.series


def rule_time(ms: int) -> float:
    """Return seconds of rule time since the fault."""
    return (ms / 1000 - GOOD.fault_at) * GOOD.speed


def lost(series: Series, start: float, stop: float) -> Series:
    """Return a series that was not seen between two times."""
    kept = [
        (ms, value)
        for ms, value in zip(series.timestamps, series.values, strict=True)
        if not start < rule_time(ms) < stop
    ]
    return msgspec.structs.replace(
        series, timestamps=tuple(ms for ms, _ in kept), values=tuple(value for _, value in kept)
    )


def told(series: Sequence[Series], fault: Fault | None = GOOD.scenario.fault) -> list[str]:
    """Return why the good recording, with other series and another fault, is unknown."""
    scenario = msgspec.structs.replace(GOOD.scenario, fault=fault)
    traits = next((tuple(one.traits) for one in catalogue.ALL if fault and one.name == fault.name), ())
    played: Incident = msgspec.structs.replace(GOOD, series=tuple(series), scenario=scenario, traits=traits)
    assert {one.verdict for one in judge(played).findings} in ({PASS}, {UNKNOWN})
    return unknown(played)


def unknown(played: Incident) -> list[str]:
    """Return why a recording is unknown."""
    return [one.sentence for one in judge(played).findings if one.verdict is UNKNOWN]


def rollout(name: str = "slow_rollout", **args: Any) -> Fault:
    """Return a fault that changes Deployment web."""
    return Fault(name=name, args={"target": "deployment/web", **args})


@pytest.mark.parametrize(
    ("series", "sentences"),
    [
        ([], ["Prometheus never saw a Deployment in drill-x"]),
        (
            [msgspec.structs.replace(REPLICAS, labels={**REPLICAS.labels, "exported_namespace": "y"})],
            ["Prometheus never saw a Deployment in drill-x"],
        ),
        ([lost(REPLICAS, 100, 200)], ["Prometheus did not see Deployment web from 1m30s to 3m30s"]),
        ([lost(REPLICAS, 600, 900)], ["Prometheus did not see Deployment web from 10m to 12m10s"]),
        ([lost(REPLICAS, -60, 200)], ["Prometheus did not see Deployment web from 0s to 3m30s"]),
        (
            [msgspec.structs.replace(REPLICAS, values=(2.0, 2.0, 2.0, 2.0, *(STALE for _ in range(47))))],
            ["Prometheus did not see Deployment web from 15s to 12m10s"],
        ),
        (
            [
                REPLICAS,
                msgspec.structs.replace(lost(REPLICAS, 100, 900), labels={**REPLICAS.labels, "name": "db"}),
            ],
            ["Prometheus did not see Deployment db from 1m30s to 12m10s"],
        ),
        ([lost(REPLICAS, 100, 130)], []),
    ],
)
def test_a_deployment_out_of_sight_is_unknown(series: Sequence[Series], sentences: list[str]) -> None:
    """Each Deployment of the scenario is seen from the fault to the end, without a hole."""
    assert sentences == told(series)


def disturbed(series: Series, *, alert: str, **spared: tuple[str, ...]) -> list[str]:
    """Return why a run beside which the exporter was disturbed is unknown, if it expects a silence."""
    scenario = msgspec.structs.replace(GOOD.scenario, **spared, expect=(never(alert),), fault=None)
    group = {
        "name": "g",
        "rules": [
            {"alert": "Drift", "expr": 'drift{job="drill/prom-run"} > 0', "for": "1m"},
            {"alert": "Missing", "expr": 'x{job="monitoring/kube-api-exporter"} > 0', "for": "1m"},
            {"alert": "AlertdrillCanary", "expr": "vector(1)"},
        ],
    }
    played = msgspec.structs.replace(
        GOOD,
        scenario=scenario,
        series=(series,),
        disturbed=("kube-api-exporter",),
        rules=msgspec.yaml.encode({"groups": [group]}).decode(),
        traits=(),
    )
    return [one for one in unknown(played) if "did not see" in one or "never saw" in one]


HOLE, ENDLESS = lost(REPLICAS, 100, 400), lost(REPLICAS, 100, 900)
BLIND = ["Prometheus did not see Deployment web from 1m30s to 6m45s"]
BLIND_TO_THE_END = ["Prometheus did not see Deployment web from 1m30s to 12m10s"]
EXPORTER = ("kube-api-exporter",)


@pytest.mark.parametrize(
    ("series", "without", "alert", "sentences"),
    [
        (HOLE, EXPORTER, "Drift", []),
        (HOLE, (), "Drift", BLIND),
        (HOLE, EXPORTER, "Missing", BLIND),
        (ENDLESS, EXPORTER, "Drift", BLIND_TO_THE_END),
    ],
    ids=["does without", "needs it", "expects what rests on it", "never seen again"],
)
def test_who_can_do_without_the_exporter_may_be_out_of_its_sight(
    series: Series, without: tuple[str, ...], alert: str, sentences: list[str]
) -> None:
    """While another disturbs it, and only until it is back."""
    assert sentences == disturbed(series, without=without, alert=alert)


@pytest.mark.parametrize(
    ("series", "alert", "sentences"),
    [
        (ENDLESS, "Drift", []),
        (ENDLESS, "Missing", BLIND_TO_THE_END),
        (lost(REPLICAS, -900, 900), "Drift", ["Prometheus never saw Deployment web in drill-x"]),
    ],
    ids=["rests on others", "expects what rests on it", "never seen at all"],
)
def test_who_never_needs_the_exporter_need_not_be_seen_again(
    series: Series, alert: str, sentences: list[str]
) -> None:
    """It may end while another has taken the exporter away."""
    assert sentences == disturbed(series, regardless_of=EXPORTER, alert=alert)


def sight(metric: str, name: str) -> Series:
    """Return what is seen of an object of another kind, for as long as of the good Deployment."""
    labels = {**REPLICAS.labels, "__name__": metric, "name": name}
    return msgspec.structs.replace(REPLICAS, labels=labels)


@pytest.mark.parametrize("kind", sorted(SIGHTS))
def test_what_ran_is_watched_whatever_its_kind(kind: str) -> None:
    """Each object that was healthy at the baseline is seen to the end, or the verdict is unknown."""
    there = sight(SIGHTS[kind], "db")
    recording = msgspec.structs.replace(GOOD, workload=(f"{kind}/db",))
    for series, sentences in (
        ([*GOOD.series, there], []),
        (GOOD.series, [f"Prometheus never saw {kind} db in drill-x"]),
        ([*GOOD.series, lost(there, 600, 900)], [f"Prometheus did not see {kind} db from 10m to 12m10s"]),
    ):
        assert sentences == unknown(msgspec.structs.replace(recording, series=tuple(series)))


def test_a_scenario_without_a_workload_is_no_doubt() -> None:
    """Nothing of it runs, so nothing of it can be out of sight."""
    scenario = msgspec.structs.replace(GOOD.scenario, fault=None)
    nothing = msgspec.structs.replace(GOOD, workload=(), series=(), scenario=scenario, traits=())
    assert not [one for one in unknown(nothing) if "saw" in one or "see" in one]


def test_an_exporter_that_restarts_goes_on_in_another_series() -> None:
    """What matters is that the Deployment was seen, not by whom."""
    labels = {**REPLICAS.labels, "instance": "b"}
    parts = lost(REPLICAS, 300, 900), msgspec.structs.replace(lost(REPLICAS, -60, 290), labels=labels)
    assert ([], 1) == (told(parts), len(told(parts[:1])))


OLD = (
    "this recording is older than its judge, and does not say what refuse does to a cluster; record it again"
)
CHANGE_SPEC = [one for one in catalogue.ALL if Trait.CHANGES_SPEC in one.traits]


@pytest.mark.parametrize("name", [one.name for one in CHANGE_SPEC if Trait.CRASH_LOOPS not in one.traits])
def test_a_change_that_nobody_saw_is_unknown(name: str) -> None:
    """A fault that changes an object is seen by Prometheus, and soon; else a silence says nothing."""
    fault = rollout(name)
    late = lost(GENERATION, 0, 60)
    other = msgspec.structs.replace(GENERATION, labels={**GENERATION.labels, "name": "db"})
    sentence = f"{name} changes web, but Prometheus saw no new generation until 45s"
    assert [] == told(GOOD.series, fault)
    assert [[sentence]] * 4 == [
        told([REPLICAS, AVAILABLE, *series], fault)
        for series in ([], [late], [other], [lost(GENERATION, -60, 1)])
    ]


def test_a_change_is_told_from_another_kinds() -> None:
    """Another kind's object of that name has generations of its own."""
    labels = {**GENERATION.labels, "__name__": "k8s_poddisruptionbudget_metadata_generation"}
    budget = msgspec.structs.replace(GENERATION, labels=labels, values=tuple(2.0 for _ in GENERATION.values))
    assert [] == told([budget, *GOOD.series], rollout())
    assert ["slow_rollout changes web, but Prometheus saw no new generation until 45s"] == told(
        [budget, REPLICAS, AVAILABLE], rollout()
    )


def test_a_recording_that_does_not_say_what_its_fault_does_is_unknown() -> None:
    """What a check needs to know is never guessed by the fault's name, nor is the check skipped."""
    old = msgspec.structs.replace(GOOD, traits=None)
    sentences = [one.sentence for one in judge(old).findings if one.verdict is UNKNOWN]
    assert [OLD] == sentences


SLOW = "the rollout of web kept replicas away for {}, promised are 1m for each; play it slower"


@pytest.mark.parametrize(
    ("outage", "replicas", "sentences"),
    [
        ((0, 0), 1.0, []),
        ((30, 150), 1.0, []),
        ((30, 165), 1.0, []),
        ((30, 170), 1.0, [SLOW.format("2m")]),
        ((30, 260), 2.0, []),
        ((30, 300), 2.0, [SLOW.format("4m")]),
    ],
)
def test_a_rollout_slower_than_it_says_is_unknown(
    outage: tuple[float, float], replicas: float, sentences: list[str]
) -> None:
    """Replicas are away for as long as the fault says, one after the other, or it was another fault."""
    wanted = msgspec.structs.replace(REPLICAS, values=tuple(replicas for _ in REPLICAS.values))
    available = lost(msgspec.structs.replace(AVAILABLE, values=wanted.values), *outage)
    assert sentences == told([GENERATION, wanted, available], rollout(takes="1m"))


@pytest.mark.parametrize("part", ["first", "then"])
def test_a_change_that_is_one_of_two_faults_must_be_seen_of_its_target(part: str) -> None:
    """The deployment that the one or the other changes is the one whose generation is looked at."""
    for name, said in (("web", []), ("other", ["followed_by changes other, but Prometheus saw no new"])):
        inner = {"name": "patch", "args": {"target": f"deployment/{name}"}}
        fault = Fault(name="followed_by", args={part: inner, "after": "1m"})
        scenario = msgspec.structs.replace(GOOD.scenario, fault=fault)
        found = unknown(msgspec.structs.replace(GOOD, scenario=scenario, traits=(Trait.CHANGES_SPEC,)))
        assert said == [sentence.partition(" generation")[0] for sentence in found]
