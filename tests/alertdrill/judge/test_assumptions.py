"""Whether the lab was fit to judge in; where it was not, everything is unknown."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alertdrill import incident
from alertdrill.incident import Cadence, Event, Incident, Series
from alertdrill.judge import judge
from alertdrill.model import Judgement, Trait, Verdict
from alertdrill.scenario import Fault, fires, never
from alertdrill.scenario.noise import Noise

PASS, UNKNOWN = Verdict.PASS, Verdict.UNKNOWN
# Mismatch is pending at 31 s, firing at 5m31s, repaired at 9m, resolved at 10m31s; Brief is pending for 30 s.
GOOD = incident.read(Path(__file__).parent / "good")
EVENTS = GOOD.events
JOB = GOOD.limits.jobs[0]
OWN = f"{GOOD.namespace}/checks"
TARGET = {"target": "deployment/web"}
HEALTH = tuple(event for event in EVENTS if event.kind == "rule_health")
SCRAPE = next(event for event in EVENTS if event.kind == "scrape")
CANARY = tuple(event for event in EVENTS if event.data.get("alert") == "Watchdog")
LIFE = tuple(event for event in EVENTS if event.data.get("alert") == "Mismatch")
FAULT, HEAL, END = (next(one for one in EVENTS if one.kind == kind) for kind in ("fault", "heal", "end"))


def health(t: float, name: str, state: str = "ok", error: str = "") -> Event:
    """Return the event of what Prometheus says of a rule."""
    return Event(t=t, kind="rule_health", data={"group": "g", "rule": name, "health": state, "error": error})


def scrape(**changes: Any) -> Event:
    """Return the event of the target, with other data."""
    return msgspec.structs.replace(SCRAPE, data={**SCRAPE.data, **changes})


def canary(t: float, state: str) -> Event:
    """Return the event of the canary that changes to a state."""
    return msgspec.structs.replace(CANARY[0], t=t, data={**CANARY[0].data, "state": state})


def stranger(t: float, state: str, **labels: str) -> Event:
    """Return the event of an alert that is not about the scenario."""
    data = {"alert": "Other", "labels": labels or {"exported_namespace": "kube-system"}, "state": state}
    return Event(t=t, kind="alert", data=data)


def recorded(events: Sequence[Event] = EVENTS, **changes: Any) -> Incident:
    """Return the good recording with other events."""
    return msgspec.structs.replace(GOOD, events=tuple(events), **changes)


def without(*gone: Event) -> list[Event]:
    """Return the good events without some."""
    return [event for event in EVENTS if event not in gone]


def swapped(old: Event, *new: Event) -> list[Event]:
    """Return the good events with others in the place of one."""
    return [other for event in EVENTS for other in (new if event == old else (event,))]


def said(judgement: Judgement, verdict: Verdict) -> list[str]:
    """Return the sentences with this verdict."""
    return [finding.sentence for finding in judgement.findings if finding.verdict is verdict]


TROUBLES: dict[str, tuple[Sequence[Event], str]] = {
    "trouble": (
        [*EVENTS, Event(t=5, kind="trouble", data={"sentence": "the API is gone"})],
        "the API is gone",
    ),
    "no end": (without(END), "the run never reached its end"),
    "ended early": (
        swapped(END, Event(t=300, kind="end")),
        "watching ended at 5m, before the hold of 9m",
    ),
    "no fault": (without(FAULT), "the fault refuse() was never injected"),
    "broken late": (
        swapped(FAULT, msgspec.structs.replace(FAULT, t=200)),
        "breaking it took until 3m20s, and may take 45s: nothing is known of when it was broken; play it"
        " alone (alertdrill play NAME), on".replace("NAME", GOOD.scenario.name),
    ),
    "no repair": (without(HEAL), "nothing was repaired"),
    "repaired early": (
        swapped(HEAL, Event(t=500, kind="heal")),
        "the repair came at 8m20s, before the hold",
    ),
    "repaired late": (
        swapped(HEAL, Event(t=600, kind="heal")),
        "the repair came only at 10m, the hold was 9m",
    ),
    "nothing scraped": (without(SCRAPE), "no target was scraped"),
    "job not scraped": (
        swapped(SCRAPE, scrape(job="other")),
        f"the job {JOB} was scraped; jobs that were scraped: other; name",
    ),
    "target down": (swapped(SCRAPE, scrape(down=[60.0, 75.0])), "was down in 2 scrapes, first at 1m"),
    "gap": (swapped(SCRAPE, scrape(gaps=[[60.0, 120.0]])), "was not scraped from 1m to 2m"),
    "scraped late": (swapped(SCRAPE, scrape(first=100.0)), "was scraped only from 1m40s on"),
    "scraped not to the end": (swapped(SCRAPE, scrape(last=600.0)), "was scraped only until 10m of 12m10s"),
    "a target of two": ([*EVENTS, scrape(instance="b", down=[1.0])], "the target b of the job"),
    "own target down": (
        [*EVENTS, scrape(job=OWN, down=[float(t) for t in range(60, 181, 15)])],
        f"the job {OWN} was not scraped from 45s to 3m15s",
    ),
    "own target gone": ([*EVENTS, scrape(job=OWN, last=300.0)], f"the job {OWN} was not scraped from 5m to"),
    "no rules": (without(*HEALTH), "Prometheus reported no rule at all"),
    "rule not there": (without(HEALTH[2]), "Prometheus never reported the rule Other"),
    "rule not evaluated": (
        swapped(HEALTH[0], health(-30, "Mismatch", "unknown")),
        "the rule Mismatch was not healthy at 30s before the fault: unknown",
    ),
    "rule unhealthy": (
        [*EVENTS, health(300, "Other", "err", "many-to-many"), health(330, "Other")],
        "the rule Other was not healthy at 5m: err: many-to-many",
    ),
    "no canary": (without(*CANARY), "the canary alert Watchdog was never seen"),
    "canary late": (
        swapped(CANARY[0], msgspec.structs.replace(CANARY[0], t=200)),
        "the canary alert Watchdog was not firing when the fault came",
    ),
    "canary gone": (
        swapped(CANARY[1], msgspec.structs.replace(CANARY[1], t=400)),
        "the canary alert Watchdog was inactive at 6m40s",
    ),
    "canary gone shortly before the end": (
        swapped(CANARY[1], msgspec.structs.replace(CANARY[1], t=710)),
        "the canary alert Watchdog was inactive at 11m50s",
    ),
    "canary gone for four evaluations": (
        swapped(CANARY[1], canary(100, "inactive"), canary(160, "firing"), CANARY[1]),
        "the canary alert Watchdog was inactive at 1m40s",
    ),
    "something else fired already": (
        [*EVENTS, stranger(-20, "firing"), stranger(-5, "inactive")],
        'Other{exported_namespace="kube-system"} fired, and was up since 20s before the fault already',
    ),
    "something else was pending already": (
        [*EVENTS, stranger(-20, "pending"), stranger(280, "firing")],
        'Other{exported_namespace="kube-system"} fired, and was up since 20s before the fault already',
    ),
    "something of no namespace fired already": (
        [*EVENTS, stranger(-20, "firing", namespace="monitoring")],
        "Other fired, and was up since 20s before the fault already",
    ),
    "event that is none": (
        [*EVENTS, Event(t=1, kind="alert", data={"alert": "A"})],
        "the recording can't be judged",
    ),
    "state that is none": (
        [*EVENTS, msgspec.structs.replace(LIFE[0], data={**LIFE[0].data, "state": "sleeping"})],
        "the recording can't be judged",
    ),
}


@pytest.mark.parametrize(("events", "sentence"), TROUBLES.values(), ids=TROUBLES.keys())
def test_a_lab_that_was_not_fit_is_unknown(events: Sequence[Event], sentence: str) -> None:
    """An assumption that does not hold makes the run unknown, and nothing else is judged."""
    judgement = judge(recorded(events))
    assert {(UNKNOWN, "assumptions")} == {(one.verdict, one.check) for one in judgement.findings}
    assert [sentence] == [sentence for told in said(judgement, UNKNOWN) if sentence in told], said(
        judgement, UNKNOWN
    )


def test_a_failure_in_a_broken_lab_is_unknown_as_well() -> None:
    """What looks like a wrong alert in a lab that was not fit is never a failure."""
    assert UNKNOWN is judge(recorded(without(*LIFE, *CANARY))).verdict


def test_all_that_was_not_fit_is_told() -> None:
    """Whoever repairs the lab hears of everything at once."""
    assert 4 == len(judge(recorded(without(*CANARY, *HEALTH, END, SCRAPE))).findings)


def test_an_early_state_of_a_rule_does_not_count_once_it_is_well() -> None:
    """A rule that was not evaluated yet long before the fault, and then was, is healthy."""
    assert PASS is judge(recorded([health(-90, "Mismatch", "unknown"), *EVENTS])).verdict


def test_what_the_scenario_runs_may_restart() -> None:
    """A target of the workload may be away for as long as no alert could miss it, or be another pod."""
    gone, come = scrape(job=OWN, last=300.0), scrape(job=OWN, first=330.0, instance="b")
    assert PASS is judge(recorded([*EVENTS, scrape(job=OWN, down=[60.0])])).verdict
    assert PASS is judge(recorded([*EVENTS, gone, come])).verdict


def test_what_the_fault_takes_away_is_not_missed() -> None:
    """A workload that is scaled to nothing on purpose leaves no target, and that is the point."""
    scenario = msgspec.structs.replace(GOOD.scenario, fault=Fault(name="scale", args=TARGET))
    traits = (Trait.REMOVES_TARGETS,)
    events = [*EVENTS, scrape(job=OWN, last=5.0)]
    assert PASS is judge(recorded(events, scenario=scenario, traits=traits)).verdict
    assert UNKNOWN is judge(recorded(events, scenario=scenario, traits=())).verdict


def test_a_scrape_that_failed_before_the_fault_does_not_count() -> None:
    """No alert was active then, so none could be interrupted."""
    early = scrape(down=[-300.0, -20.0], gaps=[[-300.0, -200.0]])
    assert PASS is judge(recorded(swapped(SCRAPE, early))).verdict
    assert UNKNOWN is judge(recorded(swapped(SCRAPE, scrape(down=[-10.0])))).verdict


def test_a_job_that_no_rule_reads_may_be_down() -> None:
    """What no rule reads does not decide whether rules can be judged."""
    assert PASS is judge(recorded([*EVENTS, scrape(job="other", down=[1.0])])).verdict


def test_rules_that_name_no_job_need_those_they_read() -> None:
    """Then the jobs whose series they select must be scraped, and who sees the workload."""
    rules = "groups: [{name: g, rules: [{alert: Mismatch, expr: mismatch > 0}]}]"
    others = [*EVENTS, scrape(job="drill-y/checks", down=[60.0]), scrape(job="other", down=[60.0])]
    limits = msgspec.structs.replace(GOOD.limits, jobs=())
    read = Series(labels={"__name__": "mismatch", "job": "other"}, timestamps=(), values=())
    down = "the target 10.0.0.1:8080 of the job {} was down in 1 scrapes, first at 1m"

    def told(events: list[Event], *series: Series, text: str = rules) -> list[str]:
        series = (*GOOD.series, *series)
        return said(judge(recorded(events, rules=text, limits=limits, series=series)), UNKNOWN)

    assert ([], [down.format("other")]) == (told(others), told(others, read))
    assert [down.format("other")] == told(others, read, text=rules.replace("mismatch > 0", "'{a=\"b\"} > 0'"))
    assert [down.format(JOB)] == told(swapped(SCRAPE, scrape(down=[60.0])))


@pytest.mark.parametrize(("evaluations", "verdict"), [(1, PASS), (3, PASS), (4, UNKNOWN)])
def test_few_missing_evaluations_are_no_silence(evaluations: int, verdict: Verdict) -> None:
    """The canary that is firing before and after up to three missing evaluations was firing."""
    hole = canary(100, "inactive"), canary(100 + 15 * evaluations, "firing")
    assert verdict is judge(recorded(swapped(CANARY[1], *hole, CANARY[1]))).verdict


def test_what_is_up_before_the_fault_and_does_not_fire_may_be() -> None:
    """A stranger that is pending for a while takes nothing from what is said of the fault."""
    assert PASS is judge(recorded([*EVENTS, stranger(-20, "pending"), stranger(40, "inactive")])).verdict


CADENCE = Cadence(promised=300, low=200, high=360, measured=(250.0, 301.0, 900.0))


@pytest.mark.parametrize(
    ("cadence", "sentence"),
    [
        (CADENCE, ""),
        (None, "how often the crash loop restarted was not measured"),
        (msgspec.structs.replace(CADENCE, measured=()), "the crash loop did not restart twice"),
        (
            msgspec.structs.replace(CADENCE, measured=(400.0,)),
            "the crash loop restarted every 6m40s of rule time, promised are 3m20s to 6m; play it slower",
        ),
        (msgspec.structs.replace(CADENCE, measured=(60.0, 300.0, 60.0)), "restarted every 1m4s of rule time"),
        (msgspec.structs.replace(CADENCE, measured=(330.1, 360.1, 330.1, 360.1, 360.1)), ""),
    ],
)
def test_a_crash_loop_must_keep_its_pace(cadence: Cadence | None, sentence: str) -> None:
    """The median pause between restarts decides whether a crash loop was one; without it nothing is known.

    It is seen by scrapes only, so that one on the edge lies on either side of it.
    """
    scenario = msgspec.structs.replace(GOOD.scenario, fault=Fault(name="crash_container", args=TARGET))
    judgement = judge(recorded(cadence=cadence, scenario=scenario, traits=(Trait.CRASH_LOOPS,)))
    assert (UNKNOWN if sentence else PASS) is judgement.verdict
    assert not sentence or sentence in said(judgement, UNKNOWN)[0]


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        ((60.0, 270.0, 60.0, 360.0, 30.0), PASS),
        ((330.0, 30.0, 300.0), PASS),
        ((60.0, 330.0, 60.0, 30.0, 60.0, 330.0, 60.0), PASS),
        ((60.0, 30.0, 270.0, 60.0, 30.0), UNKNOWN),
        ((60.0, 60.0, 60.0), UNKNOWN),
        ((60.0, 100.0, 60.0), UNKNOWN),
    ],
)
def test_what_a_probe_kills_may_be_back_at_once_every_other_time(
    measured: tuple[float, ...], verdict: Verdict
) -> None:
    """The kubelet waits by the exit before the last; those that it waited for have the pace of the speed."""
    cadence = Cadence(promised=300, low=200, high=360, measured=measured)
    killed = recorded(cadence=cadence, traits=(Trait.CRASH_LOOPS, Trait.KILLED_BY_PROBE))
    assert verdict is judge(killed).verdict


def test_a_healthy_scenario_needs_no_fault() -> None:
    """Where nothing is broken, silence is judged without a fault and a repair."""
    healthy = msgspec.structs.replace(GOOD.scenario, fault=None, expect=(never("Mismatch"),))
    assert PASS is judge(recorded(without(*LIFE, FAULT, HEAL), scenario=healthy)).verdict


@pytest.mark.parametrize("fault", [GOOD.scenario.fault, None])
def test_a_run_that_never_reached_its_fault_tells_its_first_cause_alone(fault: Fault | None) -> None:
    """What is missing after that is missing because of it: no canary, no end, no time before the fault."""
    steps = [Event(t=-9, kind="step", data={"name": "await_baseline"})]
    troubles = [
        Event(t=t, kind="trouble", data={"sentence": sentence})
        for t, sentence in ((-5.0, "the image is missing"), (-1.0, "Prometheus is gone"))
    ]
    scenario = msgspec.structs.replace(GOOD.scenario, fault=fault)
    judgement = judge(recorded([*steps, *reversed(troubles)], scenario=scenario))
    assert UNKNOWN is judgement.verdict
    assert ["the image is missing"] == [one.sentence for one in judgement.findings]
    assert () == judgement.lives


def test_a_prometheus_that_is_restarted_may_be_away_for_a_moment() -> None:
    """Three times as long as anything else may be, by whoever; nobody else's may, and not for longer."""
    for gap, touches, disturbed, verdict in (
        (100, (), (), UNKNOWN),
        (100, ("prometheus",), (), PASS),
        (100, (), ("prometheus",), PASS),
        (200, ("prometheus",), (), UNKNOWN),
        (200, (), ("prometheus",), UNKNOWN),
    ):
        away = scrape(gaps=[[60.0, 60.0 + gap]])
        hole = canary(65, "inactive"), canary(60 + gap, "firing")
        scenario = msgspec.structs.replace(GOOD.scenario, touches=touches)
        events = [away if one == SCRAPE else one for one in swapped(CANARY[1], *hole, CANARY[1])]
        assert verdict is judge(recorded(events, scenario=scenario, disturbed=disturbed)).verdict


