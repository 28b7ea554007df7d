"""Jobs: one that fails for good, and one that only stumbles."""

from alertdrill.faults import fail_job
from alertdrill.scenario import Scenario, fires, like, never, pends, resolves

JOB = "monitoring/kube-api-exporter"

SCENARIOS = [
    Scenario(
        name="jobs/failed",
        why="A Job that has had all its tries must be reported, for nobody waits for its answer.",
        workload="web",
        fault=fail_job("backup"),
        hold="14m",  # its pod has to be started and to fail, in live time
        expect=(
            fires(
                "JobFailed",
                after="5m",
                within="13m",
                labels={"job": JOB, "name": "backup", "type": "Failed", "severity": "warning"},
                annotations={"summary": like(".*backup.*")},
            ),
            resolves("JobFailed", within="5m"),
            never("PodRestartingTooMuch"),
        ),
    ),
    Scenario(
        name="jobs/tried-again",
        why="A Job that fails once and succeeds when it is tried again has done its work, and wakes nobody.",
        workload="web",
        fault=fail_job("backup", recovers=True),
        hold="20m",
        # Any restart makes it pending for a while, which shows that a try failed and another followed.
        expect=(
            pends("PodRestartingTooMuch", within="14m"),
            never("JobFailed"),
        ),
    ),
]
