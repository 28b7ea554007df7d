"""A play goes on through what passes, and stops at once when it is told to."""

import dataclasses
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from alertdrill import rules
from alertdrill.clock import StoppableClock
from alertdrill.errors import LabError, ScenarioError, TransientError
from alertdrill.faults import scale
from alertdrill.incident import Limits
from alertdrill.kube import Forward
from alertdrill.lab import Lab, LabRules
from alertdrill.model import Life
from alertdrill.play import observe, strays
from alertdrill.play import session as play
from alertdrill.play.mailbox import Mailbox
from alertdrill.play.run import Run
from alertdrill.progress import Progress
from alertdrill.prometheus import Prometheus
from alertdrill.rules import Declaration, RuleSet
from alertdrill.scenario import Scenario, fires, never, resolves
from alertdrill.testing import FakeKube, FakePrometheus, ManualClock

Answer = list[dict[str, Any]]
REFUSED = TransientError("asking Prometheus: no connection")
LIMITS = Limits(
    scrape_interval=30, scrape_gap_max=120, evaluation_interval=15, jobs=("monitoring/x",), canary="Watchdog"
)
WATCHDOG = {"metric": {"alertname": "Watchdog"}}
OTHER = {"metric": {"alertname": "DeploymentReplicasMismatch"}}


class Drill(Lab):
    """A lab of scripted parts that counts the connections to its Prometheus."""

    connections = 0

    def prometheus(self) -> Prometheus:
        """Return a connection of one's own."""
        Drill.connections += 1
        return FakePrometheus(cast("Any", self.forward))


def drill(answer: Callable[[str], Answer] = lambda _: [], *, kubectl: FakeKube | None = None) -> Drill:
    """Return a lab, twenty times as fast as life."""
    Drill.connections = 0
    return Drill(
        name="lab",
        kube=kubectl or FakeKube(),
        forward=cast("Forward", answer),
        speed=20.0,
        rules=LabRules(RuleSet(), RuleSet(), LIMITS),
        versions={},
        phases={},
    )


class Said(Progress):
    """Remembers what was said."""

    def __init__(self) -> None:
        super().__init__()
        self.sentences: list[str] = []

    def say(self, sentence: str, *, style: str = "") -> None:
        """Remember."""
        del style
        self.sentences.append(sentence)


def one(name: str = "a/b", *, exclusive: bool = False) -> Scenario:
    """Return a scenario whose alert has ten minutes, 30 live seconds, to resolve."""
    return Scenario(
        name=name,
        why="",
        workload="web",
        fault=scale("deployment/web", replicas=0, back_to=2),
        hold="10m",
        expect=(never("A"), resolves("B", within="10m"), resolves("C", within="1m")),
        exclusive=exclusive,
    )


def run_of(lab: Lab, clock: StoppableClock, folder: Path = Path("/nowhere")) -> Run:
    """Return a run of the scenario, before its first step."""
    watcher = observe.Watcher(lab.prometheus, clock, 1)
    mailbox = Mailbox(lab.receiver, clock, 1)
    return Run(lab, one(), watcher, mailbox, clock, Said(), folder, keep=False)


def test_a_refused_query_does_not_end_the_wait_for_quiet() -> None:
    """Nothing is broken while another alert is active, though Prometheus is out of reach in between."""
    clock, said = ManualClock(1000.0), Said()

    def answer(promql: str) -> Answer:
        seconds = clock.now() - 1000
        if 0 < seconds < 10:
            raise REFUSED
        if promql == "ALERTS":
            return [WATCHDOG]
        return [WATCHDOG, OTHER] if "ALERTS" in promql and seconds < 30 else [WATCHDOG]

    since = play._await_quiet(drill(answer), clock, said)  # noqa: SLF001
    assert (1030.0, True) == (clock.now(), 1020.0 < since < 1030.0)
    assert [
        "waiting for the lab to be quiet: asking Prometheus: no connection",
        "waiting for the lab to be quiet: DeploymentReplicasMismatch is active",
    ] == said.sentences
    assert Drill.connections == 1 + 30 / 1.5


