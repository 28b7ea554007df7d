"""The lives of all alerts on one recording, as rules would have had them at real durations."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from alertdrill.engine import Alert, Engine, Window, evaluate
from alertdrill.incident import Incident
from alertdrill.judge import unseen as unseen_metrics
from alertdrill.model import Change, Life
from alertdrill.names import NAMESPACE_LABEL, NAMESPACE_PREFIX, TARGET_NAMESPACE_LABEL
from alertdrill.replay.stretch import Stretched
from alertdrill.rules import Rule, RuleSet, promql


@dataclass(frozen=True)
class Virtual:
    """What became of every alert of a set of rules; times are seconds of rule time since the fault.

    `refused` has why a rule can't be replayed on this recording, `troubles` why Prometheus could not evaluate
    one, and `unseen` the metrics an alert reads of which the recording can't tell: absence is no silence.
    `known` are those of which it can.
    """

    lives: tuple[Life, ...]
    refused: dict[str, str]
    troubles: dict[str, str]
    unseen: dict[str, tuple[str, ...]]
    known: frozenset[str]
    start: float
    end: float
    interval: float

    def doubt(self, alert: str) -> str:
        """Return why nothing is known of an alert here, `""` where it is."""
        if alert in self.refused:
            return f"{alert} can't be replayed: {self.refused[alert]}"
        if alert in self.troubles:
            return f"{alert} could not be evaluated: {self.troubles[alert]}"
        if alert in self.unseen:
            lacking = self.unseen[alert]
            return (
                f"{alert} reads {', '.join(lacking)}, of which this recording has nothing"
                f"{unseen_metrics.meant(lacking, self.known)}"
            )
        return ""


def virtual(
    engine: Engine,
    incident: Incident,
    stretched: Stretched,
    *,
    tag: str = "",
    phase: float | None = None,
    only: frozenset[str] | None = None,
    annotate: bool = True,
) -> Virtual:
    """Return the lives of the alerts of a stretched recording, which is in the engine already.

    Whoever asks for several sets of rules in one engine gives each a `tag`. Rules are evaluated when the lab
    evaluated those of their group; with a `phase` all of them at that time of rule time, and so on. `only`
    names the alerts that are asked for.
    """
    start, end = span(incident)
    first = min([start, *(stretched.rule_time(one.timestamps[0] / 1000) for one in stretched.series)])
    begin = start if phase is None else phase
    interval = incident.limits.evaluation_interval
    said = evaluate(
        engine,
        stretched.rules,
        Window(
            start=stretched.engine_time(begin),
            since=stretched.engine_time(first if phase is None else phase),
            end=stretched.engine_time(end),
            interval=interval,
            phases=phases(incident, stretched.rules, stretched.shift)
            if phase is None
            else dict.fromkeys(stretched.rules.named(), stretched.engine_time(phase)),
        ),
        tag=tag,
        only=only,
        annotate=annotate,
    )
    return Virtual(
        lives=tuple(life for alert in said.alerts for life in _lives(alert, incident, stretched.shift)),
        refused=stretched.refused,
        troubles={
            **{rule.name: f"{_place(rule)}: {why}" for rule, why in said.troubles},
            **{one.rule.name: f"{_place(one.rule)}: {one.trouble}" for one in said.alerts if one.trouble},
        },
        unseen=unseen(incident, stretched.rules),
        known=frozenset(
            {one.labels.get("__name__", "") for one in incident.series} | {*(incident.metrics or ())}
        ),
        start=start,
        end=end,
        interval=interval,
    )


def span(incident: Incident) -> tuple[float, float]:
    """Return from when to when a recording tells, in seconds of rule time.

    It begins when each target that was there at its start has been scraped: before that all is absent.
    """
    seen = [one.t for one in incident.events if one.kind in {"alert", "rule_health", "scrape"}]
    begun = min(seen, default=0.0)
    scraped = [
        (one.timestamps[0] / 1000 - incident.fault_at) * incident.speed
        for one in incident.series
        if one.labels.get("__name__") == "up" and one.timestamps
    ]
    late = begun + incident.limits.scrape_gap_max
    last = max((one.t for one in incident.events), default=0.0)
    return (
        max([begun, *(t for t in scraped if t <= late)]),
        next((one.t for one in incident.events if one.kind == "end"), last),
    )


def phases(
    incident: Incident, rules: RuleSet, shift: float, *, speed: float | None = None
) -> dict[str, float]:
    """Return for each group of which an alert was seen when it was evaluated, in the engine's time."""
    speed = incident.speed if speed is None else speed
    first: dict[str, int] = {}
    for one in incident.series:
        if one.labels.get("__name__", "") == "ALERTS" and one.timestamps:
            first.setdefault(one.labels["alertname"], one.timestamps[0])
    found = {}
    for name, group in rules.named().items():
        seen = [first[rule.name] for rule in group.rules if rule.name in first]
        if seen:
            found[name] = (seen[0] / 1000 - incident.fault_at) * speed + shift
    return found


def _place(rule: Rule) -> str:
    return f"{rule.file}:{rule.line_of('expr')}"


def _lives(alert: Alert, incident: Incident, shift: float) -> Iterator[Life]:
    for one in alert.instances:
        if not is_anothers(one.labels, incident.namespace):
            changes = tuple(
                Change(t=round(change.t - shift, 3), state=change.state) for change in one.changes
            )
            yield Life(alert=alert.rule.name, labels=one.labels, annotations=one.annotations, changes=changes)


def is_anothers(labels: Mapping[str, str], namespace: str) -> bool:
    """Say whether an alert is about another scenario that was played beside this one."""
    about = [labels.get(NAMESPACE_LABEL, ""), labels.get(TARGET_NAMESPACE_LABEL, "")]
    return namespace not in about and any(one.startswith(NAMESPACE_PREFIX) for one in about)


def unseen(incident: Incident, rules: RuleSet) -> dict[str, tuple[str, ...]]:
    """Return for each alert what it reads, also through recording rules, of which nothing is recorded.

    That is a metric, or a scrape job that the lab did not have: what is absent there was never meant to be.
    """
    jobs = {one.labels.get("job", "") for one in incident.series if one.labels.get("__name__") == "up"}
    jobs |= set(incident.limits.jobs)
    recorded = {one.labels.get("__name__", "") for one in incident.series} | promql.OF_ALERTS
    records = {rule.name: rule for rule in rules.rules if rule.kind == "record"}

    def lacking(rule: Rule, seen: frozenset[str]) -> Iterator[str]:
        tree = rule.tree()
        for node in promql.walk(tree) if tree is not None else ():
            name = promql.metric(node) if isinstance(node, promql.VectorSelector) else ""
            if name in records and name not in seen:
                yield from lacking(records[name], seen | {name})
            elif name and name not in recorded and not incident.has_all_of(name):
                yield name
        if tree is not None:
            yield from (f'job="{job}"' for job in promql.jobs(tree) - jobs)

    found = {
        rule.name: tuple(sorted(set(lacking(rule, frozenset()))))
        for rule in rules.rules
        if rule.kind == "alert"
    }
    return {name: metrics for name, metrics in found.items() if metrics}
