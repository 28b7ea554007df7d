"""Two revisions of rules, held against every recording: what alerts do now that they did not do before."""

import dataclasses
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import msgspec

from alertdrill import crash, engine
from alertdrill.engine import Engine
from alertdrill.errors import AlertdrillError, UsageError
from alertdrill.gate import compare, differ
from alertdrill.gate.values import Case, CaseVerdict, Change, Gated, Kind, Revisions, Told
from alertdrill.incident import Incident
from alertdrill.model import Verdict
from alertdrill.replay import Stretched, Virtual, judged, span, stretch, virtual
from alertdrill.rules import RuleSet, promql

AT_ONCE = 2  # engines; each is a process with work for a core
OLD, NEW = "old:", "new:"


def gate(old: RuleSet, new: RuleSet, incidents: Sequence[Incident], more: Sequence[Case] = ()) -> Gated:
    """Return what changes from the old to the new rules, on recordings and in what other cases there are.

    Rules that say the same, in themselves and in what they read, do the same and are not evaluated.
    """
    if not (old.alerts or new.alerts):
        raise UsageError(
            "there is no alert in either of them, so nothing could change; name what has the rules"
        )
    both = differ.revisions(old, new)
    cases = [*more, *_cases(both, incidents)]
    known = [case for case in cases if isinstance(case, Case)]
    lost = [case for case in cases if isinstance(case, Change)]
    seen = [
        *lost,
        *(change for case in known for change in compare.changes(case, both.changed)),
        *(change for case in known for change in _broken(case)),
    ]
    stated = list(_stated(both, seen, known))
    order = list(Kind)
    return Gated(
        changes=tuple(
            sorted(
                (_placed(both, one) for one in (*seen, *stated)),
                key=lambda one: (order.index(one.kind), one.severity != "critical", one.alert, one.case),
            )
        ),
        cases=tuple(CaseVerdict(case=one.name, old=one.old.verdict, new=one.new.verdict) for one in known),
        same=tuple(_same(both, [*seen, *stated], known)),
    )


def _cases(both: Revisions, incidents: Sequence[Incident]) -> Iterator[Case | Change]:
    if not both.changed:
        return
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(partial(_case, both), incidents)


def _case(both: Revisions, incident: Incident) -> Case | Change:
    """Return what both revisions come to on a recording; trouble is a change of which nothing is known."""
    name = incident.scenario.name
    try:
        return _held(both, incident)
    except AlertdrillError as error:
        why = str(error)
    except Exception as error:  # noqa: BLE001  # a mistake of ours is no verdict, and costs no other recording
        why = crash.told(f"replaying {name}", error)
    return Change(alert="", kind=Kind.UNKNOWN, case=name, sentence=f"nothing can be told of {name}: {why}")


def _held(both: Revisions, incident: Incident) -> Case:
    stretched = {tag: stretch(incident, rules) for tag, rules in ((OLD, both.old), (NEW, both.new))}
    names = {rule.name for one in stretched.values() for rule in one.rules.rules if rule.kind == "record"}
    told: dict[str, Virtual] = {}
    # What is taken for paced otherwise is stretched otherwise, and has an engine of its own.
    apart = stretched[OLD].counted != stretched[NEW].counted
    for tags in ((OLD,), (NEW,)) if apart else ((OLD, NEW),):
        with engine.started() as running:
            _write(running, stretched[tags[0]], names, both.old.alerts | both.new.alerts)
            for tag in tags:
                only = both.changed if tag == NEW and not apart else None
                told[tag] = virtual(running, incident, stretched[tag], tag=tag, only=only)
    if not apart:
        told[NEW] = _beside(told[NEW], told[OLD], both.changed)
    start, end = span(incident)
    return Case(
        name=incident.scenario.name,
        start=start,
        end=end,
        apart=incident.limits.evaluation_interval,
        old=_told(incident, both.old, told[OLD], both.new),
        new=_told(incident, both.new, told[NEW], both.old),
    )


def _write(running: Engine, stretched: Stretched, records: set[str], alerts: frozenset[str]) -> None:
    """Write the recording without what either revision makes itself."""
    running.write(
        one
        for one in stretched.series
        if one.labels.get("__name__") not in records
        and not (one.labels.get("__name__") in promql.OF_ALERTS and one.labels.get("alertname") in alerts)
    )


