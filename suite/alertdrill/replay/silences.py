"""A silence is worth something only where the alert would have fired if its rule had been another one.

So each alert that must never fire is tried with its rule damaged: without its `for`, with a comparison turned
round, with `unless` and `and` exchanged. Where that does not wake it two such are tried at once, then what it
reads is damaged: gone, at 0, a thousand times as high, rising. One that none of these wakes is silent
whatever happens: the series it needs are not there, or it can't fire at all.
"""

from collections.abc import Iterator, Sequence

import msgspec

from alertdrill.engine import Engine
from alertdrill.incident import Incident
from alertdrill.judge import unseen
from alertdrill.judge.matching import is_about
from alertdrill.model import AlertState, Finding, Verdict
from alertdrill.replay import damage
from alertdrill.replay.damage import Damage
from alertdrill.replay.stretch import Stretched
from alertdrill.replay.virtual import Virtual, virtual
from alertdrill.rules import Group, Rule, RuleSet

TAGS = ("damaged:", "damaged_more:")  # of the two rounds


def findings(engine: Engine, incident: Incident, stretched: Stretched, found: Virtual) -> Iterator[Finding]:
    """Yield for each alert that must never fire, and did not, whether its silence is proved."""
    named = dict.fromkeys(one.alert for one in incident.scenario.expect if one.kind == "never")
    fired = {life.alert for life in found.lives if life.first(AlertState.FIRING) is not None}
    there = stretched.rules.alerts
    silent = [one for one in named if one in there and one not in fired and not found.doubt(one)]
    woken: dict[str, str] = {}
    for is_grave, tag in enumerate(TAGS):
        asleep = [
            rule
            for rule in stretched.rules.rules
            if rule.kind == "alert" and rule.name in silent and rule.name not in woken
        ]
        damages = [
            one
            for rule in asleep
            for one in (damage.grave(rule, stretched.rules) if is_grave else damage.slight(rule))
        ]
        if damages:
            engine.write(damage.signals(stretched.series, damages))
            woken |= _woken(engine, incident, stretched, damages, tag)
    for alert in silent:
        nothing = unseen.among(incident, stretched.rules.rules, alert)
        yield _told(alert, woken.get(alert, ""), nothing)


def _woken(
    engine: Engine, incident: Incident, stretched: Stretched, damages: Sequence[Damage], tag: str
) -> dict[str, str]:
    """Return by alert the least damage that has it fire."""
    damaged = msgspec.structs.replace(stretched.rules, files=_files(stretched.rules, damages))
    tried = virtual(
        engine,
        incident,
        Stretched(stretched.series, damaged, stretched.refused, stretched.shift),
        tag=tag,
        only=frozenset(one.name for one in damages),
        annotate=False,
    )
    fired = {
        life.alert
        for life in tried.lives
        if life.first(AlertState.FIRING) is not None and is_about(life, incident.namespace)
    }
    woken: dict[str, str] = {}
    for one in damages:
        if one.name in fired:
            woken.setdefault(one.alert, one.said)
    return woken


def _told(alert: str, how: str, nothing: str) -> Finding:
    if how:
        sentence = f"the silence of {alert} is proved: {how} it fires here"
        return Finding(check="silence", verdict=Verdict.PASS, sentence=sentence, alert=alert)
    sentence = (
        f"the silence of {alert} is vacuous: whatever its rule compares, and whatever becomes of what it"
        f" reads, it does not fire here, so `never` proves nothing{nothing}"
    )
    return Finding(check="silence", verdict=Verdict.UNKNOWN, sentence=sentence, alert=alert)


def _files(rules: RuleSet, damages: Sequence[Damage]) -> dict[str, tuple[Group, ...]]:
    """Return the rules with the damaged ones beside those they were made of, under names of their own."""
    made: dict[tuple[str, int, str], list[Rule]] = {}
    for one in damages:
        for rule, copy in one.rules:
            copies = made.setdefault((rule.file, rule.line, rule.name), [])
            copies += [] if copy in copies else [copy]  # what is recorded is so for several alerts

    def beside(group: Group) -> Group:
        more = [one for rule in group.rules for one in made.get((rule.file, rule.line, rule.name), [])]
        return msgspec.structs.replace(group, rules=(*group.rules, *more))

    return {file: tuple(map(beside, groups)) for file, groups in rules.files.items()}
