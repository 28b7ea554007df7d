"""Verdicts on recordings with rules as they are, at real durations, and whether life said the same."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import msgspec

from alertdrill import crash, engine, judge
from alertdrill import rules as rule_files
from alertdrill.engine import Engine
from alertdrill.errors import AlertdrillError
from alertdrill.incident import Event, Incident
from alertdrill.model import AlertState, Finding, Judgement, Life, Verdict
from alertdrill.replay import compare, seen, silences
from alertdrill.replay.stretch import stretch
from alertdrill.replay.virtual import Virtual, span, virtual
from alertdrill.rules import BadRulesError, RuleSet, intervals, pace

AT_ONCE = 2  # engines; each is a process with work for a core
ROUNDED_SECONDS = 1.0  # of rule time; live ones are milliseconds


@dataclass(frozen=True)
class Replayed:
    """The verdict at real durations, and what led to it; `found` is None where nothing could be replayed."""

    incident: Incident
    judgement: Judgement
    found: Virtual | None = None


def replay_all(incidents: Sequence[Incident], rules: RuleSet | None = None) -> Iterator[Replayed]:
    """Yield each recording's verdict, in the same order, several at a time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(partial(replay, rules=rules), incidents)


def replay(incident: Incident, rules: RuleSet | None = None) -> Replayed:
    """Return the verdict on a recording by these rules, else by those it was made with.

    By its own rules it must be as it was live, and those rules as the lab ran them must come to the very
    states that were seen: what differs is a finding. One that lacks what every run leaves is not judged.
    """
    try:
        with engine.started() as running:
            return _replayed(running, incident, rules)
    except AlertdrillError as error:
        return Replayed(incident, _unknown(incident, str(error)))
    except Exception as error:  # noqa: BLE001  # a mistake of ours is no verdict, and costs no other recording
        return Replayed(
            incident, _unknown(incident, crash.told(f"replaying {incident.scenario.name}", error))
        )


def own_rules(incident: Incident) -> RuleSet:
    """Return the rules a recording was made with, as they were stated, with what was declared beside them."""
    groups = rule_files.parse(incident.rules, "rules.yaml")
    declared, wrong = pace.parse(incident.pace, pace.NAME) if incident.pace else ((), [])
    if wrong:
        raise BadRulesError(wrong)
    return RuleSet(files={"rules.yaml": groups}, declarations=declared)


def judged(incident: Incident, rules: RuleSet, found: Virtual) -> Judgement:
    """Return the verdict on what was found, as a judge gives it on what was seen."""
    expected = dict.fromkeys(one.alert for one in _of_alerts(incident).scenario.expect)
    doubts = [doubt for alert in expected if (doubt := found.doubt(alert))]
    doubts += [
        f"no rule here is called {alert}, of which the scenario speaks"
        for alert in expected
        if alert not in rules.alerts
    ]
    if doubts:
        return _unknown(incident, *doubts)
    again = msgspec.structs.replace(
        _of_alerts(incident), events=_events(incident, rules, found), rules=rules.to_yaml()
    )
    return msgspec.structs.replace(judge.judge(again), speed=1.0)


def _replayed(running: Engine, incident: Incident, rules: RuleSet | None) -> Replayed:
    if lacking := seen.lacking(incident):
        return Replayed(incident, _nothing_judged(incident, lacking))
    stated = own_rules(incident) if rules is None else rules
    stretched = stretch(incident, stated)
    running.write(stretched.series)
    found = virtual(running, incident, stretched)
    judgement = judged(incident, stated, found)
    more = list(silences.findings(running, incident, stretched, found))
    if rules is None:
        more += [*_as_live(incident, stated, judgement), *seen.findings(running, incident, stated)]
    judgement = msgspec.structs.replace(
        judgement,
        findings=(*judgement.findings, *more),
        verdict=Verdict.worst([judgement.verdict, *(one.verdict for one in more)]),
    )
    return Replayed(
        incident,
        msgspec.structs.replace(judgement, notes=(*judgement.notes, *_notes(incident, found))),
        found,
    )


def _of_alerts(incident: Incident) -> Incident:
    """Return the recording without what it says of messages: those that came were of the lab's own rules."""
    expected = tuple(one for one in incident.scenario.expect if not one.is_about_messages)
    scenario = msgspec.structs.replace(incident.scenario, expect=expected)
    return msgspec.structs.replace(incident, scenario=scenario, delivery=None)