def _beside(new: Virtual, old: Virtual, changed: frozenset[str]) -> Virtual:
    """Return the new with the alerts of which nothing changed as they were before."""
    kept = [life for life in old.lives if life.alert not in changed]
    troubles = {name: why for name, why in old.troubles.items() if name not in changed}
    return dataclasses.replace(new, lives=(*new.lives, *kept), troubles={**troubles, **new.troubles})


def _told(incident: Incident, rules: RuleSet, found: Virtual, other: RuleSet) -> Told:
    """Return what is known; of an alert that is new or gone a recording without its data says nothing."""
    judgement = judged(incident, rules, found)
    why = next((one.sentence for one in judgement.findings if one.verdict is judgement.verdict), "")
    alone = {one for one in found.unseen if one not in other.alerts and one not in found.troubles}
    doubts = {alert: doubt for alert in rules.alerts - alone if (doubt := found.doubt(alert))}
    lives = tuple(life for life in found.lives if life.alert not in found.unseen)
    return Told(lives=lives, doubts=doubts, verdict=judgement.verdict, why=why)


def _broken(case: Case) -> Iterator[Change]:
    """Yield that a scenario which passed does not any more."""
    if case.old.verdict is Verdict.PASS and case.new.verdict is not Verdict.PASS:
        fails = case.new.verdict is Verdict.FAIL
        word = "fails now" if fails else "is unknown now"
        kind = Kind.BREAKS if fails else Kind.UNKNOWN
        yield Change(
            alert="", kind=kind, case=case.name, sentence=f"{case.name} passed, and {word}: {case.new.why}"
        )


def _stated(both: Revisions, seen: Sequence[Change], cases: Sequence[Case]) -> Iterator[Change]:
    """Yield what the rules themselves say has changed, where no case has said it."""
    said = {(one.alert, one.kind) for one in seen}
    for alert in sorted(both.changed):
        old, new = differ.rules_of(both.old, alert), differ.rules_of(both.new, alert)
        if not old:
            yield Change(alert=alert, kind=Kind.NEW, sentence=f"{alert} is new{_where(alert, seen, cases)}")
        elif not new:
            yield Change(alert=alert, kind=Kind.REMOVED, sentence=f"{alert} is gone")
        else:
            for kind, what, difference in differ.stated(old, new):
                if (alert, kind) not in said:
                    yield Change(alert=alert, kind=kind, sentence=f"{alert} has another {what}: {difference}")
            moved = any(one.alert == alert for one in seen)
            if not moved and differ.behaves(both, alert) and not _is_active(alert, cases):
                sentence = (
                    f"{alert} was changed, and in none of {len(cases)} cases is it active: nothing shows what"
                    " it does now"
                )
                yield Change(alert=alert, kind=Kind.UNSEEN, sentence=sentence)


def _where(alert: str, seen: Sequence[Change], cases: Sequence[Case]) -> str:
    count = sum(one.alert == alert and one.kind in {Kind.NOW_FIRES, Kind.ALWAYS} for one in seen)
    return f"; it fires in {count} of {len(cases)} cases" if cases else ""


def _is_active(alert: str, cases: Sequence[Case]) -> bool:
    return any(compare.active(case, alert) for case in cases)


def _same(both: Revisions, changes: Sequence[Change], cases: Sequence[Case]) -> Iterator[str]:
    """Yield the alerts that were changed, were active, and did the same."""
    moved = {one.alert for one in changes}
    for alert in sorted(both.changed - moved):
        there = ", ".join(case.name for case in cases if compare.active(case, alert))
        if there:
            yield f"{alert} was changed, and does the same where it is active: {there}"


def _placed(both: Revisions, change: Change) -> Change:
    """Return the change with the place of its rule, and how urgent it is."""
    stated = differ.rules_of(both.new, change.alert) or differ.rules_of(both.old, change.alert)
    if not stated:
        return change
    group, rule = stated[0]
    severity = change.severity or {**group.labels, **rule.labels}.get("severity", "")
    return msgspec.structs.replace(change, place=f"{rule.file}:{rule.line}", severity=severity)
