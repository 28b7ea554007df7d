"""What a silent alert reads of which there was nothing: a metric that is misspelt is silent for ever."""

import difflib

from alertdrill.judge.recording import Recording
from alertdrill.rules import promql

ALIKE = 0.9  # metrics of one exporter have most of their names in common


def said(recording: Recording, alert: str) -> str:
    """Return the rest of a sentence on an alert's silence, `""` where there were series of all it reads.

    Only what would be recorded if there had been any can be missed.
    """
    incident = recording.incident
    if incident.metrics is None:
        return ""
    there = {one.labels.get("__name__", "") for one in incident.series} | promql.OF_ALERTS
    lacking = {
        selector: metric
        for selector, metric in sorted(recording.reads.get(alert, {}).items())
        if metric in incident.metrics and metric not in there
    }
    if not lacking:
        return ""
    known = sorted(_known(recording) - set(lacking.values()))
    near = dict.fromkeys(
        name
        for metric in lacking.values()
        for name in difflib.get_close_matches(metric, known, n=1, cutoff=ALIKE)
    )
    meant = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"; Prometheus had no series of {', '.join(lacking)}, which it reads{meant}"


def _known(recording: Recording) -> set[str]:
    """Return the metrics that were recorded, and those that the other rules read."""
    recorded = {one.labels.get("__name__", "") for one in recording.incident.series}
    return recorded | {metric for those in recording.reads.values() for metric in those.values()} - {""}
