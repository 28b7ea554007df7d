"""Recordings at real durations say of unmodified rules what life said of the same ones."""

import os
import signal
from collections.abc import Iterable

import msgspec
import pytest

from alertdrill import data, engine, judge, rules
from alertdrill.errors import LabError
from alertdrill.incident import STALE, Incident, Series
from alertdrill.machine.daemon import find
from alertdrill.model import Judgement, Verdict
from alertdrill.replay import replay, replay_all, stretch
from alertdrill.replay.compare import spans
from alertdrill.replay.replay import own_rules
from alertdrill.scenario import notified

from .conftest import RECORDINGS

SHIPPED = [data.path("rules"), data.path("fixtures", "rules")]


def sentences(judgement: Judgement, verdict: Verdict) -> str:
    """Return what is said to that verdict."""
    return "\n".join(one.sentence for one in judgement.findings if one.verdict is verdict)


def with_rules(incident: Incident, old: str, new: str) -> Incident:
    """Return a recording as it would be if its rules had read otherwise."""
    assert old in incident.rules
    return msgspec.structs.replace(incident, rules=incident.rules.replace(old, new))


@pytest.mark.parametrize("recorded", RECORDINGS.values(), ids=RECORDINGS.keys())
def test_a_recording_is_at_real_durations_as_it_was_live(recorded: Incident) -> None:
    """The verdict is that of the track record, alerts fire when they did, and nothing is missing in it."""
    judgement = replay(recorded).judgement
    assert judge.judge(recorded).verdict is judgement.verdict
    assert {"agreement", "recording"} <= {
        one.check for one in judgement.findings if one.verdict is Verdict.PASS
    }
    assert "" == sentences(judgement, Verdict.FAIL) + sentences(judgement, Verdict.UNKNOWN)


def test_the_rules_of_today_are_held_against_what_was_recorded() -> None:
    """Every recording passes by the shipped rules; which of them it has no data for is said."""
    found = list(replay_all(list(RECORDINGS.values()), rules.load(SHIPPED)))
    assert [Verdict.PASS] * len(found) == [one.judgement.verdict for one in found]
    assert all("nothing is said of" in one.judgement.notes[-1] for one in found)
    assert all("Kubediff" in one.judgement.notes[-1] for one in found)


def test_a_rule_that_is_dead_at_real_durations_fails(crash_loop: Incident) -> None:
    """With its historic window the alert never fires on the crash loop it is for."""
    text = crash_loop.rules.replace("[10m]) > 0", "[1m]) > 1/300")
    historic = rules.RuleSet(files={"old.yaml": rules.parse(text, "old.yaml")})
    judgement = replay(crash_loop, historic).judgement
    assert Verdict.FAIL is judgement.verdict
    assert "PodRestartingTooMuch never fired" in sentences(judgement, Verdict.FAIL)


def test_a_recording_that_lacks_a_sample_is_not_complete(crash_loop: Incident) -> None:
    """A hole in what an alert was evaluated on is found by the states that were seen."""

    def holed(one: Series) -> Series:
        if one.labels["__name__"] != "k8s_pod_status_restartCount":
            return one
        return msgspec.structs.replace(one, timestamps=one.timestamps[:60], values=one.values[:60])

    lost = msgspec.structs.replace(crash_loop, series=tuple(map(holed, crash_loop.series)))
    judgement = replay(lost).judgement
    assert "the recording is not complete: by it PodRestartingTooMuch was in another state than was seen" in (
        sentences(judgement, Verdict.UNKNOWN)
    )
    assert Verdict.PASS is not judgement.verdict


def of_format_3(incident: Incident) -> Incident:
    """Return a recording that says that it holds all there was of its metrics."""
    return msgspec.structs.replace(
        incident, metrics=tuple(sorted({one.labels["__name__"] for one in incident.series}))
    )


