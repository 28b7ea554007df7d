"""Whatever breaks under a play is unknown, costs no other scenario, and starts nothing more."""

import errno
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console

from alertdrill import incident, rules
from alertdrill.clock import StoppableClock
from alertdrill.errors import LabError
from alertdrill.faults import FaultKind, Place, crash_container, fail_readiness, scale, stop_watcher
from alertdrill.faults.base import Ground
from alertdrill.incident import Incident, Limits
from alertdrill.kube import Forward
from alertdrill.lab import Lab, LabRules
from alertdrill.model import Verdict
from alertdrill.play import drill, observe, room, schedule, session
from alertdrill.play.mailbox import Mailbox
from alertdrill.play.run import RECOVERY_SECONDS_MAX, Recorded, Run
from alertdrill.progress import Progress
from alertdrill.prometheus import Prometheus
from alertdrill.rules import RuleSet
from alertdrill.scenario import Fault, Scenario
from alertdrill.testing import FakeKube, FakePrometheus, ManualClock

LIMITS = Limits(
    scrape_interval=30, scrape_gap_max=120, evaluation_interval=15, jobs=("monitoring/x",), canary="Watchdog"
)
GROUND = Ground(speed=20.0, restart_seconds_max=5.0, components=lambda: frozenset({"prometheus"}))
RULES = "groups: [{name: g, rules: [{alert: Watchdog, expr: vector(1)}, {alert: A, expr: up == 0}]}]"


class Quiet(Lab):
    """A lab whose Prometheus has nothing to say."""

    def prometheus(self) -> Prometheus:
        """Return a connection of one's own."""
        return FakePrometheus()


def a_lab(kubectl: FakeKube | None = None, ground: Ground = GROUND) -> Lab:
    """Return a lab, twenty times as fast as life."""
    stated = RuleSet(files={"x.yaml": rules.parse(RULES, "x.yaml")})
    return Quiet(
        "lab",
        kubectl or FakeKube(),
        cast("Forward", None),
        ground.speed,
        LabRules(stated, stated, LIMITS),
        {},
        {},
        ground,
    )


def one(name: str = "a/b", *, fault: Fault | None = None, exclusive: bool = False) -> Scenario:
    """Return a scenario without an expectation."""
    hold = "10m" if exclusive else "1m"
    return Scenario(name=name, why="", workload="web", fault=fault, hold=hold, expect=(), exclusive=exclusive)


def a_run(folder: Path, scenario: Scenario, kubectl: FakeKube | None = None, clock: Any = None) -> Run:
    """Return a run before its first step; its clock is moved by hand."""
    there = a_lab(kubectl)
    clock = clock or ManualClock(1000.0)
    watcher, mailbox = observe.Watcher(there.prometheus, clock, 1), Mailbox(there.receiver, clock, 1)
    return Run(there, scenario, watcher, mailbox, clock, Progress(), folder, keep=False)