def test_a_rule_that_fails_on_purpose_is_no_trouble() -> None:
    """Where the scenario, or one beside it, touches the rules; and only of the group that is there for it."""
    broken = {"group": "failing", "rule": "DrillFailing", "health": "err", "error": "many-to-many"}
    events = [*EVENTS, Event(t=300, kind="rule_health", data=broken)]
    touching = msgspec.structs.replace(GOOD.scenario, touches=("rules",))
    assert UNKNOWN is judge(recorded(events)).verdict
    assert PASS is judge(recorded(events, scenario=touching)).verdict
    assert PASS is judge(recorded(events, disturbed=("rules",))).verdict
    other = [*EVENTS, Event(t=300, kind="rule_health", data={**broken, "group": "shop"})]
    assert UNKNOWN is judge(recorded(other, scenario=touching)).verdict


def test_what_others_disturb_beside_it_is_no_trouble() -> None:
    """An alert that they say fires may be up before the fault."""
    up = [*EVENTS, stranger(-20, "firing"), stranger(-5, "inactive")]
    expected = fires("Other", within="9m", labels={"exported_namespace": "kube-system"})
    assert UNKNOWN is judge(recorded(up)).verdict
    found = judge(recorded(up, beside=(expected,)))
    assert [] == said(found, UNKNOWN)


