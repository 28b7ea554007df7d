"""Did Prometheus see the workload, and what was done to it? A sentence for each reason to doubt it.

A silence of alerts about objects that nobody saw says nothing.
"""

import math
from collections.abc import Iterator
from itertools import pairwise

from alertdrill import durations
from alertdrill.incident import Incident
from alertdrill.judge.recording import Recording
from alertdrill.judge.words import moment
from alertdrill.model import Trait
from alertdrill.names import (
    AVAILABLE,
    EXPORTER,
    GENERATION_SUFFIX,
    NAMESPACE_LABEL,
    REPLICAS,
    SIGHTS,
    TOUCHABLE,
)

Samples = list[tuple[float, float]]


def doubts(recording: Recording) -> Iterator[str]:
    """Yield why the series of this recording are no proof of what was there."""
    yield from _holes(recording)
    yield from _unseen_change(recording)
    yield from _long_outage(recording)


def _holes(recording: Recording) -> Iterator[str]:
    """Yield where Prometheus lost sight of what the scenario runs, from the fault to the end.

    What a fault removes on purpose must be seen again once it was put back, and so must all of it after the
    exporter that tells of it was disturbed beside a scenario that goes on without it for a while.
    """
    incident, end = recording.incident, recording.end
    if end is None:
        return
    since = 0.0
    if Trait.REMOVES_OBJECTS in recording.traits:
        since = end if recording.heal is None else min(end, recording.heal + incident.limits.scrape_gap_max)
    for kind, name, samples in _watched(incident):
        if not samples:
            yield f"Prometheus never saw {kind} {name} in {incident.namespace}".replace("  ", " ")
            continue
        seen = [since, *(t for t, _ in samples if since < t < end), end]
        for start, stop in pairwise(seen):
            if stop - start > recording.gap_max and not _does_without_sight(recording, back=stop < end):
                yield f"Prometheus did not see {kind} {name} from {moment(start)} to {moment(stop)}"


def _does_without_sight(recording: Recording, *, back: bool) -> bool:
    """Say whether the exporter was disturbed by another, and nothing that is expected here rests on it.

    One that goes on without it while its fault holds must have it `back` in the end.
    """
    scenario, told_by = recording.incident.scenario, TOUCHABLE[EXPORTER]
    spared = {*scenario.regardless_of, *(scenario.without if back else ())}
    return EXPORTER in spared & {*recording.incident.disturbed} and not any(
        told_by & recording.rests_on.get(one.alert, frozenset()) for one in scenario.expect
    )


def _watched(incident: Incident) -> Iterator[tuple[str, str, Samples]]:
    """Yield kind, name and sightings of everything that the scenario runs, of kinds that are told.

    A recording that does not know what ran is older than its judge: its scenarios had Deployments.
    """
    if incident.workload is None:
        deployments = sorted(_by_name(incident, REPLICAS).items())
        yield from (("Deployment", name, samples) for name, samples in deployments)
        if not deployments:
            yield "a Deployment", "", []
        return
    for kind, _, name in (one.partition("/") for one in sorted(incident.workload)):
        if kind in SIGHTS:
            yield kind, name, _by_name(incident, SIGHTS[kind]).get(name, [])


def _unseen_change(recording: Recording) -> Iterator[str]:
    """Yield that Prometheus did not see the changed spec of what a fault changes."""
    incident, fault = recording.incident, recording.incident.scenario.fault
    if fault is None or Trait.CHANGES_SPEC not in recording.traits or recording.fault is None:
        return
    name = _target(incident)
    deadline = recording.fault + incident.limits.scrape_gap_max
    metrics = {
        metric
        for one in incident.series
        if (metric := one.labels.get("__name__", "")).endswith(GENERATION_SUFFIX)
    }
    if not any(_changes(_by_name(incident, metric).get(name, []), deadline) for metric in metrics):
        yield f"{fault.name} changes {name}, but Prometheus saw no new generation until {moment(deadline)}"


def _changes(samples: Samples, deadline: float) -> bool:
    """Say whether a value was seen before the fault, and another between it and the deadline."""
    before = {value for t, value in samples if t <= 0}
    return bool(before) and any(value not in before for t, value in samples if 0 < t <= deadline)


def _long_outage(recording: Recording) -> Iterator[str]:
    """Yield that a slow rollout kept replicas away for longer than it promises.

    Pods start in real time, which a busy machine stretches: here, one after the other, as late as anything
    may be.
    """
    incident, fault = recording.incident, recording.incident.scenario.fault
    if fault is None or Trait.SLOW not in recording.traits:
        return
    name = _target(incident)
    available = dict(_by_name(incident, AVAILABLE).get(name, []))
    wanted = [(t, value) for t, value in _by_name(incident, REPLICAS).get(name, []) if t > 0]
    lacking = [t for t, value in wanted if available.get(t) != value]
    if not lacking:
        return
    promised = durations.seconds(str(fault.args.get("takes", "0s")))
    longest = (promised + incident.limits.scrape_gap_max) * max(value for _, value in wanted)
    outage = lacking[-1] - lacking[0]
    if outage > longest:
        yield (
            f"the rollout of {name} kept replicas away for {durations.text(round(outage))}, promised are"
            f" {durations.text(promised)} for each; play it slower"
        )


def _target(incident: Incident) -> str:
    """Return the name of what the fault is aimed at, without its kind."""
    fault = incident.scenario.fault
    if fault is None:
        return ""
    # Of two faults, one after the other, either may have it.
    inner = [one.get("args", {}) for one in fault.args.values() if isinstance(one, dict)]
    targets = [str(args["target"]) for args in (fault.args, *inner) if args.get("target")]
    return targets[0].rpartition("/")[2] if targets else ""


def _by_name(incident: Incident, metric: str) -> dict[str, Samples]:
    """Return the samples of a metric, of each object of the scenario, in order of time.

    An exporter that restarts goes on in another series. Times are seconds of rule time since the fault.
    """
    found: dict[str, Samples] = {}
    for one in incident.series:
        labels = one.labels
        if labels.get("__name__") == metric and labels.get(NAMESPACE_LABEL) == incident.namespace:
            found.setdefault(labels.get("name", ""), []).extend(
                ((ms / 1000 - incident.fault_at) * incident.speed, value)
                for ms, value in zip(one.timestamps, one.values, strict=True)
                if isinstance(value, float) and not math.isnan(value)  # which is nothing that was seen
            )
    return {name: sorted(samples) for name, samples in found.items()}
