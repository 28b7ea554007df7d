"""A verdict as text for people, as JSON, and as a Prometheus textfile."""

import msgspec
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import generate_latest

from terradiff.drift import Drift
from terradiff.ignore import Verdict

SERIES_MAX = 500
_SIGNS = {"create": "+", "delete": "-", "update": "~", "replace": "±"}
_COLOURS = {"create": 32, "delete": 31, "replace": 31}


def text(verdict: Verdict, *, colour: bool) -> str:
    """Return what differs, what was ignored, and which rules did nothing."""
    lines = [_headline(verdict)]
    for drift in verdict.left:
        lines += _paragraph(drift, colour=colour)
    lines += [f"ignored: {drift.address} ({drift.action})" for drift in verdict.ignored]
    lines += [f"the ignore rule {rule} has ended and counts no more" for rule in verdict.over]
    idle = [rule for rule, hits in verdict.hits.items() if not hits and rule not in verdict.over]
    lines += [f"the ignore rule {rule} matched nothing; remove it?" for rule in idle]
    return "\n".join(lines) + "\n"


def _headline(verdict: Verdict) -> str:
    count = len(verdict.left)
    head = f"{count} resource{'s' if count > 1 else ''} drifted" if count else "no drift"
    return head + (f", {len(verdict.ignored)} ignored" if verdict.ignored else "")


def _paragraph(drift: Drift, *, colour: bool) -> list[str]:
    head = f"{_SIGNS.get(drift.action, '?')} {drift.address}"
    if colour:
        head = f"\x1b[{_COLOURS.get(drift.action, 33)}m{head}\x1b[0m"
    lines = [f"{head} ({drift.action})"]
    return lines + [f"    {change.path}: {change.before} → {change.after}" for change in drift.changes]


def json(verdict: Verdict) -> str:
    """Return the same for programs."""
    tree = {
        "drift": verdict.left,
        "ignored": verdict.ignored,
        "ignore_hits": dict(verdict.hits),
        "ended_rules": verdict.over,
    }
    return msgspec.json.format(msgspec.json.encode(tree), indent=2).decode() + "\n"


def metrics(code: int, verdict: Verdict | None, *, tool: str, version: str, seconds: float) -> bytes:
    """Return the textfile; a broken plan has its code, and no word on drift."""
    registry = CollectorRegistry()

    def gauge(name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(f"terradiff_{name}", help_text, labels, registry=registry)

    gauge("plan_exit_code", "0 nothing differs, 1 the plan is broken, 2 something differs.").set(code)
    gauge("plan_duration_seconds", "How long the plan took.").set(seconds)
    gauge("info", "What made the plan.", "tool", "version").labels(tool, version).set(1)
    if verdict is None:
        return generate_latest(registry)
    gauge("resources_drifted", "How many differ.").set(len(verdict.left))
    gauge("resources_ignored", "How many differ as rules say they may.").set(len(verdict.ignored))
    each = gauge("resource_drift", "What differs, and what would be done about it.", "address", "action")
    for drift in verdict.left[:SERIES_MAX]:
        each.labels(drift.address, drift.action).set(1)
    omitted = max(0, len(verdict.left) - SERIES_MAX)
    gauge("resource_drift_omitted", "How many differ and have no series of their own.").set(omitted)
    hits = gauge("ignore_hits", "How many differences each ignore rule took.", "rule")
    for rule, count in verdict.hits.items():
        hits.labels(rule).set(count)
    return generate_latest(registry)
