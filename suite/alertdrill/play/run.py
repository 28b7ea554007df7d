"""The readable list of steps of one live run: one scenario, from its namespace to its incident."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from alertdrill import crash, durations, incident
from alertdrill.clock import Hope, StoppableClock, wait_for
from alertdrill.errors import LabError, TransientError
from alertdrill.faults import base as faults
from alertdrill.faults import calls, catalogue
from alertdrill.incident import Event, Incident, Kind, Series
from alertdrill.lab import Lab
from alertdrill.names import NAMESPACE_PREFIX
from alertdrill.play import baseline, observe, pod_logs, workload
from alertdrill.play.insist import insist
from alertdrill.play.mailbox import Mailbox
from alertdrill.progress import Progress
from alertdrill.rules import intervals, pace, touched
from alertdrill.scenario import Scenario
from alertdrill.scenario.noise import Noise

BASELINE_SECONDS_MAX = 120
# Scrapes of the healthy workload at the start of a recording.
BASELINE_SCRAPES = 4
# So long it goes on where rules ask what has moved, so that how the workload came up is none of it.
WATCHED_SECONDS_MAX = 60.0
# Scrapes after the last thing that must be seen, so that it is in the database.
AFTERGLOW_SCRAPES = 3
# Pods come back in live time, and a busy machine takes a while.
RECOVERY_SECONDS_MAX = 120


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What is left of a run: what was recorded and where it is kept, or why there is nothing to judge."""

    scenario: Scenario
    incident: Incident | None = None
    folder: Path | None = None  # None, too, where the disk took no recording
    why: str = ""