def without(incident: Incident, **labels: str) -> Incident:
    """Return a recording that lost the lines of all series with such labels."""
    left = tuple(one for one in incident.series if not labels.items() <= one.labels.items())
    assert len(left) < len(incident.series)
    return msgspec.structs.replace(incident, series=left)


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        (
            {"__name__": "ALERTS"},
            "whether the recording is complete is not known: it has no samples of ALERTS",
        ),
        (
            {"__name__": "up", "job": "kubernetes-nodes"},
            "the recording is not complete: it tells of scrapes, and has no samples of `up`, of kubernetes-",
        ),
    ],
)
def test_where_completeness_is_not_known_there_is_no_verdict(
    crash_loop: Incident, lost: dict[str, str], said: str
) -> None:
    """Alerts fire when they did on the lines that are left, which proves nothing about the others."""
    whole = of_format_3(crash_loop)
    judgement = replay(without(whole, **lost)).judgement
    (sentence,) = sentences(judgement, Verdict.UNKNOWN).splitlines()
    assert (Verdict.PASS, Verdict.UNKNOWN) == (replay(whole).judgement.verdict, judgement.verdict)
    assert (said, True) == (sentence[: len(said)], sentence.endswith("; restore it, or record it again"))
    assert "" == sentences(judgement, Verdict.PASS) + sentences(judgement, Verdict.FAIL)
    assert Verdict.UNKNOWN is replay(without(whole, **lost), rules.load(SHIPPED)).judgement.verdict


