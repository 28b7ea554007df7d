"""An incident's events as a judge reads them: typed, and cut where watching ended."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TypeVar

import msgspec

from alertdrill import durations, rules
from alertdrill.errors import RulesError
from alertdrill.incident import Event, Incident, Moment, Notification
from alertdrill.judge.letters import Letter, sent
from alertdrill.model import AlertState, Change, Life, Trait, Value
from alertdrill.names import PROMETHEUS, TOUCHABLE
from alertdrill.rules import intervals, promql, touched

# So many evaluations in a row may be missing, on a machine that is busy for a moment.
EVALUATIONS_MISSED_MAX = 3
# A restart of Prometheus takes live time: to end, to be started by the kubelet, to read its log.
GAPS_OF_A_RESTART = 3
UP = "up"
OF_A_SCRAPE = re.compile(r"up|scrape_.+")

T = TypeVar("T")


class Alert(msgspec.Struct, frozen=True):
    """What an `alert` event holds."""

    alert: str
    labels: dict[str, str]
    state: AlertState
    annotations: dict[str, str] = {}


class Scrape(msgspec.Struct, frozen=True):
    """What a `scrape` event holds: how one target was scraped, in seconds of rule time."""

    job: str
    instance: str
    first: Moment
    last: Moment
    down: tuple[Moment, ...] = ()
    gaps: tuple[tuple[Moment, Moment], ...] = ()
    samples: int = 0  # how many scrapes, those that failed among them; 0: not known


class Health(msgspec.Struct, frozen=True):
    """What a `rule_health` event holds."""

    rule: str
    health: str
    group: str = ""
    error: str = ""


class Trouble(msgspec.Struct, frozen=True):
    """What a `trouble` event holds."""

    sentence: str


class Mail(msgspec.Struct, frozen=True):
    """What a `receiver` event holds: from when to when it is known what came, and why some of it is not."""

    since: Moment
    until: Moment
    lost: tuple[str, ...] = ()


class Recording(Value, frozen=True, kw_only=True):
    """An incident with its events read; times are seconds of rule time since the fault.

    `end`, `fault` and `heal` are None where there was none. `lives` are those of all alerts but the canary.
    `annotated` are the alerts whose rules have annotations, `metrics` those that its rules read of any job,
    with `""` among them where a rule doesn't name what it reads; `of_any_job` has those of each alert alone.
    `of_any_scrape` are the alerts that may be about any target, as they ask whether it is up, say.
    `jobs` are those that an alert's rules name, and `rests_on` those of which they read more than whether
    they are up. What an alert reads through recording rules is read by it.

    `holds` are the alerts' `for`, where all rules of a name have the same, `intervals` the longest times
    between two of their evaluations, and `watched` over how long those that the scenario names look whether
    something has moved, where they do. `letters` are what was sent, `mail` is None where nobody asked.
    """

    incident: Incident
    end: float | None
    fault: float | None
    heal: float | None
    troubles: tuple[str, ...]
    scrapes: tuple[Scrape, ...]
    health: tuple[tuple[float, Health], ...]
    lives: tuple[Life, ...]
    canaries: tuple[Life, ...]
    annotated: frozenset[str]
    metrics: frozenset[str]
    jobs: dict[str, frozenset[str]]
    rests_on: dict[str, frozenset[str]]
    of_any_job: dict[str, frozenset[str]] = {}
    of_any_scrape: frozenset[str] = frozenset()
    holds: dict[str, float] = {}
    intervals: dict[str, float] = {}
    watched: dict[str, float] = {}
    every_rule: tuple[rules.Rule, ...] = ()
    letters: tuple[Letter, ...] = ()
    mail: Mail | None = None

    @property
    def touched_jobs(self) -> frozenset[str]:
        """Return the jobs that the scenario, or one that was played beside it, may take down."""
        touched = (*self.incident.scenario.touches, *self.incident.disturbed)
        return frozenset[str]().union(*(TOUCHABLE[one] for one in touched))

    @property
    def named_jobs(self) -> frozenset[str]:
        """Return the jobs that are read for the alerts that the scenario names."""
        named = {expectation.alert for expectation in self.incident.scenario.expect}
        return frozenset().union(*(self.jobs.get(alert, frozenset()) for alert in named))

    def readers(self, job: str) -> list[str]:
        """Return the alerts that read what a job tells, be it only whether it is up."""
        every = self.incident.series
        told = {"", *(one.labels.get("__name__", "") for one in every if one.labels.get("job") == job)}
        return [
            alert for alert in sorted(self.jobs) if job in self.jobs[alert] or told & self.of_any_job[alert]
        ]

    @property
    def is_out_of_sight(self) -> bool:
        """Say whether Prometheus can't be asked meanwhile: the way to it is through what is taken down."""
        return bool({"apiserver", "kubelet"} & {*self.incident.scenario.touches})

    @property
    def is_restarted(self) -> bool:
        """Say whether the scenario, or one that was played beside it, restarts Prometheus."""
        return PROMETHEUS in {*self.incident.scenario.touches, *self.incident.disturbed}

    @property
    def gap_max(self) -> float:
        """Return how long nothing may be scraped: longer where Prometheus is restarted on purpose."""
        return self.incident.limits.scrape_gap_max * (GAPS_OF_A_RESTART if self.is_restarted else 1)

    @property
    def reached_fault(self) -> bool:
        """Say whether the run came as far as what it is about: what was to be broken, or left alone, was."""
        steps = [event.data.get("name") for event in self.incident.events if event.kind == "step"]
        return self.fault is not None or "hold" in steps or not steps

    @property
    def traits(self) -> frozenset[Trait]:
        """Return what the fault does to a cluster; nothing where nothing was broken."""
        return frozenset(self.incident.traits or ())

    @property
    def resolution(self) -> float:
        """Return how far a time may be from what it stands for: a scrape and an evaluation late."""
        return self.incident.limits.scrape_interval + self.incident.limits.evaluation_interval

    def resolution_of(self, alert: str) -> float:
        """Return how late an alert may be: a scrape, and an evaluation of its own group."""
        return self.incident.limits.scrape_interval + self.interval_of(alert)

    def interval_of(self, alert: str) -> float:
        """Return how long a state of an alert holds: until its group is evaluated again."""
        return self.intervals.get(alert, self.incident.limits.evaluation_interval)


