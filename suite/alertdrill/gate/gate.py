"""Two revisions of rules, held against every recording: what alerts do now that they did not do before."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import msgspec

from alertdrill import crash
from alertdrill.errors import AlertdrillError, UsageError
from alertdrill.gate import compare, differ, held
from alertdrill.gate.held import Hold
from alertdrill.gate.values import Case, CaseVerdict, Change, Gated, Kind, Revisions
from alertdrill.incident import Incident
from alertdrill.model import Verdict
from alertdrill.rules import RuleSet


def gate(
    old: RuleSet,
    new: RuleSet,
    incidents: Sequence[Incident],
    more: Sequence[Case] = (),
    *,
    hold: Hold = held.once,
) -> Gated:
    """Return what changes from the old to the new rules, on recordings and in what other cases there are.

    Rules that say the same, in themselves and in what they read, do the same and are not evaluated. `hold`
    says what both come to on a recording: who gates again and again has a `Standing` say it.
    """
    if not (old.alerts or new.alerts):
        raise UsageError(
            "there is no alert in either of them, so nothing could change; name what has the rules"
        )
    both = differ.revisions(old, new)
    cases = [*more, *_cases(both, incidents, hold)]
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


def _cases(both: Revisions, incidents: Sequence[Incident], hold: Hold) -> Iterator[Case | Change]:
    if not both.changed:
        return
    with ThreadPoolExecutor(held.AT_ONCE) as pool:
        yield from pool.map(partial(_case, hold, both), incidents)


def _case(hold: Hold, both: Revisions, incident: Incident) -> Case | Change:
    """Return what both revisions come to on a recording; trouble is a change of which nothing is known."""
    name = incident.scenario.name
    try:
        return hold(both, incident)
    except AlertdrillError as error:
        why = str(error)
    except Exception as error:  # noqa: BLE001  # a mistake of ours is no verdict, and costs no other recording
        why = crash.told(f"replaying {name}", error)
    return Change(alert="", kind=Kind.UNKNOWN, case=name, sentence=f"nothing can be told of {name}: {why}")


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
                    other = "other" if what.endswith("s") else "another"
                    yield Change(alert=alert, kind=kind, sentence=f"{alert} has {other} {what}: {difference}")
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
