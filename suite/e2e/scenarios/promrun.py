"""Commands under prom-run: one that fails, one that hangs, one that recovers; a restart, and an end."""

from alertdrill.faults import misbehave, scale
from alertdrill.scenario import Match, Scenario, fires, like, never, pends, resolves

CHECKS = "app.kubernetes.io/name=checks"
# The job is the namespace and the name of whoever runs the command, not of prom-run.
LABELS: dict[str, Match] = {"job": like("drill-.+/checks"), "command": "check", "severity": "warning"}
# What commands did is scraped from their prom-run: nobody else needs to tell of the cluster's objects.
REGARDLESS_OF = ("kube-api-exporter",)

SCENARIOS = [
    Scenario(
        name="promrun/command-fails",
        why="A check that fails must be reported after its time, with the job it belongs to.",
        workload="checks",
        fault=misbehave(CHECKS, how="fail"),
        hold="20m",
        regardless_of=REGARDLESS_OF,
        expect=(
            fires(
                "PromRunCommandFailing",
                after="15m",
                within="18m",
                labels=LABELS,
                annotations={"summary": like("Command check of .+/checks keeps failing.")},
            ),
            resolves("PromRunCommandFailing", within="4m"),
            never("PromRunCommandHangs"),
        ),
    ),
    Scenario(
        name="promrun/command-hangs",
        why="A check that never ends looks like one that is still running: somebody must say so.",
        workload="checks",
        fault=misbehave(CHECKS, how="hang"),
        hold="21m",
        regardless_of=REGARDLESS_OF,
        expect=(
            fires("PromRunCommandHangs", after="15m", within="20m", labels=LABELS),
            resolves("PromRunCommandHangs", within="5m"),
            never("PromRunCommandFailing"),
        ),
    ),
    Scenario(
        name="promrun/command-recovers",
        why="A check that fails for ten minutes and recovers by itself wakes nobody.",
        workload="checks",
        fault=misbehave(CHECKS, how="fail"),
        hold="10m",
        settle="10m",
        regardless_of=REGARDLESS_OF,
        expect=(
            pends("PromRunCommandFailing", within="4m"),
            never("PromRunCommandFailing"),
            never("PromRunCommandHangs"),
        ),
    ),
    Scenario(
        name="promrun/restarted-meanwhile",
        why="A prom-run that restarts remembers what it knew: the alert's clock goes on.",
        workload="checks",
        fault=misbehave(CHECKS, how="restart"),
        hold="20m",
        expect=(
            fires("PromRunCommandFailing", after="15m", within="18m", labels=LABELS),
            resolves("PromRunCommandFailing", within="4m"),
            # Any restart makes it pending for a while, which shows that there was one.
            pends("PodRestartingTooMuch", within="14m"),
            never("PromRunCommandHangs"),
            never("PromRunDown"),
        ),
    ),
    Scenario(
        name="promrun/gone",
        why="A prom-run that is gone lets its alerts resolve: its silence must be reported instead.",
        workload="checks",
        fault=scale("deployment/checks", replicas=0, back_to=1),
        hold="15m",
        expect=(
            fires(
                "PromRunDown",
                after="10m",
                within="14m",
                labels={"job": like("drill-.+/checks"), "severity": "critical"},
            ),
            # Prometheus finds the new pod in its own time, up to ten live seconds, however fast the drill is.
            resolves("PromRunDown", within="8m"),
            never("PromRunCommandFailing"),
            never("PromRunCommandHangs"),
            never("DeploymentReplicasMismatch"),
        ),
    ),
]