def test_known_noise_may_be_up_before_the_fault_and_after() -> None:
    """It is said with its reason and its end, and decides nothing."""
    up = [*EVENTS, stranger(-20, "firing", node="a"), stranger(-5, "inactive", node="a")]
    line = Noise(alert="Other", labels={"node": "a|b"}, reason="It always does.", until=date(2027, 1, 1))
    assert UNKNOWN is judge(recorded(up)).verdict
    scenario = msgspec.structs.replace(GOOD.scenario, expect=GOOD.scenario.expect[:4])  # nothing of Other
    found = judge(recorded(up, noise=(line,), scenario=scenario))
    assert PASS is found.verdict
    assert "Other fired at 20s before the fault, and is known noise until 2027-01-01: It always does." in [
        sentence.replace('{node="a"}', "") for sentence in said(found, PASS)
    ]


@pytest.mark.parametrize(
    ("touches", "after", "doubts"),
    [
        (("prometheus",), [health(315, "Other")], 0),
        (("prometheus",), [], 1),
        ((), [health(315, "Other")], 1),
    ],
    ids=["restarted on purpose", "never evaluated again", "restarted by nobody"],
)
def test_a_prometheus_that_was_restarted_on_purpose_has_yet_to_evaluate_its_rules(
    touches: tuple[str, ...], after: list[Event], doubts: int
) -> None:
    """For a moment it does not know how they are; it must know in the end."""
    scenario = msgspec.structs.replace(GOOD.scenario, touches=touches)
    played = recorded([*EVENTS, health(300, "Other", "unknown"), *after], scenario=scenario)
    said = [one.sentence for one in judge(played).findings if "was not healthy" in one.sentence]
    assert doubts == len(said)
