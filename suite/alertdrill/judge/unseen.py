"""What a silent alert reads of which there was nothing: what is misspelt is silent for ever."""

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from promql_parser import MatchOp, VectorSelector

from alertdrill.incident import Incident
from alertdrill.judge.recording import Recording
from alertdrill.rules import Rule, promql, touched

ALIKE = 0.9  # metrics of one exporter have most of their names in common
VALUES_ALIKE = 0.8
DIGITS = re.compile(r"[0-9]+")


class Lacking(NamedTuple):
    """Selectors of which there was no series, the words that may have been meant, and whether that is all."""

    selectors: tuple[str, ...]
    meant: tuple[str, ...]
    is_all: bool

    def __str__(self) -> str:
        """Return the rest of a sentence on the alert's silence."""
        nothing = f"; Prometheus had no series of {', '.join(self.selectors)}, which it reads"
        return nothing + _question(self.meant)


def said(recording: Recording, alert: str) -> str:
    """Return the rest of a sentence on an alert's silence in life."""
    return among(recording.incident, recording.every_rule, alert)


def among(incident: Incident, rules: Iterable[Rule], alert: str) -> str:
    """Return the rest of a sentence on an alert's silence, `""` where there were series of all it reads."""
    found = lacking(incident, rules, alert)
    return str(found) if found else ""


def is_blind(recording: Recording, alert: str) -> bool:
    """Say whether an alert's silence says nothing: there was nothing to be read, or it is misspelt."""
    found = lacking(recording.incident, recording.every_rule, alert)
    return found is not None and bool(found.is_all or found.meant)


def lacking(incident: Incident, rules: Iterable[Rule], alert: str) -> Lacking | None:
    """Return what an alert reads in vain, None where there were series of all of it.

    Only what would be recorded if there had been any can be missed. Of a metric that is there, a selector
    that takes no series is in vain if a value that it asks for is nearly one that there is: many a value is
    there in trouble only.
    """
    series: dict[str, list[Mapping[str, str]]] = {}
    for one in incident.series:
        series.setdefault(one.labels.get("__name__", ""), []).append(one.labels)
    there = {*series, *promql.OF_ALERTS}
    read = sorted(touched.read_by(alert, rules).items())
    missed: dict[str, str] = {}
    values: list[str] = []
    for selector, metric in read:
        if not incident.has_all_of(metric):
            continue
        if metric not in there:
            missed[selector] = metric
        elif near := list(_nearly(selector, series.get(metric, []))):
            missed[selector] = metric
            values += near
    if not missed:
        return None
    metrics = _alike([metric for metric in missed.values() if metric not in there], there, incident)
    return Lacking(tuple(missed), tuple(dict.fromkeys((*metrics, *values))), len(missed) == len(read))


def of_none(alerts: Iterable[str], rules: Iterable[Rule], known: Collection[str]) -> Lacking | None:
    """Return what these alerts read of which there is no metric among those known, None if all are there."""
    every = list(rules)
    read = {
        selector: metric for alert in alerts for selector, metric in touched.read_by(alert, every).items()
    }
    there = {*known, *promql.OF_ALERTS}
    missed = {selector: metric for selector, metric in sorted(read.items()) if metric and metric not in there}
    if not missed:
        return None
    near = dict.fromkeys(_near(list(missed.values()), there))
    return Lacking(tuple(missed), tuple(near), len(missed) == len(read))


def meant(lacking: Collection[str], known: Iterable[str]) -> str:
    """Return the rest of a sentence on metrics that are not there: which of those known are like them."""
    return _question(_near(lacking, set(known) - set(lacking)))


def _alike(metrics: Collection[str], there: Collection[str], incident: Incident) -> list[str]:
    return _near(metrics, {*there, *(incident.metrics or ())} - {*metrics})


def _near(lacking: Collection[str], others: Collection[str]) -> list[str]:
    known = sorted(others)
    return [
        name for metric in lacking for name in difflib.get_close_matches(metric, known, n=1, cutoff=ALIKE)
    ]


def _nearly(selector: str, series: Collection[Mapping[str, str]]) -> Iterator[str]:
    """Yield the matchers that were meant, where a selector takes no series for a value that is misspelt."""
    node = promql.parse(selector)
    if not isinstance(node, VectorSelector) or not series or node.matchers.or_matchers:
        return
    without = dict.fromkeys((matcher.name for matcher in node.matchers.matchers), "")
    if any(promql.may_take(node, {**without, **labels}) for labels in series):
        return
    for matcher in node.matchers.matchers:
        values = {labels.get(matcher.name, "") for labels in series} - {""}
        if matcher.op == MatchOp.Equal and matcher.value not in values and matcher.name != "__name__":
            for near in difflib.get_close_matches(matcher.value, sorted(values), n=1, cutoff=VALUES_ALIKE):
                # What differs by a number is another of its kind: a node, a replica, a bucket.
                if DIGITS.sub("", near) != DIGITS.sub("", matcher.value):
                    yield f'{matcher.name}="{near}"'


def _question(words: Iterable[str]) -> str:
    near = dict.fromkeys(words)
    return f"; did you mean {' or '.join(near)}?" if near else ""
