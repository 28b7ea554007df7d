"""What people are told: once, together, in time, whatever is on the way, and nothing that follows anyway."""

from alertdrill.faults import fail_readiness, followed_by, restart_watcher, stuck_rollout, trouble_receiver
from alertdrill.scenario import (
    Expectation,
    Match,
    Scenario,
    fires,
    like,
    never,
    notified,
    resolves,
    unnotified,
)

LABELS: dict[str, Match] = {"job": "monitoring/kube-api-exporter", "severity": "critical"}
WEB = {**LABELS, "name": "web"}
DOWN = fail_readiness("app.kubernetes.io/name=web")
# A receiver that was away for a while is no broken one, even if a message was given up on meanwhile.
NOT_BROKEN = never("NotificationsFailing")
LINK = like("https://.+/rules/README.md#deploymentreplicasmismatch")


def lacks_replicas(within: str, *, fires_within: str = "8m") -> tuple[Expectation, ...]:
    """Return what is expected of a Deployment without replicas that people are told of in time, and once."""
    return (
        fires("DeploymentReplicasMismatch", after="5m", within=fires_within, labels=WEB),
        resolves("DeploymentReplicasMismatch", within="5m"),
        notified(
            "DeploymentReplicasMismatch",
            receiver="page",
            within=within,
            alerts=1,
            says=like(r"\[FIRING:1\] critical: .+ in drill-.+\n\*Deployment .+/web lacks replicas\.\*\n.+"),
            link=LINK,
            resolved="12m",
        ),
    )


SCENARIOS = [
    Scenario(
        name="notifications/once",
        why="An alert that fires and reaches nobody is no alert; one that comes over and over is not read.",
        workload="web",
        fault=DOWN,
        hold="9m",
        expect=lacks_replicas("2m"),
    ),
    Scenario(
        name="notifications/together",
        why="When everything in a namespace goes down, people get one message and not one for each.",
        workload="pair",
        fault=fail_readiness("app.kubernetes.io/part-of=shop"),
        hold="9m",
        expect=(
            fires(
                "DeploymentReplicasMismatch",
                after="5m",
                within="8m",
                labels={**LABELS, "name": like("api|web")},
            ),
            resolves("DeploymentReplicasMismatch", within="5m"),
            notified(
                "DeploymentReplicasMismatch",
                receiver="page",
                within="2m",
                alerts=2,
                says=like(r".+/api lacks replicas.+/web lacks replicas.+"),
                resolved="12m",
            ),
        ),
    ),
    Scenario(
        name="notifications/receiver refuses",
        why="Slack answers with an error for a while: the message comes once it does no more.",
        workload="web",
        fault=followed_by(trouble_receiver("refuses", lasts="2m30s"), after="10s", then=DOWN),
        hold="20m",
        expect=(*lacks_replicas("8m", fires_within="12m"), NOT_BROKEN),
    ),
    Scenario(
        name="notifications/receiver is slow",
        why="Slack takes its time: nobody is told twice for that.",
        workload="web",
        fault=followed_by(trouble_receiver("is slow", lasts="30m"), after="10s", then=DOWN),
        hold="15m",
        expect=(*lacks_replicas("3m", fires_within="12m"), NOT_BROKEN),
    ),
    Scenario(
        name="notifications/receiver is down",
        why="Slack is down for longer than a message is tried: what still holds is told when it is back.",
        workload="web",
        fault=followed_by(trouble_receiver("hangs up", lasts="7m"), after="10s", then=DOWN),
        hold="22m",
        expect=(*lacks_replicas("13m", fires_within="12m"), NOT_BROKEN),
    ),
    Scenario(
        name="notifications/alertmanager restarted",
        why="An Alertmanager that restarts knows what it has said, and still says when it is over.",
        workload="web",
        fault=followed_by(DOWN, after="8m", then=restart_watcher("alertmanager")),
        hold="14m",
        touches=("alertmanager",),
        touches_for="12m",  # it is asked to end after eight minutes, and is back in one
        expect=lacks_replicas("2m"),
    ),
    Scenario(
        name="notifications/consequence",
        why="A service that lacks replicas because its rollout is stuck is one message: the worse one.",
        workload="web-eager",
        fault=stuck_rollout("deployment/web", container="app", deadline="4m"),
        hold="14m",
        expect=(
            fires("DeploymentReplicasMismatch", after="5m", within="8m", labels=WEB),
            fires(
                "DeploymentStuck",
                after="8m",
                within="12m",
                labels={**WEB, "severity": "warning", "type": "Progressing"},
            ),
            resolves("DeploymentReplicasMismatch", within="8m"),
            resolves("DeploymentStuck", within="8m"),
            notified("DeploymentReplicasMismatch", receiver="page", within="2m", resolved="14m"),
            unnotified("DeploymentStuck"),
        ),
    ),
]
