"""What Prometheus says, recorded as events and series.

Alert states come from the ALERTS series, which has a sample for every evaluation: nothing between two polls
is missed. Only what the database does not keep, annotations and rule health, is polled.
"""

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import NamedTuple, Self

from alertdrill import crash
from alertdrill.backtest import ends
from alertdrill.clock import Clock, wait_for
from alertdrill.errors import LabError
from alertdrill.faults import catalogue
from alertdrill.incident import Cadence, Event, Limits, Series, timeline
from alertdrill.model import AlertState, Life, Trait
from alertdrill.names import (
    LOOKBACK_SECONDS,
    NAMESPACE_LABEL,
    NAMESPACE_PREFIX,
    RESTART_SECONDS,
    RESTART_SECONDS_HIGH,
    RESTART_SECONDS_LOW,
    RESTARTS,
    SCRAPE_DURATION,
    TARGET_NAMESPACE_LABEL,
)
from alertdrill.prometheus import Prometheus, RuleState
from alertdrill.rules import RuleSet, intervals, touched
from alertdrill.scenario import Scenario

# Prometheus, and the forward to it, may just be coming back: two looks that get no reply, and some more.
ANSWER_SECONDS_MAX = 70.0

# Selects alerts that are about no scenario's namespace.
NOBODYS = ",".join(f'{label}!~"{NAMESPACE_PREFIX}.*"' for label in (NAMESPACE_LABEL, TARGET_NAMESPACE_LABEL))

Key = tuple[str, frozenset[tuple[str, str]]]


def key(alert: str, labels: dict[str, str]) -> Key:
    """Return what tells one alert instance from another."""
    return alert, frozenset(
        (name, value) for name, value in labels.items() if name not in {"alertname", "alertstate"}
    )


class Said(NamedTuple):
    """What an alert instance said from a look on, until the next one that found it otherwise."""

    live: float  # seconds since the epoch
    state: AlertState
    annotations: dict[str, str]