@lru_cache(maxsize=8)  # recordings of one play have the same rules
def _parsed(text: str) -> tuple[rules.Group, ...]:
    return rules.parse(text, "rules.yaml")


def read(incident: Incident) -> Recording:
    """Return the recording; an event that holds something else than it must is a ValidationError."""
    events = sorted(incident.events, key=lambda event: event.t)
    end = _first(events, "end")
    canary = incident.limits.canary
    groups = _parsed(incident.rules)
    stated = _alerts(groups)
    if not stated:
        raise RulesError("there is no alert in the rules of this recording", file="rules.yaml")
    every = [rule for group in groups for rule in group.rules]
    behind = {name: touched.behind({name}, every) for name in stated}
    held = {name for name, those in stated.items() if all(_is_held(rule) for rule in those)}
    evaluated = intervals.of_alerts(groups, incident.limits.evaluation_interval)
    longest = {alert: max(those) for alert, those in evaluated.items()}
    bridged = {name: longest.get(name, incident.limits.evaluation_interval) for name in held | {canary}}
    lives = _lives(events, incident, end, bridged)
    return Recording(
        incident=incident,
        end=end,
        fault=_first(events, "fault"),
        heal=_first(events, "heal"),
        troubles=tuple(_data(e, Trouble).sentence for e in events if e.kind == "trouble"),
        scrapes=tuple(_data(e, Scrape) for e in events if e.kind == "scrape"),
        health=tuple((e.t, _data(e, Health)) for e in events if e.kind == "rule_health"),
        lives=tuple(life for life in lives if life.alert != canary),
        canaries=tuple(life for life in lives if life.alert == canary),
        annotated=frozenset(
            name for name, those in stated.items() if all(rule.annotations for rule in those)
        ),
        metrics=frozenset(_metrics(_read_for(every, incident))),
        jobs={name: _jobs(those) for name, those in behind.items()},
        rests_on={name: _jobs(those, but=UP) for name, those in behind.items()},
        of_any_job={name: frozenset(_metrics(those)) for name, those in behind.items()},
        of_any_scrape=frozenset(name for name, those in behind.items() if any(map(_reads_any_scrape, those))),
        holds={name: hold for name, those in stated.items() if (hold := _hold(those)) is not None},
        intervals=longest,
        watched=_watched(groups, incident),
        every_rule=tuple(every),
        letters=sent((e.t, _data(e, Notification)) for e in events if e.kind == "notification"),
        mail=next((_data(e, Mail) for e in events if e.kind == "receiver"), None),
    )


def _watched(groups: tuple[rules.Group, ...], incident: Incident) -> dict[str, float]:
    """Return over how long each alert that a scenario names looks whether something has moved."""
    stated = rules.RuleSet(files={"rules.yaml": groups})
    named = sorted({expectation.alert for expectation in incident.scenario.expect})
    return {alert: back for alert in named if (back := touched.watches(stated, {alert}))}


def _alerts(groups: Iterable[rules.Group]) -> dict[str, list[rules.Rule]]:
    """Return the alerting rules of each name."""
    stated: dict[str, list[rules.Rule]] = {}
    for group in groups:
        for rule in group.rules:
            if rule.kind == "alert":
                stated.setdefault(rule.name, []).append(rule)
    return stated


