"""A recording cut down to what it is about: small enough to be kept beside the rules for good."""

from collections.abc import Callable, Mapping

import msgspec

from alertdrill import judge
from alertdrill.engine import naming
from alertdrill.errors import LabError
from alertdrill.incident import Event, Incident
from alertdrill.model import AlertState
from alertdrill.names import GENERATION_SUFFIX, PRESENT, SIGHTS
from alertdrill.replay.replay import own_rules
from alertdrill.replay.virtual import is_anothers
from alertdrill.rules import RuleSet, promql, touched

# By these a judge knows that the workload was seen, and changed.
OF_A_WORKLOAD = frozenset({*SIGHTS.values(), *PRESENT.values()})


def cut(incident: Incident) -> Incident:
    """Return the recording with the rules, series and events of the alerts that it is about, and no others.

    These are the alerts that its scenario names, and whatever fired or could not be evaluated. One that gives
    another verdict once it is cut is a LabError.
    """
    rules = _rules(incident)
    series = tuple(one for one in incident.series if _is_read(rules, incident.namespace, one.labels))
    jobs = rules.jobs | {one.labels.get("job", "") for one in series}
    kept = msgspec.structs.replace(
        incident,
        rules=rules.to_yaml(),
        series=series,
        events=tuple(filter(_is_about(incident, rules, jobs), incident.events)),
        limits=msgspec.structs.replace(incident.limits, jobs=tuple(sorted(rules.jobs))),
        metrics=None if incident.metrics is None else touched.metrics(rules),
        claims=tuple(one for one in incident.claims if rules.alerts & {*one.rules}),
    )
    before, after = judge.judge(incident), judge.judge(kept)
    if before.verdict is not after.verdict:
        lost = [one.sentence for one in before.findings if one.verdict is before.verdict]
        raise LabError(
            f"cutting {incident.scenario.name} down to what it is about: what is left is"
            f" {after.verdict.value}, and all of it {before.verdict.value} ({'; '.join(lost)});"
            " keep the whole recording"
        )
    return kept


def _rules(incident: Incident) -> RuleSet:
    """Return the rules behind the alerts that it is about, and behind the canary."""
    stated = own_rules(incident)
    fired = {
        event.data["alert"]
        for event in incident.events
        if event.kind == "alert"
        and event.data["state"] == AlertState.FIRING.value
        and not is_anothers(event.data["labels"], incident.namespace)
    }
    broken = {
        event.data["rule"]
        for event in incident.events
        if event.kind == "rule_health" and event.data["health"] != "ok"
    }
    named = {expectation.alert for expectation in incident.scenario.expect}
    behind = touched.behind({incident.limits.canary, *named, *fired, *broken}, stated.rules)
    behind += [rule for rule in stated.rules if rule.kind == "record" and rule.name in broken]
    return msgspec.structs.replace(
        stated,
        files={
            name: tuple(
                msgspec.structs.replace(group, rules=left)
                for group in groups
                if (left := tuple(rule for rule in group.rules if rule in behind))
            )
            for name, groups in stated.files.items()
        },
    )


def _is_read(rules: RuleSet, namespace: str, labels: Mapping[str, str]) -> bool:
    """Say whether a series is read by these rules or by a judge, or is what Prometheus says of them."""
    metric = labels.get("__name__", "")
    if is_anothers(labels, namespace):
        return False
    if metric in promql.OF_ALERTS:
        return labels.get("alertname") in rules.alerts
    return (
        metric in OF_A_WORKLOAD
        or metric.endswith(GENERATION_SUFFIX)
        or any(naming.reads(rule.expr, (metric,)) for rule in rules.rules)
    )


def _is_about(incident: Incident, rules: RuleSet, jobs: frozenset[str]) -> Callable[[Event], bool]:
    """Return what says whether an event is about these rules, their alerts, or the jobs they read."""
    stated = {(group.name, rule.name) for group in rules.groups for rule in group.rules}

    def is_about(event: Event) -> bool:
        data = event.data
        if event.kind == "alert":
            return data["alert"] in rules.alerts and not is_anothers(data["labels"], incident.namespace)
        if event.kind == "rule_health":
            return (data["group"], data["rule"]) in stated
        return event.kind != "scrape" or data["job"] in jobs

    return is_about
