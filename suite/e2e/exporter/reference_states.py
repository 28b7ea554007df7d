"""The states a scrape must tell, path by path, as people would look them up: nothing here asks a schema."""

import calendar
import re
import time
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

Labels = dict[str, str]
Told = Iterator[tuple[str, Labels, float]]
WORD_MAX, TEXT_MAX = 120, 1024
TRUTHS = {"True": 1.0, "False": 0.0, "Unknown": -1.0}
POWERS = {"": 0, "n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
WORKLOAD = {
    "metadata.creationTimestamp": "time",
    "metadata.deletionTimestamp": "time",
    "status.conditions": "conditions",
}
STATUSES = {
    "": "choice",
    ".waiting.reason": "word",
    ".running.startedAt": "time",
    ".terminated.reason": "word",
    ".terminated.startedAt": "time",
    ".terminated.finishedAt": "time",
}
# Of each kind: where in an object something is told that is no number, and how.
PLACES: dict[str, dict[str, str]] = {
    "pod": {
        **WORKLOAD,
        "spec": "info dnsPolicy nodeName preemptionPolicy priorityClassName restartPolicy schedulerName"
        " serviceAccountName",
        "spec.containers[].resources.requests": "quantities resource",
        "spec.containers[].resources.limits": "quantities resource",
        "status": "info hostIP podIP qosClass",
        "status.phase": "word",
        "status.reason": "word",
        "status.startTime": "time",
        **{f"status.containerStatuses[].state{rest}": how for rest, how in STATUSES.items()},
        **{f"status.containerStatuses[].lastState{rest}": how for rest, how in STATUSES.items()},
    },
    "deployment": {
        **WORKLOAD,
        "spec.selector.matchLabels": "keys matchLabel",
        "spec.strategy": "info type",
        "spec.strategy.rollingUpdate.maxSurge": "percent",
        "spec.strategy.rollingUpdate.maxUnavailable": "percent",
    },
    "node": {
        **WORKLOAD,
        "spec.taints[]": "info key value effect",
        "status.capacity": "quantities resource",
        "status.allocatable": "quantities resource",
        "status.addresses[]": "info type address",
    },
    "widget": {
        "metadata.creationTimestamp": "time",
        "metadata.deletionTimestamp": "time",
        "spec": "info mode",
        "spec.storage": "quantity",
        "spec.requests": "quantities resource",
        "spec.timeout": "duration",
        "spec.since": "time",
        "spec.conditions": "conditions",
        "spec.runState": "choice",
        "spec.runState.idle": "info reason",
        "spec.runState.busy": "info reason",
        "spec.surge": "percent",
    },
}


def told(kind: str, value: Mapping[str, Any], labels: Labels) -> Told:
    """Yield every state of an object: name, labels, number."""
    for path, how in PLACES[kind].items():
        verb, *words = how.split()
        for found, at in _reach(value, path.split("."), labels):
            name = "_".join(["k8s", kind, *(step for step in path.split(".") if not step.endswith("[]"))])
            if verb == "info" and path.endswith("[]"):
                name = f"{name}_{path.rpartition('.')[2].removesuffix('[]')}"
            yield from TELLERS[verb](name, found, at, words)


def _reach(value: Any, steps: list[str], labels: Labels) -> Iterator[tuple[Any, Labels]]:
    """Yield what stands at a path, with the labels of the lists on the way."""
    if not steps:
        yield value, labels
        return
    field = steps[0].removesuffix("[]")
    inner = value.get(field)
    if inner is None:
        return
    if field == steps[0]:
        yield from _reach(inner, steps[1:], labels)
        return
    for index, one in enumerate(inner):
        more = {**labels, field: str(index)}
        if "name" in one:
            more["container" if "ontainer" in field else field.removesuffix("s")] = one["name"]
        yield from _reach(one, steps[1:], more)


def _quantity(name: str, found: Any, labels: Labels, _words: list[str]) -> Told:
    if isinstance(found, str):  # an integer is a number like others
        yield name, labels, _worth(found)


def _worth(word: str) -> float:
    digits, suffix = re.fullmatch(r"([-+.0-9]+(?:e[0-9]+)?)(.*)", word).groups()  # type: ignore[union-attr]
    if suffix.endswith("i"):
        return float(Decimal(digits) * 1024 ** " KMGTPE".index(suffix[0]))
    return float(Decimal(digits).scaleb(POWERS[suffix]))


def _quantities(name: str, found: Any, labels: Labels, words: list[str]) -> Told:
    for key, said in found.items():
        if said is not None:
            yield from _quantity(name, said, {**labels, words[0]: key}, [])


def _time(name: str, found: Any, labels: Labels, _words: list[str]) -> Told:
    yield name, labels, float(calendar.timegm(time.strptime(found, "%Y-%m-%dT%H:%M:%SZ")))


def _duration(name: str, found: Any, labels: Labels, _words: list[str]) -> Told:
    yield name, labels, sum(int(n) * UNITS[unit] for n, unit in re.findall("([0-9]+)([a-z]+)", found))


def _word(name: str, found: Any, labels: Labels, _words: list[str]) -> Told:
    if found:
        yield name, {**labels, name.rpartition("_")[2]: found[:WORD_MAX]}, 1.0


def _percent(name: str, found: Any, labels: Labels, _words: list[str]) -> Told:
    if isinstance(found, str):
        yield f"{name}_percent", labels, float(found.removesuffix("%"))


def _info(name: str, found: Any, labels: Labels, words: list[str]) -> Told:
    if more := {word: found[word][:TEXT_MAX] for word in words if found.get(word)}:
        yield f"{name}_info", {**labels, **more}, 1.0


def _keys(name: str, found: Any, labels: Labels, words: list[str]) -> Told:
    more = {f"{words[0]}_{re.sub('[^a-zA-Z0-9_]', '_', key)}": said for key, said in found.items()}
    yield f"{name}_info", {**labels, **more}, 1.0


def _choice(name: str, found: Any, labels: Labels, _words: list[str]) -> Told:
    for chosen, said in found.items():
        if said is not None:
            yield name, {**labels, name.rpartition("_")[2]: chosen}, 1.0


def _conditions(name: str, found: Any, labels: Labels, _words: list[str]) -> Told:
    for one in found:
        typed = {**labels, "type": one["type"]}
        yield name, typed, TRUTHS[one["status"]]
        if one.get("lastTransitionTime"):
            yield from _time(f"{name}_lastTransitionTime", one["lastTransitionTime"], typed, [])


TELLERS: dict[str, Callable[[str, Any, Labels, list[str]], Told]] = {
    "choice": _choice,
    "conditions": _conditions,
    "duration": _duration,
    "info": _info,
    "keys": _keys,
    "percent": _percent,
    "quantities": _quantities,
    "quantity": _quantity,
    "time": _time,
    "word": _word,
}
