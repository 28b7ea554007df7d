"""What a silent alert reads of which there was nothing: a metric that is misspelt is silent for ever."""

import difflib
from collections.abc import Collection, Iterable

from alertdrill.incident import Incident
from alertdrill.judge.recording import Recording
from alertdrill.rules import Rule, promql, touched

ALIKE = 0.9  # metrics of one exporter have most of their names in common


def said(recording: Recording, alert: str) -> str:
    """Return the rest of a sentence on an alert's silence in life."""
    return among(recording.incident, recording.every_rule, alert)


def among(incident: Incident, rules: Iterable[Rule], alert: str) -> str:
    """Return the rest of a sentence on an alert's silence, `""` where there were series of all it reads.

    Only what would be recorded if there had been any can be missed.
    """
    there = {one.labels.get("__name__", "") for one in incident.series} | promql.OF_ALERTS
    lacking = {
        selector: metric
        for selector, metric in sorted(touched.read_by(alert, rules).items())
        if metric not in there and incident.has_all_of(metric)
    }
    if not lacking:
        return ""
    rest = meant(lacking.values(), there | {*(incident.metrics or ())})
    return f"; Prometheus had no series of {', '.join(lacking)}, which it reads{rest}"


def meant(lacking: Collection[str], known: Iterable[str]) -> str:
    """Return the rest of a sentence on metrics that are not there: which of those known are like them."""
    others = sorted(set(known) - set(lacking))
    near = dict.fromkeys(
        name for metric in lacking for name in difflib.get_close_matches(metric, others, n=1, cutoff=ALIKE)
    )
    return f"; did you mean {' or '.join(near)}?" if near else ""
