"""Deployments: rollouts the controller can't follow, and replicas that are not there."""

from alertdrill.faults import (
    Trait,
    fail_readiness,
    followed_by,
    halt_control_plane,
    missing_image,
    patch,
    refuse_replicasets,
    scale,
    slow_rollout,
    stuck_rollout,
)
from alertdrill.scenario import Match, Scenario, fires, like, never, pends, resolves

JOB = "monitoring/kube-api-exporter"
WEB: dict[str, Match] = {"job": JOB, "name": "web", "severity": "critical"}

SCENARIOS = [
    Scenario(
        name="deployments/refused-replicaset",
        why="A rollout that never starts must be reported: the old version runs on, and nobody notices.",
        workload="web",
        fault=refuse_replicasets("deployment/web"),
        hold="9m",
        expect=(
            fires(
                "DeploymentGenerationMismatch",
                after="5m",
                within="8m",
                labels=WEB,
                annotations={"summary": like(".*web.*")},
            ),
            resolves("DeploymentGenerationMismatch", within="5m"),
            never("DeploymentReplicasMismatch"),
            never("DeploymentStuck"),
        ),
    ),
    Scenario(
        name="deployments/controllers-stopped",
        why="Without its controllers the cluster takes every change and does nothing about it.",
        workload="web",
        fault=followed_by(
            halt_control_plane("kube-controller-manager"),
            after="15s",
            then=patch(
                "deployment/web",
                {"spec": {"template": {"metadata": {"annotations": {"alertdrill.dev/rollout": "waits"}}}}},
                traits=[Trait.CHANGES_SPEC],
            ),
        ),
        touches=("controllers",),
        hold="9m",
        expect=(
            fires("DeploymentGenerationMismatch", after="5m", within="8m", labels=WEB),
            # They take a while to agree who leads.
            resolves("DeploymentGenerationMismatch", within="15m"),
            never("DeploymentReplicasMismatch"),
            never("ApiServerDown"),
        ),
    ),
    Scenario(
        name="deployments/good-rollout",
        why="A rollout that succeeds wakes nobody.",
        workload="web",
        fault=slow_rollout("deployment/web", container="app", takes="20s"),
        hold="12m",
        expect=(never("DeploymentGenerationMismatch"), never("DeploymentReplicasMismatch")),
    ),
    Scenario(
        name="deployments/some-replicas-missing",
        why="A service on one pod of two is one failure away from an outage.",
        workload="web-eager",
        fault=missing_image("deployment/web", container="app"),
        hold="9m",
        expect=(
            fires(
                "DeploymentReplicasMismatch",
                after="5m",
                within="8m",
                labels=WEB,
                annotations={"summary": like(".*web.*")},
            ),
            resolves("DeploymentReplicasMismatch", within="8m"),
            never("DeploymentGenerationMismatch"),
        ),
    ),
    Scenario(
        name="deployments/none-available",
        why="With no pod available the field vanishes from the API: only the `unless` arm sees that.",
        workload="web",
        fault=fail_readiness("app.kubernetes.io/name=web"),
        hold="8m",
        expect=(
            fires("DeploymentReplicasMismatch", after="5m", within="8m", labels=WEB),
            resolves("DeploymentReplicasMismatch", within="5m"),
            never("DeploymentGenerationMismatch"),
        ),
    ),
    Scenario(
        name="deployments/slow-rollout",
        why="A rollout that takes a few minutes is everyday life: it may be pending, and must wake nobody.",
        workload="single",
        fault=slow_rollout("deployment/web", container="app", takes="1m"),
        hold="12m",
        expect=(
            pends("DeploymentReplicasMismatch", within="3m"),
            never("DeploymentReplicasMismatch"),
            never("DeploymentGenerationMismatch"),
        ),
    ),
    Scenario(
        name="deployments/scaled-to-zero",
        why="A Deployment that is scaled to zero is off, not broken, although no replica is available.",
        workload="web",
        fault=scale("deployment/web", replicas=0, back_to=2),
        hold="12m",
        expect=(never("DeploymentReplicasMismatch"), never("DeploymentGenerationMismatch")),
    ),
    Scenario(
        name="deployments/stuck-rollout",
        why="A new version that never gets ready must be reported, although the old one serves on.",
        workload="web",
        fault=stuck_rollout("deployment/web", container="app", deadline="4m"),
        hold="13m",
        expect=(
            fires(
                "DeploymentStuck",
                after="8m",
                within="12m",
                labels={**WEB, "severity": "warning", "type": "Progressing"},
                annotations={"summary": like(".*web.*")},
            ),
            resolves("DeploymentStuck", within="5m"),
            # Its image is nowhere, but not for so long that this would be news, too.
            pends("PodWaiting", within="10m"),
            resolves("PodWaiting", within="8m"),
            never("PodWaiting"),
            never("DeploymentReplicasMismatch"),
            never("DeploymentGenerationMismatch"),
        ),
    ),
    Scenario(
        name="deployments/healthy",
        why="Nothing is broken, so nothing may fire.",
        workload="web",
        hold="12m",
        expect=(never("DeploymentGenerationMismatch"), never("DeploymentReplicasMismatch")),
    ),
]
