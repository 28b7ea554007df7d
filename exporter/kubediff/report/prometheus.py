"""The same for Prometheus, as a textfile; when drift was first seen is read back from the one before."""

import re
from collections.abc import Mapping

from kubediff.results import Item, Subject, Verdict

SERIES_MAX = 500
HELP = {
    "kubediff_drift": "Objects that are not as git says: how many of their fields, or 1 for the whole.",
    "kubediff_drift_first_seen_timestamp_seconds": "When each was first seen so.",
    "kubediff_drift_omitted": "Objects that drifted and have no series of their own.",
    "kubediff_objects_checked": "Objects that were compared.",
    "kubediff_objects_drifted": "Objects that are not as git says.",
    "kubediff_objects_ignored": "Objects that are not as git says, as rules say they may.",
    "kubediff_foreign_fields": "Fields that others added, which is no drift.",
    "kubediff_errors": "What could not be compared: manifests, kinds, or the whole cluster.",
    "kubediff_exit_code": "0 same, 1 could not tell, 2 differs.",
    "kubediff_ignore_hits": "How many differences each ignore rule took.",
    "kubediff_duration_seconds": "How long the comparison took.",
    "kubediff_last_success_timestamp_seconds": "When everything could be compared last, 0 if it never could.",
}
Seen = dict[tuple[str, str, str], float]
_SEEN = re.compile(
    r'kubediff_drift_first_seen_timestamp_seconds\{kind="([^"]*)",namespace="([^"]*)",name="([^"]*)"\} (\S+)'
)
_SUCCESS = re.compile(r"^kubediff_last_success_timestamp_seconds (\S+)$", re.MULTILINE)


def render(verdict: Verdict, before: str, *, now: float, seconds: float) -> str:
    """Return the metrics of a verdict; `before` are those that stood there until now."""
    seen, success = remembered(before)
    drifted = verdict.drift[:SERIES_MAX]
    lines = _Lines()
    for item in drifted:
        lines.add("kubediff_drift", max(1, len(item.differences)), _labels(item.subject))
    for item in drifted:
        first = seen.get(_key(item), now)
        lines.add("kubediff_drift_first_seen_timestamp_seconds", first, _labels(item.subject))
    lines.add("kubediff_drift_omitted", len(verdict.drift) - len(drifted))
    lines.add("kubediff_objects_checked", verdict.checked)
    lines.add("kubediff_objects_drifted", len(verdict.drift))
    lines.add("kubediff_objects_ignored", len(verdict.ignored))
    lines.add("kubediff_foreign_fields", sum(len(item.foreign) for item in verdict.foreign))
    lines.add("kubediff_errors", len(verdict.troubles))
    lines.add("kubediff_exit_code", verdict.code)
    for rule, hits in verdict.hits.items():
        lines.add("kubediff_ignore_hits", hits, {"rule": rule})
    lines.add("kubediff_duration_seconds", round(seconds, 3))
    lines.add("kubediff_last_success_timestamp_seconds", success if verdict.troubles else now)
    return str(lines)


def remembered(before: str) -> tuple[Seen, float]:
    """Return since when what has been drifting, and when everything could be compared last."""
    seen = {
        (_plain(kind), _plain(namespace), _plain(name)): float(since)
        for kind, namespace, name, since in _SEEN.findall(before)
    }
    success = _SUCCESS.search(before)
    return seen, float(success[1]) if success else 0.0


class _Lines:
    """Samples under their families."""

    def __init__(self) -> None:
        self._families: dict[str, list[str]] = {}

    def add(self, name: str, value: float, labels: Mapping[str, str] | None = None) -> None:
        said = ",".join(f'{key}="{_escaped(text)}"' for key, text in (labels or {}).items())
        self._families.setdefault(name, []).append(f"{name}{'{' + said + '}' if said else ''} {value!r}")

    def __str__(self) -> str:
        found = []
        for name, samples in self._families.items():
            found += [f"# HELP {name} {HELP[name]}", f"# TYPE {name} gauge", *samples]
        return "\n".join(found) + "\n"


def _key(item: Item) -> tuple[str, str, str]:
    return item.subject.kind, item.subject.namespace, item.subject.name


def _labels(subject: Subject) -> dict[str, str]:
    return {"kind": subject.kind, "namespace": subject.namespace, "name": subject.name}


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _plain(text: str) -> str:
    return text.replace(r"\n", "\n").replace(r"\"", '"').replace(r"\\", "\\")