def test_what_stays_active_is_said_and_played_with() -> None:
    """It is for the judge to object to what was active before anything was broken."""
    clock, said = ManualClock(1000.0), Said()
    assert clock.now() + 120 == play._await_quiet(drill(lambda _: [WATCHDOG, OTHER]), clock, said)  # noqa: SLF001
    sentence = "waited 120 s for every other alert in the lab lab to be quiet before anything is broken;"
    assert [
        "waiting for the lab to be quiet: DeploymentReplicasMismatch is active",
        f"{sentence} last seen: DeploymentReplicasMismatch is active; going on",
    ] == said.sentences


def test_an_interruption_ends_the_wait_for_quiet() -> None:
    """Who was told to stop does not go on because Prometheus is out of reach."""
    clock = ManualClock(1000.0)

    def answer(_promql: str) -> Answer:
        clock.stop()
        raise REFUSED

    with pytest.raises(LabError, match="the run was interrupted"):
        play._await_quiet(drill(answer), clock, Said())  # noqa: SLF001


def test_every_run_of_the_whole_cluster_begins_in_quiet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the run before it broke must not be taken for what this one breaks."""
    happened: list[str] = []
    monkeypatch.setattr(play, "_await_quiet", lambda *_: happened.append("quiet"))
    monkeypatch.setattr(Run, "whole", lambda run: happened.append(run.scenario.name))
    scenarios = [one("lab/a", exclusive=True), one("x/a"), one("x/b"), one("lab/b", exclusive=True)]
    play.play(drill(), scenarios, record=tmp_path, progress=Said())
    assert {"quiet", "x/a", "x/b"} == {*happened[:3]}
    assert ["quiet", "lab/a", "quiet", "lab/b"] == happened[3:]


def test_what_fired_before_the_lab_was_quiet_is_no_stray_of_this_play(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workloads come up meanwhile, but what is looked for is what fired after that."""
    quiet: list[float] = []
    asked: list[float] = []

    def await_quiet(*_: object) -> None:
        StoppableClock().sleep(0.1)
        quiet.append(StoppableClock().now())

    def found(_server: Prometheus, started: float, _ended: float) -> list[Life]:
        asked.append(started)
        return []

    monkeypatch.setattr(play, "_await_quiet", await_quiet)
    monkeypatch.setattr(strays, "found", found)
    monkeypatch.setattr(Run, "whole", lambda _run: None)
    play.play(drill(), [one()], record=tmp_path, progress=Said())
    assert quiet <= asked


def test_what_a_run_was_disturbed_by_is_recorded() -> None:
    """By those that were there and disturb something, beside those that were known of before."""
    run = run_of(drill(), ManualClock(1000.0))
    for other in (one("x/plain"), msgspec.structs.replace(one("x/down"), touches=("kubelet",))):
        run.meet(other)
    assert ("kubelet",) == run._recorded().disturbed  # noqa: SLF001


def test_of_what_is_over_only_the_alerts_are_recorded() -> None:
    """They may go on firing; nothing that the run rests on is disturbed."""
    run = run_of(drill(), ManualClock(1000.0))
    fired = fires("ApiServerDown", within="8m")
    over = msgspec.structs.replace(one("x/down"), touches=("apiserver",), expect=(fired,))
    run.meet(over, is_over=True)
    recorded = run._recorded()  # noqa: SLF001
    assert ((fired,), ()) == (recorded.beside, recorded.disturbed)


def test_what_pends_for_minutes_here_is_far_from_firing() -> None:
    """Twenty minutes of rule time are one of them."""
    told = (
        rules.Rule(kind="alert", name=name, expr="x > 0", hold=hold)
        for name, hold in (("Now", ""), ("Soon", "59s"), ("Far", "1m"), ("Farther", "1h"))
    )
    scaled = RuleSet(files={"a.rules.yaml": (rules.Group(name="g", rules=tuple(told)),)})
    lab = replace(drill(), rules=LabRules(RuleSet(), scaled, LIMITS))
    assert {"Far", "Farther"} == play._far(lab)  # noqa: SLF001


def test_two_scenarios_of_one_folder_are_refused_before_anything_happens(tmp_path: Path) -> None:
    """One of the two recordings would be lost."""
    untouched = drill(kubectl=cast("FakeKube", object()))
    with pytest.raises(ScenarioError, match="a-b/c and a/b-c would both be recorded in a-b-c: rename one"):
        play.play(untouched, [one("a-b/c"), one("a/b-c")], record=tmp_path, progress=Said())
    assert 0 == Drill.connections


