"""Alertmanager itself: who tells when nobody can be told?"""

from alertdrill.faults import fail_readiness, followed_by, stop_watcher, trouble_receiver
from alertdrill.scenario import Match, Scenario, fires, never, notified, resolves

CRITICAL: dict[str, Match] = {"severity": "critical"}
DOWN = {**CRITICAL, "job": "monitoring/alertmanager"}
FAILING = {**DOWN, "receiver_name": "page", "integration": "slack"}
REGARDLESS_OF = ("kube-api-exporter",)

SCENARIOS = [
    Scenario(
        name="alertmanager/down",
        why="Without it nobody is told of anything: Prometheus' own page and the dead man's switch say so.",
        workload="",
        fault=stop_watcher("alertmanager"),
        hold="13m",
        touches=("alertmanager",),
        regardless_of=REGARDLESS_OF,
        # Its pod is a target that is down for some live seconds, and then none.
        expect=(
            fires(
                "AlertmanagerDown",
                after="5m",
                within="12m",
                labels=DOWN,
            ),
            fires(
                "PrometheusNotConnectedToAlertmanager",
                after="5m",
                within="12m",
                labels={**CRITICAL, "job": "prometheus"},
            ),
            # Its pod comes back in live time.
            resolves("AlertmanagerDown", within="10m"),
            resolves("PrometheusNotConnectedToAlertmanager", within="10m"),
        ),
    ),
    Scenario(
        name="alertmanager/undelivered",
        why="A webhook that was revoked is silent: whoever can still be reached is told which one it is.",
        workload="web",
        fault=followed_by(
            trouble_receiver("refuses", lasts="22m"),
            after="10s",
            then=fail_readiness("app.kubernetes.io/name=web"),
        ),
        hold="34m",
        touches=("alertmanager",),
        expect=(
            fires(
                "DeploymentReplicasMismatch",
                after="5m",
                within="12m",
                labels={**CRITICAL, "job": "monitoring/kube-api-exporter", "name": "web"},
            ),
            fires("NotificationsFailing", after="12m", within="30m", labels=FAILING),
            resolves("DeploymentReplicasMismatch", within="5m"),
            resolves("NotificationsFailing", within="20m"),
            never("AlertmanagerDown"),
            never("PrometheusNotConnectedToAlertmanager"),
            # The receiver refuses what is about the scenario's namespace, and this is about none.
            notified("NotificationsFailing", receiver="page", within="2m", resolved="30m"),
            notified("NotificationsFailing", receiver="tickets", within="2m", resolved="30m"),
            notified("DeploymentReplicasMismatch", receiver="page", within="28m", resolved="15m"),
        ),
    ),
]
