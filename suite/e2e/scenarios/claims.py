"""Claims of storage: one that nobody provides."""

from alertdrill.faults import unbound_claim
from alertdrill.scenario import Scenario, fires, like, never, resolves

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
]
