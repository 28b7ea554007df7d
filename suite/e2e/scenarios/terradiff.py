"""Infrastructure that drifts, and a plan that can't be made: two different alerts."""

from alertdrill.faults import misbehave
from alertdrill.scenario import Match, Scenario, fires, like, never, pends, resolves

INFRASTRUCTURE = "app.kubernetes.io/name=infrastructure"
LABELS: dict[str, Match] = {"job": like("drill-.+/infrastructure"), "command": "terradiff"}
# terradiff knows nothing of the cluster's objects.
REGARDLESS_OF = ("kube-api-exporter",)
# An alert's clock goes on while Prometheus restarts, and what runs needs no control plane.
WITHOUT = ("apiserver", "controllers", "prometheus")

SCENARIOS = [
    Scenario(
        name="terradiff/drift",
        why="What differs from its configuration for an hour is reported as drift, and as nothing worse.",
        workload="infrastructure",
        fault=misbehave(INFRASTRUCTURE, how="drift"),
        hold="68m",
        without=WITHOUT,
        regardless_of=REGARDLESS_OF,
        expect=(
            fires(
                "Terradiff",
                after="1h",
                within="66m",
                labels={**LABELS, "severity": "warning"},
                annotations={"summary": like("The infrastructure of .+/infrastructure differs .*")},
            ),
            resolves("Terradiff", within="8m"),
            never("TerradiffBroken"),
            never("PromRunCommandFailing"),
        ),
    ),
    Scenario(
        name="terradiff/broken",
        why="A plan that can't be made is not drift: nobody knows whether there is any, which is worse.",
        workload="infrastructure",
        fault=misbehave(INFRASTRUCTURE, how="broken"),
        hold="68m",
        without=WITHOUT,
        regardless_of=REGARDLESS_OF,
        expect=(
            fires("TerradiffBroken", after="1h", within="66m", labels={**LABELS, "severity": "critical"}),
            resolves("TerradiffBroken", within="8m"),
            never("Terradiff"),
            never("PromRunCommandFailing"),
        ),
    ),
    Scenario(
        name="terradiff/corrected-soon",
        why="Drift that somebody corrects within the hour, such as a change being applied, wakes nobody.",
        workload="infrastructure",
        fault=misbehave(INFRASTRUCTURE, how="drift"),
        hold="30m",
        settle="15m",
        regardless_of=REGARDLESS_OF,
        # What is watched is shorter than the hour, so its silence alone would say nothing: it must be over.
        expect=(
            pends("Terradiff", within="8m"),
            resolves("Terradiff", within="8m"),
            never("Terradiff"),
            never("TerradiffBroken"),
        ),
    ),
]