@dataclass
class Watcher:
    """Polls the rules in a thread of its own, for what the database does not keep.

    `health` is every change of a rule's health: (live seconds, state). `said` is every change of what an
    instance says: its text is rendered anew at each evaluation, and people get the one it had when it fired.
    `there` are the targets that there were at some moments, which runs that were played side by side all ask.
    `broken` says that a mistake of ours ended it: whatever became of the rules since then nobody saw.
    """

    prometheus: Callable[[], Prometheus]
    clock: Clock
    every: float
    said: dict[Key, list[Said]] = field(default_factory=dict)
    health: list[tuple[float, RuleState]] = field(default_factory=list)
    there: dict[float, frozenset[ends.Labels]] = field(default_factory=dict)
    broken: str = ""
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Look once, so that a server that can't be asked is known now; then go on in the background."""
        server = wait_for(
            "Prometheus to tell its rules",
            self._first_look,
            deadline=ANSWER_SECONDS_MAX,
            clock=self.clock,
            every=1,
        )
        self._thread = threading.Thread(target=self._run, args=(server,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop looking."""
        self._stop.set()
        if self._thread:
            self._thread.join()

    def look(self, server: Prometheus) -> None:
        """Ask once."""
        now = self.clock.now()
        last = {(state.group, state.name): state for _, state in self.health}
        found: dict[Key, Said] = {}
        for rule in server.rules():
            before = last.get((rule.group, rule.name))
            if before is None or (before.health, before.error) != (rule.health, rule.error):
                self.health.append((now, rule))
            for alert in rule.alerts:
                found[key(rule.name, alert.labels)] = Said(now, AlertState(alert.state), alert.annotations)
        gone = dict.fromkeys(self.said, Said(now, AlertState.INACTIVE, {}))
        for one, said in {**gone, **found}.items():
            known = self.said.setdefault(one, [])
            if not known or known[-1][1:] != said[1:]:
                known.append(said)

    def _first_look(self) -> Prometheus:
        server = self.prometheus()
        self.look(server)
        return server

    def _run(self, server: Prometheus) -> None:
        try:
            self._go_on(server)
        except Exception as error:  # noqa: BLE001  # a thread that ends unseen leaves a silence
            self.broken = crash.told("watching the rules", error)

    def _go_on(self, server: Prometheus) -> None:
        while not self._stop.wait(self.every):
            try:
                self.look(server)
            except LabError:  # a gap shows in the series, where it can be dated; the url may have changed
                try:
                    server = self.prometheus()
                except LabError:
                    continue


@dataclass(frozen=True)
class Window:
    """The part of the lab's life that one incident is about; live seconds since the epoch."""

    namespace: str
    started: float
    fault_at: float
    ended: float
    speed: float

    def live(self, t: float) -> float:
        """Return live seconds since the epoch for seconds of rule time."""
        return self.fault_at + t / self.speed

    def rule_time(self, live: float) -> float:
        """Return seconds of rule time since the fault."""
        return round((live - self.fault_at) * self.speed, 3)


def everything(
    server: Prometheus, window: Window, watcher: Watcher, limits: Limits, rules: RuleSet
) -> tuple[list[Series], list[Event]]:
    """Return the series and the events of one run, as Prometheus has them now.

    `rules` are those it evaluates: all that they touch is recorded, from as far back as they look, with
    staleness markers where a scrape lost a series, or a target was given up.
    """
    alerts = alert_series(server, window)
    every = limits.evaluation_interval / window.speed
    lives = timeline.lives(
        alerts,
        interval_ms=round(every * 1000),
        fault_at=window.fault_at,
        speed=window.speed,
        intervals=intervals.of_alerts(rules.groups, every),
    )
    up = server.samples("up", start=window.started, end=window.ended)
    events = [
        *alert_events(lives, watcher, window),
        *scrape_events(up, window, limits),
        *health_events(watcher, window),
    ]
    since = window.started - touched.looks_back(rules, LOOKBACK_SECONDS / window.speed)
    scraped = ends.scrapes(
        server.samples("up", start=since, end=window.ended), partial(_there, server, watcher.there)
    )
    found = {
        frozenset(one.labels.items()): timeline.mark_stale(one, scraped.of(one) or ())
        for one in (
            *workload_series(server, window),
            *server.samples(SCRAPE_DURATION, start=window.started, end=window.ended),
            *up,
            *rule_series(server, window, since, rules),
        )
    }
    return [*found.values(), *alerts], events


def _there(
    server: Prometheus, known: dict[float, frozenset[ends.Labels]], at: float
) -> frozenset[ends.Labels]:
    """Return which targets there were at a live moment: a query for it knows of one that was given up.

    A tenth of a second earlier is as good, and so most runs ask the same.
    """
    at = math.floor(at * 10) / 10
    if at not in known:
        known[at] = frozenset(tuple(sorted(one["metric"].items())) for one in server.query("up", at=at))
    return known[at]


def rule_series(server: Prometheus, window: Window, since: float, rules: RuleSet) -> list[Series]:
    """Return every series that the rules read, of whatever job and namespace: what they said rests on it."""
    return [
        one
        for selector in touched.selectors(rules)
        for one in server.samples(selector, start=since, end=window.ended)
    ]


def own_alerts(namespace: str, *matchers: str) -> tuple[str, str]:
    """Return selectors of the alerts about a namespace or about what is scraped in it, each alert once."""
    return (
        _alerts(f'{NAMESPACE_LABEL}="{namespace}"', *matchers),
        _alerts(f'{TARGET_NAMESPACE_LABEL}="{namespace}",{NAMESPACE_LABEL}!="{namespace}"', *matchers),
    )


def alerts(namespace: str, *matchers: str) -> tuple[str, ...]:
    """Return selectors of a scenario's own alerts and of those that are no scenario's, each alert once."""
    return _alerts(NOBODYS, *matchers), *own_alerts(namespace, *matchers)


def _alerts(*matchers: str) -> str:
    return f"ALERTS{{{','.join(matchers)}}}"


def alert_series(server: Prometheus, window: Window) -> list[Series]:
    """Return ALERTS of the scenario's namespace and of what is no scenario's; the others judge their own."""
    return [
        one
        for selector in alerts(window.namespace)
        for one in server.samples(selector, start=window.started, end=window.ended)
    ]


def alert_events(lives: Iterable[Life], watcher: Watcher, window: Window) -> Iterator[Event]:
    """Yield every change of every alert instance, with the annotations it had then.

    Those are the first that were seen of it in that state; of an instance that is gone, the last ones.
    """
    for life in lives:
        said = watcher.said.get(key(life.alert, life.labels), [])
        ends = [window.live(change.t) for change in life.changes[1:]]
        for change, until in zip(life.changes, [*ends, math.inf], strict=True):
            data = {
                "alert": life.alert,
                "labels": life.labels,
                "annotations": _annotations(said, change.state, window.live(change.t), until),
                "state": change.state.value,
            }
            yield Event(t=change.t, kind="alert", data=data)


def _annotations(said: Sequence[Said], state: AlertState, since: float, until: float) -> dict[str, str]:
    """Return what was said in a state that an instance was in from one live moment to another."""
    if state is AlertState.INACTIVE:
        before = (one.annotations for one in reversed(said) if one.state is not state and one.live < since)
        return next(before, {})
    held = pairwise([*said, Said(math.inf, AlertState.INACTIVE, {})])
    seen = (one for one, after in held if one.state is state and one.live < until and after.live > since)
    return next((one.annotations for one in seen), {})


def scrape_events(up: Iterable[Series], window: Window, limits: Limits) -> Iterator[Event]:
    """Yield one event per target: its scrapes, when it was down, and where scrapes are missing."""
    for target in up:
        times = [window.rule_time(ms / 1000) for ms in target.timestamps]
        yield Event(
            t=times[0],
            kind="scrape",
            data={
                "job": target.labels.get("job", ""),
                "instance": target.labels.get("instance", ""),
                "labels": target.labels,
                "samples": len(times),
                "first": times[0],
                "last": times[-1],
                "down": [t for t, value in zip(times, target.values, strict=True) if value != 1],
                "gaps": [[a, b] for a, b in pairwise(times) if b - a > limits.scrape_gap_max],
            },
        )


def health_events(watcher: Watcher, window: Window) -> Iterator[Event]:
    """Yield the health each rule had when the window opened, and every change inside it."""
    opening: dict[tuple[str, str], RuleState] = {}
    for live, rule in watcher.health:
        if live <= window.started:
            opening[rule.group, rule.name] = rule
    inside = [(live, rule) for live, rule in watcher.health if window.started < live <= window.ended]
    for live, rule in [*((window.started, rule) for rule in opening.values()), *inside]:
        data = {"group": rule.group, "rule": rule.name, "health": rule.health, "error": rule.error}
        yield Event(t=window.rule_time(live), kind="rule_health", data=data)


def workload_series(server: Prometheus, window: Window) -> list[Series]:
    """Return every series of the scenario's objects."""
    elsewhere = f'{NAMESPACE_LABEL}!="{window.namespace}"'
    selectors = (
        f'{{__name__!="ALERTS",{NAMESPACE_LABEL}="{window.namespace}"}}',  # its objects, by the exporter
        # Its pods' own metrics; those that are about its objects, too, are here already.
        f'{{__name__!~"ALERTS|up",{TARGET_NAMESPACE_LABEL}="{window.namespace}",{elsewhere}}}',
    )
    return [
        one
        for selector in selectors
        for one in server.samples(selector, start=window.started, end=window.ended)
    ]


def cadence(series: Iterable[Series], window: Window, scenario: Scenario) -> Cadence | None:
    """Return the times from one restart to the next that were seen after the fault, None for no crash loop.

    What is promised is a kubelet's back-off, which begins when a container ends that has lived for a while.
    """
    if Trait.CRASH_LOOPS not in catalogue.traits(scenario):
        return None
    lives = catalogue.lives(scenario)
    measured: list[float] = []
    for one in series:
        about = one.labels.get("__name__"), one.labels.get(NAMESPACE_LABEL, window.namespace)
        if about != (RESTARTS, window.namespace):
            continue
        samples = [
            (ms, v)
            for ms, v in zip(one.timestamps, one.values, strict=True)
            if isinstance(v, float) and ms >= window.started * 1000
        ]
        rises = [after[0] for before, after in pairwise(samples) if after[1] > before[1]]
        measured += [round((b - a) / 1000 * window.speed, 1) for a, b in pairwise(rises)]
    return Cadence(
        promised=RESTART_SECONDS + lives,
        low=RESTART_SECONDS_LOW + lives,
        high=RESTART_SECONDS_HIGH + lives,
        measured=tuple(measured),
    )