@dataclass
class Run:
    """One scenario, from its namespace to its incident."""

    lab: Lab
    scenario: Scenario
    watcher: observe.Watcher
    mailbox: Mailbox
    clock: StoppableClock
    progress: Progress
    record: Path
    keep: bool
    beside: tuple[Scenario, ...] = ()  # that may be played meanwhile, and disturb something
    noise: tuple[Noise, ...] = ()
    elsewhere: tuple[str, ...] = ()  # alerts that any other scenario of the play has fire
    once_quiet: Callable[[], object] = lambda: None  # returns when the lab is fit for something to be broken
    ended: Callable[[Recorded], object] = lambda _left: None  # hears what is left of it
    events: list[tuple[float, Kind, dict[str, Any]]] = field(default_factory=list)  # live seconds
    is_up: bool = False  # its workload does not come up any more
    fault_at: float = 0.0
    quiet_since: float = 0.0  # the live moment since when the lab is known to be quiet
    held_until: float = 0.0  # while the fault holds: the live moment at which that is over
    healed_at: float = 0.0
    whole_at: float = 0.0  # the live moment since when all that it disturbed is known to be back
    runs: tuple[str, ...] | None = None  # what its workload is, as KIND/NAME, once it is healthy
    after: tuple[Scenario, ...] = ()  # that go on meanwhile, and disturbed something before
    left: Recorded | None = None  # None until it is over

    def __post_init__(self) -> None:
        """Choose a namespace that no run before this one had."""
        self.namespace = f"{NAMESPACE_PREFIX}{self.scenario.slug}-{os.urandom(2).hex()}-{self.lab.site.tail}"
        self.folder = self.record / self.scenario.slug
        site = self.lab.site
        self.place = faults.Place(
            self.lab.kube,
            self.namespace,
            self.lab.speed,
            stack=site.namespace,
            folder=self.scenario.folder,
            image=site.image,
            node=self.lab.ground.node,
            spare=self.lab.ground.spare,
        )
        self.started = self.clock.now()

    def meet(self, other: Scenario, *, is_over: bool = False) -> None:
        """Take note of one that is played meanwhile although this one needs what it disturbs, or did."""
        if is_over:
            self.after += (other,)
        elif other.disturbs and other not in self.beside:
            self.beside += (other,)

    def whole(self) -> None:
        """Run every step, and leave what there is to judge, whatever happens; nothing once stopped."""
        if self.clock.stopped:
            return
        try:
            with pod_logs.Collector(self.lab.kube, self.namespace) as logs:
                try:
                    self._play()
                    recorded = self._recorded()
                    folder = self._kept(recorded, logs)
                finally:
                    self._leave()
        except BaseException as error:  # noqa: BLE001  # a mistake of ours costs this run, not the others
            said = crash.told("running its steps", error)
            self._say(said, style="red")
            self.left = Recorded(scenario=self.scenario, why=said)
        else:
            self.left = Recorded(scenario=self.scenario, incident=recorded, folder=folder)
        self.ended(self.left)

    def _play(self) -> None:
        """Take the steps; lab trouble ends the run and is written down, so that it reads as unknown."""
        coming_up: list[Callable[[], None]] = [
            self.make_namespace,  # a place of its own
            self.deploy_workload,  # what is going to be broken
            self.await_baseline,  # it is healthy, scraped, and no alert is up
        ]
        steps: list[Callable[[], None]] = [
            self.watch_baseline,  # the lab is quiet, and so is the workload
            self.inject,  # t = 0
            self.hold,  # for as long as the scenario says
            self.heal,  # the repair
            self.await_recovery,  # until the workload is as healthy as before
            self.await_silence,  # until what must resolve has resolved, or its time is over
            self.afterglow,  # until the last of it is in the database
        ]
        try:
            try:
                self._take(coming_up)
            finally:
                self.is_up = True
            self._take(steps)
            self._note("end")
        except LabError as error:
            self._trouble(str(error))
            self._repair(said=str(error))
        except Exception as error:  # noqa: BLE001  # what was seen until then is kept, and what broke repaired
            self._trouble(crash.told(f"the step {self.events[-1][2].get('name', 'first')}", error))
            self._repair()

    def _take(self, steps: list[Callable[[], None]]) -> None:
        for step in steps:
            self.clock.go_on()
            self._note("step", name=step.__name__)
            step()

    def _kept(self, recorded: Incident, logs: pod_logs.Collector) -> Path | None:
        """Write the recording; what the disk does not take is said beside the verdict."""
        try:
            incident.write(recorded, self.folder)
        except OSError as error:
            self._say(f"keeping the recording in {self.folder}: {error.strerror or error}", style="yellow")
            return None
        try:
            logs.write(self.folder / "logs")
        except OSError as error:
            self._say(f"keeping the pods' logs: {error.strerror or error}", style="yellow")
        self._say("recorded")
        return self.folder

    def make_namespace(self) -> None:
        """Make the scenario's namespace."""
        made = workload.namespace(self.namespace, self.lab.site.mark)
        what = f"making the namespace {self.namespace}"
        insist(partial(self.lab.kube.send, what, "POST", workload.NAMESPACES, made), self.clock)

    def deploy_workload(self) -> None:
        """Apply the workload's manifest, if there is one."""
        manifest = workload.manifest(self.scenario)
        if manifest is None:
            self._say("it has no workload")
            return
        what, site = f"deploying the workload {self.scenario.workload}", self.lab.site
        text = workload.listed(self.scenario, site.image) if site.registry else None
        file = manifest if text is None else "-"
        insist(partial(self.place.run, what, "apply", f"--filename={file}", stdin=text), self.clock)

    def await_baseline(self) -> None:
        """Wait until the workload is healthy and its series are there."""
        what = f"a healthy baseline of {self.scenario.name}"
        wait_for(
            what,
            partial(baseline.healthy, self.place, Hope(self.clock)),
            deadline=BASELINE_SECONDS_MAX,
            clock=self.clock,
            every=1,
            tell=self._waits("a healthy workload"),
        )
        self.runs = baseline.workloads(self.place)
        if self.scenario.workload and not self.runs:
            self._say("nothing of its workload runs pods, so there is no health to wait for")
        told = self.lab.rules.scaled.rules, Hope(self.clock), self.scenario.regardless_of
        wait_for(
            what,
            lambda: baseline.seen(self.place, self.lab.prometheus(), *told),
            deadline=BASELINE_SECONDS_MAX,
            clock=self.clock,
            every=self.lab.scrape_seconds,
            tell=self._waits("Prometheus to see it"),
        )

    def watch_baseline(self) -> None:
        """Once the lab is quiet, let one window of silence pass."""
        self.once_quiet()
        # How the workload came up is not part of the story. Where none had to, the known quiet is.
        self.started = (not self.scenario.workload and self.quiet_since) or self.clock.now()
        rest = max(0.0, self.started + BASELINE_SCRAPES * self.lab.scrape_seconds - self.clock.now())
        self._say(f"healthy, and seen by Prometheus: recording {rest:.0f} s of that")
        self.clock.sleep(rest)
        named = {expectation.alert for expectation in self.scenario.expect}
        watched = touched.watches(self.lab.rules.scaled, named)
        if watched and self.scenario.workload:
            rest = min(watched, WATCHED_SECONDS_MAX)
            self._say(f"its rules look back {watched:.0f} s here for what has moved: waiting {rest:.0f} s")
            self.clock.sleep(rest)

    def inject(self) -> None:
        """Break it."""
        self.lab.check_turn()
        self.fault_at = self.clock.now()
        kind = catalogue.of(self.scenario)
        if kind and self.scenario.fault:
            self._say(f"fault: {self.scenario.fault}")
            calls.inject(kind, self.place, self.scenario.fault.args)
            self._note("fault", fault=str(self.scenario.fault))

    def hold(self) -> None:
        """Leave it broken for as long as the scenario says."""
        self._say(f"holding {self.scenario.hold} of rule time, {self._rest(self.scenario.hold):.0f} s here")
        kind, fault = catalogue.of(self.scenario), self.scenario.fault
        if kind and fault and (delay := kind.delay(fault.args)):
            self.clock.sleep(self._rest(delay))
            kind.inject_later(self.place, fault.args)
            self._say(f"{delay} after the fault: the rest of {fault.name}")
        self.held_until = self.fault_at + self._live(self.scenario.hold)
        self.clock.sleep(self._rest(self.scenario.hold))
        self.held_until = 0.0

    def _rest(self, duration: str) -> float:
        """Return the live seconds until so much rule time since the fault is over."""
        return max(0.0, self._live(duration) - (self.clock.now() - self.fault_at))

    def heal(self) -> None:
        """Repair it, once: after a half success a rollout undone again would be broken again."""
        kind = catalogue.of(self.scenario)
        if kind and self.scenario.fault:
            calls.heal(kind, self.place, self.scenario.fault.args)
            self._say("healed")
            self._note("heal", fault=str(self.scenario.fault))
        self.healed_at = self.clock.now()

    def _repair(self, said: str = "") -> None:
        """After trouble, undo what was broken: the lab may be used again. What can't be is said, once."""
        kind = catalogue.of(self.scenario)
        if kind and self.scenario.fault and self.fault_at and not self.healed_at:
            try:
                insist(partial(calls.heal, kind, self.place, self.scenario.fault.args), self.clock)
            except LabError as error:
                if str(error) != said:
                    self._say(str(error))

    def await_recovery(self) -> None:
        """Wait until the workload is healthy again: a silence that ends while pods come back says nothing.

        It takes live time, however fast the drill is. What is not back when its time is over is lab trouble.
        """
        if self.scenario.touches:  # an API server that starts knows nobody's rights for a moment
            insist(partial(self.lab.kube.get, "nodes"), self.clock)
        wait_for(
            f"the workload of {self.scenario.name} to be healthy again after the repair",
            partial(baseline.healthy, self.place),
            deadline=RECOVERY_SECONDS_MAX,
            clock=self.clock,
            every=1,
            tell=self._waits("the workload to be healthy again"),
        )
        self.whole_at = self.clock.now()

    def await_silence(self) -> None:
        """Watch until what must resolve has and people were told, or its time is over; then as it says."""
        resolving = [e for e in self.scenario.expect if e.kind == "resolves"]
        if resolving:
            names = "|".join(e.alert for e in resolving)
            # Whatever is said before each group was evaluated again is of before the repair.
            every = intervals.of_alerts(self.lab.rules.scaled.groups, self.lab.evaluation_seconds)
            again = max(max(every.get(e.alert, (self.lab.evaluation_seconds,))) for e in resolving)
            end = self.healed_at + again + max(self._live(e.within) for e in resolving)
            while self.clock.now() < end:
                if self.clock.now() >= self.healed_at + again and self._is_silent(names):
                    break
                self.clock.sleep(self.lab.evaluation_seconds)
        for told in self.scenario.expect:
            while told.resolved and self.clock.now() < self.healed_at + self._live(told.resolved):
                if self.mailbox.has(self.namespace, told.alert, status="resolved", since=self.fault_at):
                    break
                self.clock.sleep(self.lab.evaluation_seconds)
        self.clock.sleep(self._live(self.scenario.settle))

    def _is_silent(self, names: str) -> bool:
        """Say whether none of the alerts is active; without an answer that is not known, so it is no."""
        active = " or ".join(observe.alerts(self.namespace, f'alertname=~"{names}"'))
        try:
            return not self.lab.prometheus().query(active)
        except TransientError:
            return False

    def afterglow(self) -> None:
        """Let the scrapes and evaluations of the last moment reach the database."""
        self.clock.sleep(AFTERGLOW_SCRAPES * self.lab.scrape_seconds)
        self.lab.check_turn()
        if not self.mailbox.look():
            self._say("the receiver does not answer: the last messages are not known", style="yellow")

    def _recorded(self) -> Incident:
        """Return what is known of the run; where Prometheus can't be asked, that is part of it."""
        window = observe.Window(
            namespace=self.namespace,
            started=self.started,
            fault_at=self.fault_at or self.clock.now(),
            ended=self.clock.now(),
            speed=self.lab.speed,
        )
        series: list[Series] = []
        seen: list[Event] = []
        try:
            series, seen = wait_for(
                f"Prometheus to tell of {self.scenario.name}",
                lambda: observe.everything(
                    self.lab.prometheus(), window, self.watcher, self.lab.limits, self.lab.rules.scaled
                ),
                deadline=observe.ANSWER_SECONDS_MAX,
                clock=self.clock,
                every=1,
            )
        except LabError as error:
            self._trouble(str(error))
        seen += self.mailbox.events(window)
        if self.watcher.broken:
            self._trouble(self.watcher.broken)
        noted = [Event(t=window.rule_time(live), kind=kind_, data=data) for live, kind_, data in self.events]
        return Incident(
            scenario=self.scenario,
            namespace=self.namespace,
            speed=self.lab.speed,
            started=datetime.fromtimestamp(self.started, UTC).isoformat(timespec="seconds"),
            fault_at=window.fault_at,
            versions=self.lab.versions,
            limits=self.lab.limits,
            workload=self.runs,
            left_out=self.lab.rules.told(),
            traits=tuple(sorted(catalogue.traits(self.scenario))),
            beside=tuple(e for one in self.beside + self.after for e in one.expect if e.kind == "fires"),
            disturbed=tuple(sorted({what for one in self.beside for what in one.touches})),
            elsewhere=self.elsewhere,
            noise=self.noise,
            cadence=observe.cadence(series, window, self.scenario),
            phases=self.lab.phases,
            events=tuple(sorted([*noted, *seen], key=lambda event: event.t)),
            series=tuple(series),
            rules=self.lab.rules.stated.to_yaml(),
            pace=pace.written(self.lab.rules.stated.declarations),
            delivery=self.lab.rules.delivery,
            claims=self.lab.rules.claims,
            metrics=touched.metrics(self.lab.rules.scaled),
        )

    def _leave(self) -> None:
        """Remove the namespace, unless it is to be kept; a failure to do so is said, and is not a verdict."""
        if self.keep:
            self._say(f"kept the namespace {self.namespace}")
            return
        try:
            self.lab.kube.send("removing a namespace", "DELETE", f"{workload.NAMESPACES}/{self.namespace}")
        except LabError as error:
            self._say(str(error))

    def _trouble(self, sentence: str) -> None:
        self._say(f"trouble: {sentence}", style="red")
        self._note("trouble", sentence=sentence)

    def _note(self, kind: Kind, **fields: object) -> None:
        self.events.append((self.clock.now(), kind, fields))

    def _live(self, duration: str) -> float:
        return durations.seconds(duration) / self.lab.speed

    def _waits(self, what: str) -> Callable[[str], None]:  # who is told what a wait has seen so far
        return lambda seen: self._say(f"waiting for {what}: {seen}")

    def _say(self, sentence: str, *, style: str = "") -> None:
        self.progress.say(f"{self.scenario.name}: {sentence}", style=style)