def _read_for(every: list[rules.Rule], incident: Incident) -> list[rules.Rule]:
    """Return the rules behind the alerts that a scenario names; all of them where none names its jobs."""
    named = {expectation.alert for expectation in incident.scenario.expect}
    return touched.behind(named, every) if incident.limits.jobs else every


def _metrics(those: Iterable[rules.Rule]) -> Iterator[str]:
    """Yield the metric of every selector that names no job, `""` where that can't be told.

    What Prometheus itself writes of a scrape is there, too, when that has failed.
    """
    for rule in those:
        tree = rule.tree()
        if tree is None:
            yield ""
            continue
        for node in promql.walk(tree):
            if isinstance(node, promql.VectorSelector) and not promql.jobs(node):
                metric = promql.metric(node)
                if not OF_A_SCRAPE.fullmatch(metric):
                    yield metric


def _reads_any_scrape(rule: rules.Rule) -> bool:
    """Say whether a rule asks of any job what Prometheus itself writes of a scrape, as far as can be told."""
    tree = rule.tree()
    if tree is None:
        return True
    selectors = [node for node in promql.walk(tree) if isinstance(node, promql.VectorSelector)]
    return any(not promql.jobs(one) and OF_A_SCRAPE.fullmatch(promql.metric(one)) for one in selectors)


def _jobs(those: Iterable[rules.Rule], *, but: str = "") -> frozenset[str]:
    """Return the jobs that rules name, where they don't ask for one metric only."""
    selectors = [
        node
        for rule in those
        if (tree := rule.tree()) is not None
        for node in promql.walk(tree)
        if isinstance(node, promql.VectorSelector) and promql.metric(node) != but
    ]
    return frozenset[str]().union(*map(promql.jobs, selectors))


def _hold(those: list[rules.Rule]) -> float | None:
    """Return the one `for` of several rules, None where they have more than one."""
    stated = {durations.seconds(rule.hold) if rule.hold else 0.0 for rule in those}
    return stated.pop() if len(stated) == 1 else None


def _is_held(rule: rules.Rule) -> bool:
    """Say whether an alert must be pending before it fires."""
    return bool(rule.hold) and durations.seconds(rule.hold) > 0


def _first(events: Iterable[Event], kind: str) -> float | None:
    return next((event.t for event in events if event.kind == kind), None)


def _data(event: Event, shape: type[T]) -> T:
    return msgspec.convert(event.data, shape)


def _lives(
    events: Iterable[Event], incident: Incident, end: float | None, bridged: Mapping[str, float]
) -> tuple[Life, ...]:
    """Return the alert instances' lives; `bridged` has for some how often they should have been evaluated.

    The last sample of an instance looks like its end. Where no evaluation could have followed before
    watching ended, nothing is known of an end, and that change is left out.
    """
    last = float("inf") if end is None else end - incident.limits.evaluation_interval
    changes: dict[tuple[str, tuple[tuple[str, str], ...]], list[Change]] = {}
    texts: dict[tuple[str, tuple[tuple[str, str], ...]], list[tuple[AlertState, dict[str, str]]]] = {}
    for event in events:
        if event.kind == "alert":
            data = _data(event, Alert)
            key = data.alert, tuple(sorted(data.labels.items()))
            texts.setdefault(key, []).append((data.state, data.annotations))
            known = changes.setdefault(key, [])
            if not (data.state is AlertState.INACTIVE and event.t > last):
                known.append(Change(t=event.t, state=data.state))
    return tuple(
        Life(
            alert=key[0],
            labels=dict(key[1]),
            annotations=_told(texts[key]),
            changes=tuple(_bridged(changes[key], bridged[key[0]]) if key[0] in bridged else changes[key]),
        )
        for key in sorted(changes)
    )


def _told(texts: list[tuple[AlertState, dict[str, str]]]) -> dict[str, str]:
    """Return what people were told: the text an instance had when it first fired, else, when it was pending.

    What it said later, with the value it had while it recovered, reached nobody first.
    """
    fired = [text for state, text in texts if state is AlertState.FIRING]
    waited = [text for state, text in texts if state is AlertState.PENDING]
    return next((text for text in fired or waited if text), {})


def _bridged(changes: list[Change], interval: float) -> list[Change]:
    """Return the changes without the ends that only missing evaluations made.

    What has resolved must be pending anew before it fires: what is firing on both sides of a short absence
    was firing all along.
    """
    absence_max = (EVALUATIONS_MISSED_MAX + 0.5) * interval  # half: evaluations are not exactly on time
    found: list[Change] = []
    for change in changes:
        states = [one.state for one in (*found[-2:], change)]
        missed = states == [AlertState.FIRING, AlertState.INACTIVE, AlertState.FIRING]
        if missed and change.t - found[-1].t <= absence_max:
            found.pop()
        else:
            found.append(change)
    return found