@pytest.mark.parametrize("failures", [0, 3])
def test_a_namespace_is_made_by_a_cluster_that_is_busy(failures: int) -> None:
    """A kubectl that fails is run again: applying twice is applying once."""
    kubectl = FakeKube(failures=failures)
    run = run_of(drill(kubectl=kubectl), ManualClock(1000.0))
    run.make_namespace()
    run.deploy_workload()
    play._remove_leftovers(run.lab, run.clock)  # noqa: SLF001
    expected = [
        f"making the namespace {run.namespace}",
        "deploying the workload web",
        "removing what a killed run left",
    ]
    assert expected == kubectl.done


def test_a_cluster_in_trouble_is_said_with_its_last_words() -> None:
    """What fails again and again is lab trouble after some seconds."""
    clock = ManualClock(1000.0)
    with pytest.raises(LabError, match="waited 20 s for kubectl to succeed; last seen: making the namespace"):
        run_of(drill(kubectl=FakeKube(failures=1000)), clock).make_namespace()
    assert 1000 < clock.now() <= 1020


def test_a_repair_that_failed_is_tried_again() -> None:
    """What was broken in a lab that others use after is not left broken by one refused request."""
    kubectl = FakeKube(failures=3)
    run = run_of(drill(kubectl=kubectl), ManualClock(1000.0))
    run.fault_at = 1000.0
    with pytest.raises(LabError, match="request timed out"):
        run.heal()
    run._repair()  # noqa: SLF001
    assert ["healing scale"] == kubectl.done


def test_what_was_repaired_is_not_repaired_again() -> None:
    """A rollout that is undone twice is as broken as before."""
    kubectl = FakeKube()
    run = run_of(drill(kubectl=kubectl), ManualClock(1000.0))
    run.fault_at = 1000.0
    run.heal()
    run._repair()  # noqa: SLF001
    assert (["healing scale"], 1000.0) == (kubectl.done, run.healed_at)


def test_silence_is_awaited_through_refused_queries() -> None:
    """An alert that can't be asked for is not taken for resolved, and the run goes on."""
    clock, asked = ManualClock(1000.0), set[str]()

    def answer(promql: str) -> Answer:
        asked.add(promql)
        if clock.now() < 1010:
            raise REFUSED
        return [OTHER] if clock.now() < 1020 else []

    run = run_of(drill(answer), clock)
    run.healed_at = 1000.0
    run.await_silence()
    assert 1020.0 <= clock.now() < 1021.0
    assert {" or ".join(observe.alerts(run.namespace, 'alertname=~"B|C"'))} == asked


def test_silence_is_awaited_until_its_time_is_over() -> None:
    """Without any answer the run still ends, for the judge to look at."""

    def answer(_promql: str) -> Answer:
        raise REFUSED

    clock = ManualClock(1000.0)
    run = run_of(drill(answer), clock)
    run.healed_at = 1000.0
    run.await_silence()
    assert 1030.0 <= clock.now() < 1031.0


@pytest.mark.parametrize(("back", "seconds"), [("30s", 36), ("10m", 66)])
def test_a_workload_is_watched_as_long_as_its_rules_look_for_moves(back: str, seconds: float) -> None:
    """What moved while it came up is over when it is broken; a minute is waited at most."""
    text = f"groups: [{{name: g, rules: [{{alert: B, expr: 'changes(b[{back}]) == 0'}}]}}]"
    scaled = RuleSet(files={"x.yaml": rules.parse(text, "x.yaml")})
    clock = ManualClock(1000.0)
    run = run_of(replace(drill(), rules=LabRules(scaled, scaled, LIMITS)), clock)
    run.watch_baseline()
    assert (1000.0, 1000.0 + seconds) == (run.started, clock.now())


def test_what_comes_up_is_watched_once_the_lab_is_quiet() -> None:
    """A workload comes up meanwhile, and its recording begins when nothing else is active any more."""
    clock = ManualClock(1000.0)
    run = run_of(drill(), clock)
    run.once_quiet = lambda: clock.sleep(20)
    run.watch_baseline()
    assert (1020.0, 1026.0) == (run.started, clock.now())


