"""The readable list of steps of one live run → incident; scenarios run side by side, each in a namespace."""

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from alertdrill import baseline, data, durations, images, incident, observe, pod_logs, scenario_files
from alertdrill.clock import Clock, Hope, NotYet, StoppableClock, wait_for
from alertdrill.errors import LabError, ScenarioError, TransientError
from alertdrill.faults import base as faults
from alertdrill.faults import catalogue
from alertdrill.incident import Event, Incident, Kind, Series
from alertdrill.lab import LAB_LABEL, Lab
from alertdrill.progress import Progress
from alertdrill.scenario import Scenario

BASELINE_SECONDS_MAX = 120
# An API server under load refuses now and then; one that has for so long is in trouble.
PATIENCE_SECONDS = 20
# More would start faster than two cores can bring up pods, and the scrapes would suffer; the longest runs
# come first, so the others take no more time than they.
SIDE_BY_SIDE_MAX = 8
# Scrapes of the healthy workload at the start of a recording.
BASELINE_SCRAPES = 4
# Scrapes after the last thing that must be seen, so that it is in the database.
AFTERGLOW_SCRAPES = 3


def play(
    lab: Lab, scenarios: Sequence[Scenario], *, record: Path, progress: Progress, keep: bool = False
) -> list[Path]:
    """Play the scenarios and return the folder of each one's incident, in the order given.

    Those that touch the whole cluster come last, one by one. A broken run leaves an incident that says so.
    """
    scenario_files.check_folders(scenarios)
    clock = StoppableClock()
    with observe.Watcher(lab.prometheus, clock, lab.evaluation_seconds) as watcher:
        _remove_leftovers(lab, clock)
        _await_quiet(lab, clock, progress)
        runs = [Run(lab, scenario, watcher, clock, progress, record, keep) for scenario in scenarios]
        try:
            _side_by_side([run for run in runs if not run.scenario.exclusive], clock)
            for run in runs:
                if run.scenario.exclusive:
                    _await_quiet(lab, clock, progress)  # what the run before it broke has come back
                    _side_by_side([run], clock)
        except BaseException:
            clock.stop()
            raise
    return [run.folder for run in runs]


def _side_by_side(runs: Sequence["Run"], clock: StoppableClock) -> None:
    longest_first = sorted(runs, key=lambda run: run.scenario.rule_seconds_max, reverse=True)
    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE_MAX) as pool:
        try:
            for done in [pool.submit(run.whole) for run in longest_first]:
                done.result()
        except BaseException:
            clock.stop()  # wakes every run before the pool waits for them
            raise


def _remove_leftovers(lab: Lab, clock: Clock) -> None:
    """Remove the namespaces of a run that was killed; the lock on the lab says that no run is alive."""
    chosen = f"{LAB_LABEL}={lab.mark}"
    what = "removing what a killed run left"
    _insist(partial(lab.kube.run, what, "delete", "namespace", f"--selector={chosen}", "--wait=false"), clock)


def _insist(do: Callable[[], object], clock: Clock) -> None:
    """Do something until it succeeds, for a while; it must be the same done twice as done once.

    Every LabError counts as a hiccup: kubectl ends with 1 whatever the reason.
    """

    def attempt() -> bool:
        try:
            do()
        except LabError as error:
            raise NotYet(str(error)) from error
        return True

    wait_for("kubectl to succeed", attempt, deadline=PATIENCE_SECONDS, clock=clock, every=1)


def _await_quiet(lab: Lab, clock: StoppableClock, progress: Progress) -> None:
    """Wait until the canary fires and nothing else is even pending; a new cluster lacks things for a while.

    What stays active is said and played with: it is for the judge to object to.
    """
    seconds = _whole_round(lab)
    try:
        wait_for(
            "every other alert to be quiet before anything is broken",
            lambda: baseline.quiet(lab.prometheus(), lab.limits.canary, seconds=seconds),
            deadline=BASELINE_SECONDS_MAX,
            clock=clock,
            every=lab.scrape_seconds,
        )
    except LabError as error:
        if clock.stopped:
            raise
        progress.say(f"{error}; going on", style="yellow")


