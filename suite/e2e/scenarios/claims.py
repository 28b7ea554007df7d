"""Claims of storage: one that nobody provides, and one that does not wait for long."""

from alertdrill.faults import unbound_claim
from alertdrill.scenario import Scenario, fires, like, never, pends, resolves

JOB = "monitoring/kube-api-exporter"

SCENARIOS = [
    Scenario(
        name="claims/no-such-class",
        why="A claim that gets no volume must be reported: what needs it will not start.",
        workload="web",
        fault=unbound_claim("data"),
        hold="19m",
        expect=(
            fires(
                "PersistentVolumeClaimPending",
                after="15m",
                within="18m",
                labels={"job": JOB, "name": "data", "phase": "Pending", "severity": "warning"},
                annotations={"summary": like(".*data.*")},
            ),
            resolves("PersistentVolumeClaimPending", within="5m"),
            never("DeploymentReplicasMismatch"),
        ),
    ),
    Scenario(
        name="claims/over-soon",
        why="A claim that waits for some minutes, as while a disk is made, wakes nobody.",
        workload="web",
        fault=unbound_claim("data"),
        hold="8m",
        # What is watched is shorter than its `for`, so its silence alone would say nothing: it must be over.
        expect=(
            pends("PersistentVolumeClaimPending", within="2m"),
            resolves("PersistentVolumeClaimPending", within="5m"),
            never("PersistentVolumeClaimPending"),
        ),
    ),
]
