"""Pods: restarts that are a habit, and one that is not."""

from alertdrill.faults import crash_container, fail_liveness, missing_image, restart_once
from alertdrill.scenario import Match, Scenario, fires, like, never, pends, resolves

JOB = "monitoring/kube-api-exporter"
RESTARTING: dict[str, Match] = {
    "job": JOB,
    "name": like("web-.*"),
    "container": "app",
    "containerStatuses": "0",
    "severity": "warning",
}
# An alert's clock goes on while Prometheus restarts. Controllers that come back may go on with a rollout.
WITHOUT = ("prometheus",)

SCENARIOS = [
    Scenario(
        name="pods/crash-loop",
        why="A container that exits at once must be reported as a crash loop, and nothing else.",
        workload="web",
        fault=crash_container("deployment/web", container="app"),
        hold="66m",
        without=WITHOUT,
        expect=(
            fires(
                "PodRestartingTooMuch",
                after="1h",
                within="65m",
                labels=RESTARTING,
                annotations={"summary": like(".*web-.*")},
            ),
            resolves("PodRestartingTooMuch", within="20m"),
            # Its window is shorter than the pause between two restarts, so `for` starts over each time:
            # it gets pending, which shows that it saw the restarts, and can never fire.
            pends("PodRestartingTooMuchHistoric", within="15m"),
            never("PodRestartingTooMuchHistoric"),
            never("DeploymentReplicasMismatch"),
            never("DeploymentGenerationMismatch"),
        ),
    ),
    *(
        Scenario(
            name=f"pods/{name}",
            why=why,
            workload="web",
            fault=fault,
            hold="66m",
            without=WITHOUT,
            expect=(
                fires("PodRestartingTooMuch", after="1h", within="65m", labels=RESTARTING),
                resolves("PodRestartingTooMuch", within="20m"),
                never("DeploymentReplicasMismatch"),
                never("DeploymentGenerationMismatch"),
            ),
        )
        for name, why, fault in (
            (
                "crash-loop-after-20s",
                "A container that runs for a while before it ends is in a crash loop, too.",
                crash_container("deployment/web", container="app", lives="20s"),
            ),
            (
                "out-of-memory",
                "A container that is killed for its memory, over and over, crash-loops like any other.",
                crash_container("deployment/web", container="app", by="memory"),
            ),
            (
                "failing-liveness",
                "A probe that kills what would run is no better than a crash, and looks the same.",
                fail_liveness("deployment/web", container="app"),
            ),
        )
    ),
    Scenario(
        name="pods/one-restart",
        why="One restart is no habit: it gets pending for one window of the rule, and wakes nobody.",
        workload="web",
        fault=restart_once("app.kubernetes.io/name=web"),
        hold="65m",
        without=WITHOUT,
        expect=(
            pends("PodRestartingTooMuch", within="5m"),
            never("PodRestartingTooMuch"),
            never("PodRestartingTooMuchHistoric"),
            never("DeploymentReplicasMismatch"),
        ),
    ),
    Scenario(
        name="pods/missing-image",
        why="A container whose image is nowhere must be reported, however often the pull is tried again.",
        workload="web",
        fault=missing_image("deployment/web", container="app"),
        hold="24m",
        expect=(
            fires(
                "PodWaiting",
                after="15m",
                within="23m",
                labels={
                    "job": JOB,
                    "name": like("web-.*"),
                    "container": "app",
                    "containerStatuses": "0",
                    "severity": "warning",
                },
                annotations={"summary": like(".*web-.*")},
            ),
            resolves("PodWaiting", within="8m"),  # a pod is replaced in live time
            never("DeploymentReplicasMismatch"),
            never("PodRestartingTooMuch"),
        ),
    ),
]