def web(available: int) -> dict[str, Any]:
    """Return a Deployment of two replicas."""
    status = {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": available}
    return {"metadata": {"name": "web", "generation": 1}, "spec": {"replicas": 2}, "status": status}


def deployments(one: Callable[[], dict[str, Any]]) -> Callable[[str], list[dict[str, Any]]]:
    """Return what a cluster shows that has one Deployment and nothing else."""
    return lambda resource: [one()] if resource == "deployments" else []


def troubles(run: Run) -> list[str]:
    """Return what the run's recording says went wrong."""
    assert run.left
    assert run.left.incident
    return [event.data["sentence"] for event in run.left.incident.events if event.kind == "trouble"]


def test_a_step_that_breaks_is_trouble_in_the_recording_and_what_was_broken_is_repaired(
    tmp_path: Path,
) -> None:
    """A mistake of ours ends one run, which reads as unknown, and leaves the lab as it was."""
    kubectl = FakeKube()
    run = a_run(tmp_path, one(fault=scale("deployment/web", replicas=0, back_to=2)), kubectl)

    def hold() -> None:
        raise ZeroDivisionError("by zero")

    run.await_baseline = lambda: None  # type: ignore[method-assign]
    run.hold = hold  # type: ignore[method-assign]
    run.whole()
    (sentence,) = troubles(run)
    assert sentence.startswith("the step hold: alertdrill itself broke, ZeroDivisionError: by zero (trace: ")
    assert ["injecting scale", "healing scale", "removing a namespace"] == kubectl.done[2:]
    assert run.left
    assert run.left.folder == tmp_path / "a-b"


class Lose(FaultKind):
    """Somebody's own, with a mistake in it."""

    name = "lose"

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Break it half-way."""
        place.run("losing a pod", "exec")
        place.remembered["pod"] = args["pod"]

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Repair it."""
        del args
        place.run("finding it again", "exec")


def test_a_fault_of_somebody_s_own_that_breaks_is_told_with_its_line_and_repaired(tmp_path: Path) -> None:
    """The verdict is unknown by a sentence that leads to the mistake, which is none of ours."""
    kubectl = FakeKube()
    run = a_run(tmp_path, one(fault=Lose.fault()), kubectl)
    run.await_baseline = lambda: None  # type: ignore[method-assign]
    run.whole()
    (sentence,) = troubles(run)
    line = Lose.inject.__code__.co_firstlineno + 3
    assert f"{__file__}:{line}: the fault lose broke in `inject`: KeyError: 'pod'; mend it there" == sentence
    assert ["losing a pod", "finding it again", "removing a namespace"] == kubectl.done[2:]
    assert run.left
    judged = drill._judged(run.left, 20.0).judgement  # noqa: SLF001
    assert (Verdict.UNKNOWN, [sentence]) == (judged.verdict, [one.sentence for one in judged.findings])


def test_a_fault_that_finds_nothing_is_told_at_once(tmp_path: Path) -> None:
    """Looking again for pods that are not there finds them no sooner, nor does the repair."""
    clock, progress = ManualClock(1000.0), Console(file=StringIO(), width=300)
    run = a_run(tmp_path, one(fault=fail_readiness("app=none")), clock=clock)
    for step in ("await_baseline", "watch_baseline"):
        setattr(run, step, lambda: None)
    run.progress = Progress(progress)
    run.whole()
    (sentence,) = troubles(run)
    assert f"no pod in {run.namespace} matches app=none, so there is nothing to break" == sentence
    assert (1000.0, 1) == (clock.now(), cast("StringIO", progress.file).getvalue().count("no pod in"))


def test_a_run_that_can_not_even_tell_what_it_saw_is_unknown(tmp_path: Path) -> None:
    """There is a sentence where the recording would be, and its namespace is gone all the same."""
    kubectl = FakeKube()
    run = a_run(tmp_path, one(), kubectl)
    run._recorded = cast("Callable[[], Incident]", None)  # type: ignore[method-assign]  # noqa: SLF001
    run.whole()
    assert run.left
    assert (None, True) == (run.left.incident, "TypeError: 'NoneType' object is not callable" in run.left.why)
    assert "removing a namespace" == kubectl.done[-1]
    judged = drill._judged(run.left, 20.0)  # noqa: SLF001
    assert (Verdict.UNKNOWN, None) == (judged.judgement.verdict, judged.folder)


def test_a_watcher_that_breaks_is_trouble(tmp_path: Path) -> None:
    """A thread that ended unseen would leave a silence that looks like health."""
    run = a_run(tmp_path, one())
    run.watcher._run(cast("Prometheus", None))  # noqa: SLF001  # which nobody can ask
    run.whole()
    assert troubles(run)[-1].startswith("watching the rules: alertdrill itself broke, AttributeError")


def test_a_recording_that_no_disk_takes_is_judged_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was seen is still known; that nothing is kept of it is a line beside the verdict."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(incident, "write", full)
    run = a_run(tmp_path, one(), FakeKube(deployments(lambda: web(0))))
    run.whole()
    assert run.left
    assert (True, None) == (run.left.incident is not None, run.left.folder)
    judged = drill._judged(run.left, 20.0)  # noqa: SLF001
    assert judged.judgement.findings[0].sentence.startswith("waited 120 s for a healthy baseline of a/b")


def test_a_run_that_was_stopped_before_its_turn_makes_no_namespace(tmp_path: Path) -> None:
    """Nothing reaches the cluster, and nothing is recorded."""
    kubectl, clock = FakeKube(), ManualClock(1000.0)
    clock.stop()
    run = a_run(tmp_path, one(), kubectl, clock)
    run.whole()
    assert ([], None) == (kubectl.done, run.left)


@pytest.mark.parametrize("exclusive", [False, True])
def test_an_interrupted_play_starts_nothing_more(
    exclusive: bool,  # noqa: FBT001  # a parameter
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Runs that wait for a place never start, what runs is ended, and what was recorded is returned."""
    monkeypatch.setattr(session, "_await_quiet", lambda *_: None)
    monkeypatch.setattr(schedule, "SIDE_BY_SIDE_MAX", 2)
    monkeypatch.setattr(room.Room, "has", lambda *_: True)
    started: list[str] = []
    running = threading.Event()

    def whole(run: Run) -> None:
        started.append(run.scenario.name)
        if run.scenario.name == "x/0":
            run.left = Recorded(scenario=run.scenario, folder=tmp_path)
            return
        running.set()
        with pytest.raises(LabError, match="the run was interrupted"):
            StoppableClock.sleep(run.clock, 60)

    def interrupt(*_: object, **__: object) -> None:
        running.wait(10)
        raise KeyboardInterrupt

    monkeypatch.setattr(Run, "whole", whole)
    monkeypatch.setattr(schedule, "wait", interrupt)
    scenarios = [one(f"x/{number}", exclusive=exclusive and number > 1) for number in range(5)]
    done = session.play(a_lab(), scenarios, record=tmp_path, progress=Progress())
    assert done.interrupted
    assert ["x/0", "x/1"] == sorted(started)[:2]
    assert len(started) <= 3
    why = "it was not played to its end: the play was interrupted"
    assert ["", *[why] * 4] == [left.why for left in done.recorded]


def test_only_so_many_runs_bring_up_pods_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others wait for a place, which a run gives back before it breaks anything, or when it fails."""
    monkeypatch.setattr(session, "_await_quiet", lambda *_: None)
    monkeypatch.setattr(room, "COMING_UP_MAX", 2)
    monkeypatch.setattr(room, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(room, "STAT", tmp_path / "none")
    monkeypatch.setattr(schedule, "LOOK_SECONDS", 0.01)
    coming_up: Counter[str] = Counter()
    most: list[int] = []

    def await_baseline(run: Run) -> None:
        coming_up[run.scenario.name] += 1
        most.append(len(coming_up))
        StoppableClock().sleep(0.05)
        del coming_up[run.scenario.name]
        if run.scenario.name == "x/0":
            raise ZeroDivisionError("by zero")

    def inject(run: Run) -> None:
        assert run.scenario.name not in coming_up
        raise LabError("that is enough")

    for step in (await_baseline, inject):
        monkeypatch.setattr(Run, step.__name__, step)
    scenarios = [one(f"x/{number}") for number in range(6)]
    done = session.play(a_lab(), scenarios, record=tmp_path, progress=Progress())
    assert (6, 2) == (len(done.recorded), max(most))
    assert 6 == len(most)


def test_a_play_that_breaks_returns_what_was_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake between two runs costs those that come after it."""
    looked: list[str] = []

    def quiet(*_: object) -> None:
        looked.append("quiet")
        if len(looked) > 1:
            raise ZeroDivisionError("by zero")

    monkeypatch.setattr(session, "_await_quiet", quiet)
    monkeypatch.setattr(Run, "whole", lambda run: setattr(run, "left", Recorded(scenario=run.scenario)))
    done = session.play(
        a_lab(), [one("x/0"), one("x/1", exclusive=True)], record=tmp_path, progress=Progress()
    )
    assert (False, "") == (done.interrupted, done.recorded[0].why)
    assert "playing: alertdrill itself broke, ZeroDivisionError: by zero (trace: " in done.recorded[1].why


def test_what_this_cluster_can_not_give_is_unknown_at_once_and_the_others_are_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is the verdict's sentence, nothing of it reaches the cluster, and the order is kept."""
    played: list[str] = []

    def play(_lab: Lab, scenarios: Sequence[Scenario], **_: object) -> session.Session:
        played.extend(scenario.name for scenario in scenarios)
        return session.Session([Recorded(scenario=s, why="played") for s in scenarios], interrupted=False)

    monkeypatch.setattr(session, "play", play)
    scenarios = [
        one("x/no", fault=stop_watcher("alertmanager")),
        one("x/yes", fault=stop_watcher("prometheus")),
        one("x/fast", fault=crash_container("deployment/web", container="app")),
    ]
    ground = Ground(speed=20.0, restart_seconds_max=50.0, components=GROUND.components, again=", or anew")
    drilled = drill.drill(a_lab(ground=ground), scenarios, record=tmp_path, progress=Progress())
    assert ["x/yes"] == played
    stopped, other, crashing = (one.judgement.findings[0].sentence for one in drilled.played)
    assert stopped.endswith(" of the monitoring stack, so it can't be stopped; there are: prometheus")
    assert stopped.startswith("alertmanager is no part")
    assert "played" == other
    assert crashing.startswith(
        "the kubelets here restart a container that crashes every 60 s, which at speed 20 "
    )
    assert crashing.endswith(
        " are 20m of rule time, promised are 3m20s to 6m40s; play it with --speed 5, or anew"
    )
    assert {Verdict.UNKNOWN} == {one.judgement.verdict for one in drilled.played}


def test_a_silence_after_a_repair_waits_for_the_workload(tmp_path: Path) -> None:
    """Pods come back at the machine's pace, and watching does not end before they are there."""
    clock = ManualClock(1000.0)
    kube = FakeKube(deployments(lambda: web(2 if clock.now() >= 1070 else 0)))
    run = a_run(tmp_path, one(), kube, clock)
    run.await_recovery()
    assert (1070.0, 1070.0) == (clock.now(), run.whole_at)


def test_a_workload_that_does_not_come_back_is_lab_trouble(tmp_path: Path) -> None:
    """The wait has an end, and the sentence says what was lacking."""
    clock = ManualClock(1000.0)
    run = a_run(tmp_path, one(), FakeKube(deployments(lambda: web(1))), clock)
    with pytest.raises(
        LabError, match=r"to be healthy again after the repair; last seen: Deployment/web not"
    ):
        run.await_recovery()
    assert clock.now() <= 1000 + RECOVERY_SECONDS_MAX