def test_half_a_recording_is_no_failure_of_its_rules(crash_loop: Incident) -> None:
    """What the other half held is what its alert reads, which did not fail to come: it is not there."""
    half = crash_loop.series[: len(crash_loop.series) // 2]
    judgement = replay(msgspec.structs.replace(crash_loop, series=half)).judgement
    assert Verdict.UNKNOWN is judgement.verdict


def test_where_no_rule_can_be_evaluated_nothing_is_complete(crash_loop: Incident) -> None:
    """Its one rule reads what a recording of that age did not hold, and so was held to nothing."""
    text = 'groups: [{name: g, rules: [{alert: Watchdog, expr: "other > 0"}]}]'
    scenario = msgspec.structs.replace(crash_loop.scenario, expect=())
    judgement = replay(msgspec.structs.replace(crash_loop, rules=text, scenario=scenario)).judgement
    assert "whether the recording is complete is not known: it has nothing of what its alerts read" in (
        sentences(judgement, Verdict.UNKNOWN)
    )


def at_the_pace_of_life(incident: Incident) -> Incident:
    """Return a recording as a lab would have made it that is no faster than life."""
    slow = stretch(incident, own_rules(incident), fault_at=incident.fault_at)
    alerts = tuple(
        msgspec.structs.replace(
            one,
            timestamps=tuple(round(1000 * slow.engine_time(t)) for t in rule_times(incident, one)),
        )
        for one in incident.series
        if one.labels["__name__"] == "ALERTS"
    )
    return msgspec.structs.replace(incident, speed=1.0, series=(*slow.series, *alerts))


@pytest.mark.parametrize("minutes", [0, 4])
def test_the_end_of_a_target_is_late_by_two_scrapes_at_most(minutes: int) -> None:
    """Prometheus writes it down so late, with the time at which it was: more than that was lost."""
    gone = RECORDINGS["kube-api-exporter-gone"]
    late_ms = round(minutes * 60_000 / gone.speed)

    def moved(one: Series) -> Series:
        if one.labels["__name__"] != "up" or STALE not in one.values:
            return one
        return msgspec.structs.replace(one, timestamps=(*one.timestamps[:-1], one.timestamps[-1] + late_ms))

    judgement = replay(msgspec.structs.replace(gone, series=tuple(map(moved, gone.series)))).judgement
    said = sentences(judgement, Verdict.UNKNOWN)
    assert bool(minutes) is ("by it KubeApiExporterDown was in another state than was seen" in said)


def rule_times(incident: Incident, series: Series) -> list[float]:
    """Return when the samples of a series were taken, in seconds of rule time since the fault."""
    return [(ms / 1000 - incident.fault_at) * incident.speed for ms in series.timestamps]


def test_a_lab_at_the_pace_of_life_is_asked_for_all_its_samples_too(crash_loop: Incident) -> None:
    """What was seen at each evaluation is held against its rules, and where it is not there that is said."""
    slow = at_the_pace_of_life(crash_loop)
    assert "the recording is complete" in sentences(replay(slow).judgement, Verdict.PASS)
    assert Verdict.UNKNOWN is replay(without(slow, __name__="ALERTS")).judgement.verdict


def test_life_and_real_durations_may_differ(crash_loop: Incident) -> None:
    """Where they do, it is a failure that says so, and never a pass."""
    slower = with_rules(
        crash_loop,
        "for: 1h\n    labels:\n      severity: warning\n    annotations:\n      summary: Con",
        "for: 2h\n    labels:\n      severity: warning\n    annotations:\n      summary: Con",
    )
    judgement = replay(slower).judgement
    assert Verdict.FAIL is judgement.verdict
    assert "live it was pass, at real durations it is fail" in sentences(judgement, Verdict.FAIL)


def resolving(incident: Incident, earlier: float) -> Incident:
    """Return a recording by whose events its alert resolved so many seconds before its samples end."""
    events = [
        msgspec.structs.replace(event, t=event.t - earlier)
        if (event.data.get("alert"), event.data.get("state")) == ("PodRestartingTooMuch", "inactive")
        else event
        for event in incident.events
    ]
    return msgspec.structs.replace(incident, events=tuple(sorted(events, key=lambda event: event.t)))


def test_events_that_end_a_state_before_its_group_was_evaluated_again_are_told(crash_loop: Incident) -> None:
    """A verdict rests on them, and by the recording's own samples the alert resolved later."""
    judgement = replay(resolving(crash_loop, 14)).judgement
    assert (Verdict.UNKNOWN, True) == (
        judgement.verdict,
        "by its samples of ALERTS; record it again" in sentences(judgement, Verdict.UNKNOWN),
    )


def test_what_is_unknown_at_real_durations_may_be_known_to_differ(crash_loop: Incident) -> None:
    """There an alert fires so little after its window that nobody can tell, and eight minutes after life."""
    slower = with_rules(
        crash_loop,
        "for: 1h\n    labels:\n      severity: warning\n    annotations:\n      summary: Con",
        "for: 68m\n    labels:\n      severity: warning\n    annotations:\n      summary: Con",
    )
    judgement = replay(slower).judgement
    assert (True, True) == (
        "widen the window" in sentences(judgement, Verdict.UNKNOWN),
        "fired from 1h2m24s to 1h18m54s live, and from 1h10m24s" in sentences(judgement, Verdict.FAIL),
    )


def test_what_can_not_be_stretched_is_said(crash_loop: Incident) -> None:
    """A rule in seconds of the clock can't be held against minutes that stand for hours."""
    text = crash_loop.rules.replace(
        'rate(k8s_pod_status_restartCount{job="monitoring/kube-api-exporter"}[10m]) > 0',
        "time() - k8s_pod_start_time > 3600",
    )
    asked = rules.RuleSet(files={"clock.yaml": rules.parse(text, "clock.yaml")})
    judgement = replay(crash_loop, asked).judgement
    assert Verdict.UNKNOWN is judgement.verdict
    assert "PodRestartingTooMuch can't be replayed: clock.yaml:" in sentences(judgement, Verdict.UNKNOWN)


def test_what_was_declared_is_known_of_a_recording(crash_loop: Incident) -> None:
    """Its own rules are held against what their metrics were said to be then, and against nothing without."""
    name = "k8s_pod_status_restartCount"
    text = crash_loop.rules.replace(name, "shop_restarts").replace("rate(", "changes(")
    more = [
        msgspec.structs.replace(one, labels={**one.labels, "__name__": "shop_restarts"})
        for one in crash_loop.series
        if one.labels["__name__"] == name
    ]
    mine = msgspec.structs.replace(crash_loop, rules=text, series=(*crash_loop.series, *more))
    pace = "metrics:\n- {metric: shop_restarts, is: paced-by-lab, reason: The lab restarts it.}\n"
    assert "PodRestartingTooMuch can't be replayed" in sentences(replay(mine).judgement, Verdict.UNKNOWN)
    assert Verdict.PASS is replay(msgspec.structs.replace(mine, pace=pace)).judgement.verdict
    damaged = replay(msgspec.structs.replace(mine, pace="metrics:\n- {}\n")).judgement
    assert "pace.yaml:2: this names no metric" in sentences(damaged, Verdict.UNKNOWN)


@pytest.mark.parametrize(
    ("metric", "meant"),
    [
        ("other_generation", ""),
        (
            "k8s_deployment_status_observedGenration",
            "; did you mean k8s_deployment_status_observedGeneration?",
        ),
    ],
)
def test_absence_is_not_silence(crash_loop: Incident, metric: str, meant: str) -> None:
    """An alert on a metric of which a recording can't tell is unknown, by name, although it is silent."""
    text = crash_loop.rules.replace("k8s_deployment_status_observedGeneration", metric)
    asked = rules.RuleSet(files={"other.yaml": rules.parse(text, "other.yaml")})
    had = tuple({one.labels["__name__"] for one in crash_loop.series})
    judgement = replay(msgspec.structs.replace(crash_loop, metrics=had), asked).judgement
    said = f"DeploymentGenerationMismatch reads {metric}, of which this recording has nothing{meant}"
    assert (Verdict.UNKNOWN, True) == (
        judgement.verdict,
        said in sentences(judgement, Verdict.UNKNOWN).splitlines(),
    )


def test_an_engine_that_does_not_start_is_no_verdict(
    crash_loop: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trouble of this machine is unknown, in a sentence."""

    def broken() -> None:
        raise LabError("starting the engine: no space left")

    monkeypatch.setattr(engine, "started", broken)
    assert "starting the engine: no space left" == sentences(replay(crash_loop).judgement, Verdict.UNKNOWN)


def test_an_engine_that_dies_is_no_verdict(crash_loop: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Prometheus that is killed while it is asked leaves unknown behind, whatever it has said before."""
    write = engine.Engine.write

    def write_and_die(running: engine.Engine, series: Iterable[Series]) -> None:
        write(running, series)
        (process,) = find(f"--config.file={running.folder}/prometheus.yml")
        os.kill(process, signal.SIGKILL)

    monkeypatch.setattr(engine.Engine, "write", write_and_die)
    judgement = replay(crash_loop).judgement
    assert Verdict.UNKNOWN is judgement.verdict
    said = "writing samples into the engine: it has ended, or was killed"
    assert said == sentences(judgement, Verdict.UNKNOWN)


def test_a_clock_that_was_set_is_found_by_what_was_seen(crash_loop: Incident) -> None:
    """Samples that jump ahead half-way don't bring back the states that were seen, and prove nothing."""
    middle = round((crash_loop.fault_at + 60) * 1000)

    def set_ahead(one: Series) -> Series:
        times = tuple(ms + 600_000 * (ms > middle) for ms in one.timestamps)
        return msgspec.structs.replace(one, timestamps=times)

    jumped = msgspec.structs.replace(crash_loop, series=tuple(map(set_ahead, crash_loop.series)))
    assert Verdict.PASS is not replay(jumped).judgement.verdict


def test_an_alert_that_fires_at_the_end_fires_on() -> None:
    """Where nothing is known of an end, there is none."""
    (life,) = [one for one in judge.judge(RECORDINGS["pods-crash-loop"]).lives if spans(one)]
    assert [(3743.667, 4733.667)] == spans(life)
    assert [(3743.667, float("inf"))] == spans(msgspec.structs.replace(life, changes=life.changes[:2]))


def test_a_job_that_the_lab_did_not_have_is_not_absent(crash_loop: Incident) -> None:
    """An alert that its job is gone says nothing where there never was one; of others it does."""

    def said(job: str) -> set[str]:
        more = f"- name: absent\n  rules:\n  - alert: Gone\n    expr: absent(up{{job='{job}'}})\n"
        text = crash_loop.rules + more
        asked = rules.RuleSet(files={"r.yaml": rules.parse(text, "r.yaml")})
        judgement = replay(crash_loop, asked).judgement
        return {one for one in judgement.notes if "Gone" in one} | {judgement.verdict.value}

    assert {"pass", "nothing is said of Gone: this recording has nothing of what they read"} == said("other")
    assert {"pass"} == said("kubernetes-nodes")


def test_messages_are_those_of_the_lab(crash_loop: Incident) -> None:
    """What people were told is not judged at real durations, which is said; alerts are judged as ever."""
    expected = (*crash_loop.scenario.expect, notified("PodRestartingTooMuch", receiver="chat", within="5m"))
    scenario = msgspec.structs.replace(crash_loop.scenario, expect=expected)
    judgement = replay(msgspec.structs.replace(crash_loop, scenario=scenario)).judgement
    assert (Verdict.PASS, True) == (
        judgement.verdict,
        any("nothing is said of messages" in one for one in judgement.notes),
    )
