"""A silence is worth something only where the alert would have fired if its rule had been another one.

So each alert that must never fire is tried with its rule damaged: without its `for`, with a comparison turned
round, with `unless` and `and` exchanged. One that none of these wakes is silent whatever happens: the series
it needs are not there, or it can't fire at all.
"""

from collections.abc import Iterator, Sequence

import msgspec

from alertdrill.engine import Engine, naming
from alertdrill.incident import Incident
from alertdrill.judge.matching import is_about
from alertdrill.model import AlertState, Finding, Verdict
from alertdrill.replay.stretch import Stretched
from alertdrill.replay.virtual import Virtual, virtual
from alertdrill.rules import Group, Rule, RuleSet

TAG = "damaged:"
TURNED = {
    ">": "<=",
    "<": ">=",
    ">=": "<",
    "<=": ">",
    "==": "!=",
    "!=": "==",
    "unless": "and",
    "and": "unless",
}
DAMAGES_MAX = 24  # of one rule; one is enough


def findings(engine: Engine, incident: Incident, stretched: Stretched, found: Virtual) -> Iterator[Finding]:
    """Yield for each alert that must never fire, and did not, whether its silence is proved."""
    named = dict.fromkeys(one.alert for one in incident.scenario.expect if one.kind == "never")
    fired = {life.alert for life in found.lives if life.first(AlertState.FIRING) is not None}
    there = stretched.rules.alerts
    silent = [one for one in named if one in there and one not in fired and not found.doubt(one)]
    if not silent:
        return
    damages = {name: (alert, said) for alert in silent for name, said, _ in _damaged(stretched.rules, alert)}
    damaged = msgspec.structs.replace(stretched.rules, files=_files(stretched.rules, silent))
    tried = virtual(
        engine,
        incident,
        Stretched(stretched.series, damaged, stretched.refused, stretched.shift),
        tag=TAG,
        only=frozenset(damages),
        annotate=False,
    )
    woken: dict[str, str] = {}
    for life in tried.lives:
        if life.first(AlertState.FIRING) is not None and is_about(life, incident.namespace):
            alert, said = damages[life.alert]
            woken.setdefault(alert, said)
    for alert in silent:
        yield _told(alert, woken.get(alert, ""))


def _told(alert: str, how: str) -> Finding:
    if how:
        sentence = f"the silence of {alert} is proved: {how} it fires here"
        return Finding(check="silence", verdict=Verdict.PASS, sentence=sentence, alert=alert)
    sentence = (
        f"the silence of {alert} is vacuous: whatever its rule compares it does not fire here, so that it"
        " must never says nothing"
    )
    return Finding(check="silence", verdict=Verdict.UNKNOWN, sentence=sentence, alert=alert)


def _files(rules: RuleSet, alerts: Sequence[str]) -> dict[str, tuple[Group, ...]]:
    """Return the rules with the damaged ones beside those they were made of, under names of their own."""
    made = {
        (rule.file, rule.line, rule.name): [one for _, _, one in _damages(rule)]
        for rule in rules.rules
        if rule.kind == "alert" and rule.name in alerts
    }

    def beside(group: Group) -> Group:
        more = [one for rule in group.rules for one in made.get((rule.file, rule.line, rule.name), [])]
        return msgspec.structs.replace(group, rules=(*group.rules, *more))

    return {file: tuple(map(beside, groups)) for file, groups in rules.files.items()}


def _damaged(rules: RuleSet, alert: str) -> Iterator[tuple[str, str, Rule]]:
    for rule in rules.rules:
        if rule.kind == "alert" and rule.name == alert:
            yield from _damages(rule)


def _damages(rule: Rule) -> Iterator[tuple[str, str, Rule]]:
    """Yield name, words and rule of each damage, the least first."""
    others = [(f"with {said}", text) for said, text in turned(rule.expr)][:DAMAGES_MAX]
    tries = [
        ("without its `for`", rule.expr, ""),
        *((said, text, rule.hold) for said, text in others),
        *((f"{said} and without its `for`", text, "") for said, text in others if rule.hold),
    ]
    for number, (said, text, hold) in enumerate(tries):
        name = f"{rule.name}:{rule.line}:{number}"
        yield name, said, msgspec.structs.replace(rule, name=name, expr=text, hold=hold, annotations={})


def turned(expression: str) -> Iterator[tuple[str, str]]:
    """Yield what was done and the expression, for each comparison and set operator turned round."""
    depth = 0
    for token in naming.TOKEN.finditer(expression):
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        word = token[0] if token.lastgroup == "match" else token[0].lower()
        if depth == 0 and word in TURNED:
            other = TURNED[word]
            yield (
                f"`{other}` in place of `{word}`",
                f"{expression[: token.start()]}{other}{expression[token.end() :]}",
            )
