"""A recording made k times as long as it was, so that rules as they are can be held against it.

What the lab paced then comes as often as in life. What kept its own pace comes k times too slowly, so its
counters count k times as much: a rate is what it was. A point in time moves to where it is after stretching.
A rule of which more would have to be known than that can't be replayed, and why not is said.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from alertdrill.compress import compress
from alertdrill.compress.metrics import of_metric
from alertdrill.incident import Incident, Series
from alertdrill.model import Claim
from alertdrill.rules import Group, Rule, RuleSet, promql

WEEK = 7 * 24 * 3600
# A stretched recording stands a year of whole weeks before the live one, so that no rule sees both.
WEEKS_APART = 52
# Are the same per second however long a counter was counted.
RATES = frozenset({"rate", "irate", "increase"})
OF_CHANGE = RATES | {
    "changes",
    "delta",
    "deriv",
    "double_exponential_smoothing",
    "holt_winters",
    "idelta",
    "predict_linear",
    "resets",
}


@dataclass(frozen=True)
class Stretched:
    """The series in rule time, `shift` seconds after the epoch at the fault, and the rules that fit them.

    `refused` has for each alert or recording rule that can't be replayed the reason, with file and line.
    """

    series: tuple[Series, ...]
    rules: RuleSet
    refused: dict[str, str]
    shift: float
    counted: frozenset[str] = frozenset()  # the metrics whose counts were made k times as many

    def rule_time(self, seconds: float) -> float:
        """Return seconds of rule time since the fault for a time in the engine."""
        return round(seconds - self.shift, 3)

    def engine_time(self, t: float) -> float:
        """Return the time in the engine for seconds of rule time since the fault."""
        return t + self.shift


def stretch(incident: Incident, rules: RuleSet, *, fault_at: float | None = None) -> Stretched:
    """Return what these rules can be asked of a recording; its own ALERTS are left out.

    `fault_at` is when the fault comes in the engine; without it that is long ago, and at its own time of day.
    """
    shift = _place(incident) if fault_at is None else fault_at
    refused: dict[str, str] = {}
    counted: set[str] = set()
    if incident.speed > 1:
        scaled = compress(rules, incident.speed)
        refused = {one.alert: f"{one.file}:{one.line}: {one.reason}" for one in scaled.refusals}
        counted = {claim.metric for claim in scaled.claims if claim.kind == "own-pace"}
        refused |= _slopes(rules, scaled.claims)
    fitting = _without(rules, frozenset(refused))
    names = {rule.name for rule in fitting.rules if rule.kind == "record"}
    told = fitting.alerts
    series = [
        _stretched(one, incident, shift, counted)
        for one in incident.series
        if one.timestamps and one.labels.get("__name__", "") not in names and not _is_of_alert(one, told)
    ]
    return Stretched(tuple(series), fitting, refused, shift, frozenset(counted))


def _place(incident: Incident) -> float:
    """Return when the fault comes in the engine: at its own time of its own weekday, and well in the past.

    The engine takes nothing from the future, and an hour of a drill is half a day of rules.
    """
    if incident.speed == 1:
        return incident.fault_at
    last = max((one.timestamps[-1] for one in incident.series if one.timestamps), default=0) / 1000
    end = incident.fault_at + (last - incident.fault_at) * incident.speed
    weeks = WEEKS_APART + max(0, int((end - time.time()) // WEEK) + 2 - WEEKS_APART)
    return incident.fault_at - weeks * WEEK


def _is_of_alert(series: Series, alerts: frozenset[str]) -> bool:
    return series.labels.get("__name__", "") in promql.OF_ALERTS and series.labels.get("alertname") in alerts


def _stretched(series: Series, incident: Incident, shift: float, counted: set[str]) -> Series:
    fault, speed, name = incident.fault_at * 1000, incident.speed, series.labels.get("__name__", "")
    values = series.values
    if speed > 1 and name in counted:
        values = tuple(one if isinstance(one, str) else one * speed for one in values)
    elif speed > 1 and of_metric(name).quantity.moment:
        values = tuple(
            one if isinstance(one, str) else (one - incident.fault_at) * speed + shift for one in values
        )
    return Series(
        labels=series.labels,
        timestamps=tuple(round((ms - fault) * speed + shift * 1000) for ms in series.timestamps),
        values=values,
    )


def _slopes(rules: RuleSet, claims: Iterable[Claim]) -> dict[str, str]:
    """Return the rules that ask of what keeps its own pace how it moves, otherwise than by a rate."""
    own = {claim.metric: claim.rules for claim in claims if claim.kind == "own-pace"}
    found = {}
    for rule in rules.rules:
        for metric, function in _asked(rule):
            if metric in own and rule.name in own[metric]:
                place = f"{rule.file}:{rule.line_of('expr')}"
                found[rule.name] = (
                    f"{place}: {function}() asks how {metric} moves, which kept its own pace while the"
                    " recording was made; declare in a pace.yaml beside the rules that the lab paces it, if"
                    " it does"
                )
    return found


def _asked(rule: Rule) -> Iterator[tuple[str, str]]:
    """Yield each metric of which a function asks how it changes, but for rates."""
    tree = rule.tree()
    for node in promql.walk(tree) if tree is not None else ():
        function = getattr(getattr(node, "func", None), "name", "")
        if function in OF_CHANGE - RATES:
            for part in promql.walk(node):
                if isinstance(part, promql.VectorSelector):
                    yield promql.metric(part), function


def _without(rules: RuleSet, names: frozenset[str]) -> RuleSet:
    def rest(group: Group) -> Group:
        return msgspec.structs.replace(
            group, rules=tuple(rule for rule in group.rules if rule.name not in names)
        )

    files = {file: tuple(map(rest, groups)) for file, groups in rules.files.items()}
    return msgspec.structs.replace(rules, files=files)