def _whole_round(lab: Lab) -> float:
    """Return live seconds in which everything was scraped and every rule evaluated, even if one was late."""
    return 2 * (lab.scrape_seconds + lab.evaluation_seconds)


@dataclass
class Run:
    """One scenario, from its namespace to its incident."""

    lab: Lab
    scenario: Scenario
    watcher: observe.Watcher
    clock: StoppableClock
    progress: Progress
    record: Path
    keep: bool
    events: list[tuple[float, Kind, dict[str, Any]]] = field(default_factory=list)  # live seconds
    fault_at: float = 0.0
    healed_at: float = 0.0

    def __post_init__(self) -> None:
        """Choose a namespace that no run before this one had."""
        self.namespace = f"{observe.NAMESPACE_PREFIX}{self.scenario.slug}-{os.urandom(2).hex()}"
        self.folder = self.record / self.scenario.slug
        self.place = faults.Place(self.lab.kube, self.namespace, self.lab.speed)
        self.started = self.clock.now()

    def whole(self) -> None:
        """Run every step; lab trouble ends the run and is written down, so that it reads as unknown."""
        steps: list[Callable[[], None]] = [
            self.make_namespace,  # a place of its own
            self.deploy_workload,  # what is going to be broken
            self.await_baseline,  # it is healthy, scraped, and no alert is up
            self.inject,  # t = 0
            self.hold,  # for as long as the scenario says
            self.heal,  # the repair
            self.await_silence,  # until what must resolve has resolved, or its time is over
            self.afterglow,  # until the last of it is in the database
        ]
        with pod_logs.Collector(self.lab.kube, self.namespace) as logs:
            try:
                try:
                    for step in steps:
                        self._note("step", name=step.__name__)
                        step()
                    self._note("end")
                except LabError as error:
                    self._trouble(error)
                    self._repair()
                incident.write(self._recorded(), self.folder)
                logs.write(self.folder / "logs")
            finally:
                self._leave()
        self._say("recorded")

    def make_namespace(self) -> None:
        """Make the scenario's namespace."""
        labels = {LAB_LABEL: self.lab.mark, "pod-security.kubernetes.io/enforce": "restricted"}
        metadata = {"name": self.namespace, "labels": labels}
        manifest = json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        what = f"making the namespace {self.namespace}"
        _insist(partial(self.lab.kube.run, what, "apply", "--filename=-", stdin=manifest), self.clock)

    def deploy_workload(self) -> None:
        """Apply the workload's manifest."""
        manifest = workload(self.scenario)
        what = f"deploying the workload {self.scenario.workload}"
        _insist(partial(self.place.run, what, "apply", f"--filename={manifest}"), self.clock)

    def await_baseline(self) -> None:
        """Wait until the workload is healthy and its series are there, then for one window of silence."""
        what = f"a healthy baseline of {self.scenario.name}"
        wait_for(
            what,
            partial(baseline.healthy, self.place, Hope(self.clock)),
            deadline=BASELINE_SECONDS_MAX,
            clock=self.clock,
            every=1,
        )
        wait_for(
            what,
            lambda: baseline.seen(self.place, self.lab.prometheus()),
            deadline=BASELINE_SECONDS_MAX,
            clock=self.clock,
            every=self.lab.scrape_seconds,
        )
        # The recording starts here: how the workload came up is not part of the story.
        self.started = self.clock.now()
        self.clock.sleep(BASELINE_SCRAPES * self.lab.scrape_seconds)

    def inject(self) -> None:
        """Break it."""
        self.fault_at = self.clock.now()
        kind = catalogue.of(self.scenario)
        if kind and self.scenario.fault:
            self._say(f"fault: {self.scenario.fault}")
            kind.inject(self.place, self.scenario.fault.args)
            self._note("fault", fault=str(self.scenario.fault))

    def hold(self) -> None:
        """Leave it broken for as long as the scenario says."""
        rest = self._live(self.scenario.hold) - (self.clock.now() - self.fault_at)
        self._say(f"holding {self.scenario.hold} of rule time, {rest:.0f} s here")
        self.clock.sleep(rest)

    def heal(self) -> None:
        """Repair it, once: after a half success a rollout undone again would be broken again."""
        kind = catalogue.of(self.scenario)
        if kind and self.scenario.fault:
            kind.heal(self.place, self.scenario.fault.args)
            self._say("healed")
            self._note("heal", fault=str(self.scenario.fault))
        self.healed_at = self.clock.now()

    def _repair(self) -> None:
        """After trouble, undo what was broken: the lab may be used again. What can't be is said."""
        kind = catalogue.of(self.scenario)
        if kind and self.scenario.fault and self.fault_at and not self.healed_at:
            try:
                _insist(partial(kind.heal, self.place, self.scenario.fault.args), self.clock)
            except LabError as error:
                self._say(str(error))

    def await_silence(self) -> None:
        """Watch until every alert that must resolve has, or its time is over; then as the scenario says."""
        resolving = [e for e in self.scenario.expect if e.kind == "resolves"]
        if resolving:
            names = "|".join(e.alert for e in resolving)
            end = self.healed_at + max(self._live(e.within) for e in resolving)
            while self.clock.now() < end and not self._is_silent(names):
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
                lambda: observe.everything(self.lab.prometheus(), window, self.watcher, self.lab.limits),
                deadline=observe.ANSWER_SECONDS_MAX,
                clock=self.clock,
                every=1,
            )
        except LabError as error:
            self._trouble(error)
        kind = catalogue.of(self.scenario)
        noted = [Event(t=window.rule_time(live), kind=kind_, data=data) for live, kind_, data in self.events]
        return Incident(
            scenario=self.scenario,
            namespace=self.namespace,
            speed=self.lab.speed,
            started=datetime.fromtimestamp(self.started, UTC).isoformat(timespec="seconds"),
            fault_at=window.fault_at,
            versions=self.lab.versions,
            limits=self.lab.limits,
            cadence=observe.cadence(series, window) if kind and kind.crash_loops else None,
            phases=self.lab.phases,
            events=tuple(sorted([*noted, *seen], key=lambda event: event.t)),
            series=tuple(series),
            rules=self.lab.rules,
        )

    def _leave(self) -> None:
        """Remove the namespace, unless it is to be kept; a failure to do so is said, and is not a verdict."""
        if self.keep:
            self._say(f"kept the namespace {self.namespace}")
            return
        try:
            self.lab.kube.run(
                "removing a namespace",
                "delete",
                "namespace",
                self.namespace,
                "--wait=false",
                "--ignore-not-found",
            )
        except LabError as error:
            self._say(str(error))

    def _trouble(self, error: LabError) -> None:
        self._say(f"lab trouble: {error}", style="red")
        self._note("trouble", sentence=str(error))

    def _note(self, kind: Kind, **fields: object) -> None:
        self.events.append((self.clock.now(), kind, fields))

    def _live(self, duration: str) -> float:
        return durations.seconds(duration) / self.lab.speed

    def _say(self, sentence: str, *, style: str = "") -> None:
        self.progress.say(f"{self.scenario.name}: {sentence}", style=style)


def needs_tofu(scenarios: Sequence[Scenario]) -> bool:
    """Say whether a workload among them runs terradiff's image."""
    return any(images.TERRADIFF.name in workload(one).read_text() for one in scenarios)


def workload(scenario: Scenario) -> Path:
    """Return the manifest of a scenario's workload, a shipped one by name or a path; else ScenarioError."""
    shipped = data.path("fixtures", "workloads", scenario.workload, "workload.yaml")
    for path in (shipped, Path(scenario.workload)):
        if path.is_file():
            return path
    raise ScenarioError(f"scenario {scenario.name}: looked for its workload in {shipped}, which is not there")