@pytest.mark.parametrize(
    ("workload", "recorded"), [("", (1096.0, 1102.0)), ("web", (1100.0, 1106.0))], ids=["none", "one"]
)
def test_the_quiet_that_was_waited_for_is_recorded_where_nothing_had_to_come_up(
    workload: str, recorded: tuple[float, float]
) -> None:
    """A workload that has just come up was not yet seen to be well for long enough."""
    clock = ManualClock(1100.0)
    run = run_of(drill(), clock)
    run.scenario = msgspec.structs.replace(run.scenario, workload=workload)
    run.quiet_since = 1096.0
    run.watch_baseline()
    assert recorded == (run.started, clock.now())


def test_before_the_fault_it_is_told_what_is_waited_for() -> None:
    """Of which workload a pod is missing, and then of which no series, so that nobody takes it for a hang."""
    clock = ManualClock(1000.0)
    rolled_out = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}

    def objects(resource: str) -> Answer:
        status = rolled_out if clock.now() >= 1010 else {}
        web = {"metadata": {"name": "web", "generation": 1}, "spec": {"replicas": 1}, "status": status}
        return [web] if resource == "deployments" else []

    def answer(promql: str) -> Answer:
        return [{"metric": {"name": "web"}}] if "ALERTS" not in promql and clock.now() >= 1020 else []

    run = run_of(drill(answer, kubectl=FakeKube(objects)), clock)
    run.await_baseline()
    run.watch_baseline()
    missing = f"Prometheus has no series of a healthy Deployment web in {run.namespace}"
    said = cast("Said", run.progress).sentences
    assert [
        "a/b: waiting for a healthy workload: Deployment/web not available (no pod says why)",
        f"a/b: waiting for Prometheus to see it: {missing}",
        "a/b: healthy, and seen by Prometheus: recording 6 s of that",
    ] == said


@pytest.mark.parametrize(("found", "seconds"), [([], 5), ([OTHER], 35)], ids=["silent", "active"])
def test_a_silence_counts_once_the_group_has_been_evaluated_again(found: Answer, seconds: int) -> None:
    """Before that nobody knows whether what is silent has resolved; its time to do so is from then on."""
    text = "groups: [{name: g, interval: 5s, rules: [{alert: B, expr: b}]}]"
    scaled = RuleSet(files={"x.yaml": rules.parse(text, "x.yaml")})
    clock = ManualClock(1000.0)
    run = run_of(replace(drill(lambda _: found), rules=LabRules(scaled, scaled, LIMITS)), clock)
    run.healed_at = 1000.0
    run.await_silence()
    assert seconds == int(clock.now() - 1000)


def test_a_recording_is_asked_for_until_it_is_had() -> None:
    """A forward that has just ended does not cost a run of minutes its evidence."""
    clock = ManualClock(1000.0)
    up = {"metric": {"__name__": "up", "job": "j"}, "values": [[1000.0, "1"]]}

    def answer(promql: str) -> Answer:
        if clock.now() < 1005:
            raise REFUSED
        return [up] if promql.startswith("up[") else []

    run = run_of(drill(answer), clock)
    recorded = run._recorded()  # noqa: SLF001
    assert ["up"] == [series.labels["__name__"] for series in recorded.series]
    assert ["scrape"] == [event.kind for event in recorded.events]


def test_what_was_declared_is_recorded() -> None:
    """Whoever replays a recording knows what its metrics were taken for."""
    stated = RuleSet(declarations=(Declaration(metric="a", kind="level", reason="r"),))
    lab = dataclasses.replace(drill(), rules=LabRules(stated, RuleSet(), LIMITS))
    recorded = run_of(lab, ManualClock(1000.0))._recorded()  # noqa: SLF001
    assert "metrics:\n- metric: a\n  is: level\n  reason: r\n" == recorded.pace


def test_a_recording_that_can_not_be_had_says_so() -> None:
    """What Prometheus never answered is trouble, so the verdict is unknown."""

    def answer(_promql: str) -> Answer:
        raise REFUSED

    recorded = run_of(drill(answer), ManualClock(1000.0))._recorded()  # noqa: SLF001
    assert ["trouble"] == [event.kind for event in recorded.events]