def _events(incident: Incident, rules: RuleSet, found: Virtual) -> tuple[Event, ...]:
    """Return what happened, with the alerts as they were found; the canary stays that of the lab."""
    canary = incident.limits.canary
    kept = [
        one
        for one in incident.events
        if one.kind not in {"alert", "rule_health"} or one.data.get("alert") == canary
    ]
    health = [
        Event(
            t=found.start,
            kind="rule_health",
            data={
                "group": name,
                "rule": rule.name,
                "health": "err" if rule.name in found.troubles else "ok",
                "error": found.troubles.get(rule.name, ""),
            },
        )
        for name, group in rules.named().items()
        for rule in group.rules
        if rule.name not in found.refused
    ]
    alerts = [
        Event(
            t=change.t,
            kind="alert",
            data={
                "alert": life.alert,
                "labels": life.labels,
                "annotations": life.annotations,
                "state": change.state.value,
            },
        )
        for life in found.lives
        if life.alert != canary and life.alert not in found.unseen
        for change in life.changes
    ]
    return tuple(sorted([*kept, *health, *alerts], key=lambda event: event.t))


def _as_live(incident: Incident, stated: RuleSet, replayed: Judgement) -> Iterator[Finding]:
    """Yield whether life, with its faster clock, said the same of the same rules.

    What is unknown at real durations may still be known to differ: a time near the end of a window.
    """
    live = judge.judge(_of_alerts(incident))
    misread = list(_misread(incident, stated, live))
    for sentence in misread:
        yield Finding(check="agreement", verdict=Verdict.UNKNOWN, sentence=f"{sentence}; record it again")
    if misread or live.verdict is Verdict.UNKNOWN:
        return
    if replayed.verdict is Verdict.UNKNOWN and not replayed.lives:
        return
    if live.verdict is not replayed.verdict and replayed.verdict is not Verdict.UNKNOWN:
        yield Finding(
            check="agreement",
            verdict=Verdict.FAIL,
            sentence=f"live it was {live.verdict.value}, at real durations it is {replayed.verdict.value}:"
            " one of them is wrong about these rules",
        )
        return
    every = intervals.of_alerts(stated.groups, incident.limits.evaluation_interval)

    def apart(alert: str) -> float:
        late = max(every.get(alert, (incident.limits.evaluation_interval,)))
        return incident.limits.scrape_interval + late + seen.given_up_late(incident)

    then, now = compare.known(live.lives, replayed.lives, span=span(incident), apart=apart)
    differences = list(compare.firing(then, now, apart=apart))
    for sentence in differences:
        yield Finding(check="agreement", verdict=Verdict.FAIL, sentence=sentence)
    if not differences:
        yield Finding(
            check="agreement",
            verdict=Verdict.PASS,
            sentence="at real durations every alert fires and resolves as it did live",
        )


def _misread(incident: Incident, stated: RuleSet, live: Judgement) -> Iterator[str]:
    """Yield where alerts fired otherwise by the events of a recording than by its own samples of ALERTS.

    A state holds until its group is evaluated again: who takes another interval for it has it end too early.
    """
    events = seen.alert_events(incident, stated)
    if not events:
        return
    canary = incident.limits.canary
    kept = [one for one in incident.events if one.kind != "alert" or one.data.get("alert") == canary]
    sampled = [one for one in events if one.data["alert"] != canary]
    ordered = tuple(sorted([*kept, *sampled], key=lambda event: event.t))
    again = judge.judge(msgspec.structs.replace(_of_alerts(incident), events=ordered))
    yield from compare.firing(
        _fired(live.lives),
        _fired(again.lives),
        apart=lambda _alert: ROUNDED_SECONDS,
        called=("by its events", "by its samples of ALERTS"),
    )


def _fired(lives: Sequence[Life]) -> list[Life]:
    return [life for life in lives if life.first(AlertState.FIRING) is not None]


def _notes(incident: Incident, found: Virtual) -> Iterator[str]:
    if any(one.is_about_messages for one in incident.scenario.expect):
        yield "nothing is said of messages: those that came were of the rules and the pace of the lab"
    for alert, why in sorted(found.refused.items()):
        yield f"{alert} was left out: {' '.join(why.split())}"
    lacking: dict[tuple[str, ...], list[str]] = {}
    for alert, metrics in sorted(found.unseen.items()):
        lacking.setdefault(metrics, []).append(alert)
    if lacking:
        names = sorted({alert for alerts in lacking.values() for alert in alerts})
        yield f"nothing is said of {', '.join(names)}: this recording has nothing of what they read"


def _unknown(incident: Incident, *reasons: str) -> Judgement:
    findings = [
        Finding(check="replay", verdict=Verdict.UNKNOWN, sentence=reason) for reason in dict.fromkeys(reasons)
    ]
    return _nothing_judged(incident, findings)


def _nothing_judged(incident: Incident, findings: Sequence[Finding]) -> Judgement:
    return Judgement(
        scenario=incident.scenario.name,
        verdict=Verdict.UNKNOWN,
        findings=tuple(findings),
        lives=(),
        speed=1.0,
    )
