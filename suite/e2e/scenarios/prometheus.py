"""Prometheus: a configuration it refuses, a rule it can't evaluate, targets that fail it, a restart."""

from alertdrill.faults import (
    disturb_scrapes,
    followed_by,
    refuse_configuration,
    restart_watcher,
    unbound_claim,
)
from alertdrill.scenario import Match, Scenario, fires, like, never, pends, resolves

MODELLED = "app.kubernetes.io/name=prom-node-exporter"
JOB: dict[str, Match] = {"job": like("drill-.+/prom-node-exporter"), "severity": "warning"}
FAILING = "/etc/prometheus-rules/drill.rules.yaml;failing"
# What a target says is scraped from itself: nobody else needs to tell of the cluster's objects.
REGARDLESS_OF = ("kube-api-exporter",)

SCENARIOS = [
    Scenario(
        name="prometheus/configuration-refused",
        why="A Prometheus with an old configuration looks well, until it restarts and does not come back.",
        workload="",
        fault=refuse_configuration(),
        touches=("prometheus-configuration",),
        hold="17m",
        regardless_of=REGARDLESS_OF,
        expect=(
            fires(
                "PrometheusConfigReloadFailed",
                after="10m",
                within="16m",
                labels={"job": "prometheus", "severity": "warning"},
            ),
            resolves("PrometheusConfigReloadFailed", within="5m"),
        ),
    ),
    Scenario(
        name="prometheus/configuration-mended",
        why="A mistake that is taken back within minutes wakes nobody.",
        workload="",
        fault=refuse_configuration(),
        touches=("prometheus-configuration",),
        hold="5m",
        settle="8m",
        regardless_of=REGARDLESS_OF,
        expect=(pends("PrometheusConfigReloadFailed", within="3m"), never("PrometheusConfigReloadFailed")),
    ),
    Scenario(
        name="prometheus/rule-fails",
        why="A rule that can't be evaluated is silent for ever: somebody must be told.",
        workload="modelled-node",
        fault=disturb_scrapes(MODELLED, how="twice"),
        touches=("rules",),
        hold="15m",
        regardless_of=REGARDLESS_OF,
        expect=(
            fires(
                "PrometheusRuleFailures",
                after="10m",
                within="14m",
                labels={"job": "prometheus", "rule_group": FAILING, "severity": "critical"},
            ),
            resolves("PrometheusRuleFailures", within="9m"),
            never("TargetDown"),
        ),
    ),
    Scenario(
        name="prometheus/rule-fails-for-a-moment",
        why="Two series for two minutes, as while something is replaced, wake nobody.",
        workload="modelled-node",
        fault=disturb_scrapes(MODELLED, how="twice"),
        touches=("rules",),
        hold="2m",
        settle="10m",
        regardless_of=REGARDLESS_OF,
        expect=(pends("PrometheusRuleFailures", within="2m"), never("PrometheusRuleFailures")),
    ),
    Scenario(
        name="prometheus/target-refuses",
        why="What answers no scrape can raise no alert: that it is down must be one.",
        workload="modelled-node",
        fault=disturb_scrapes(MODELLED, how="refused"),
        hold="14m",
        regardless_of=REGARDLESS_OF,
        expect=(
            fires("TargetDown", after="10m", within="13m", labels=JOB),
            resolves("TargetDown", within="4m"),
            never("ScrapeSlow"),
        ),
    ),
    Scenario(
        name="prometheus/target-refuses-for-a-moment",
        why="A target that is restarted misses some scrapes, and wakes nobody.",
        workload="modelled-node",
        fault=disturb_scrapes(MODELLED, how="refused"),
        hold="5m",
        settle="7m",
        regardless_of=REGARDLESS_OF,
        expect=(pends("TargetDown", within="2m"), never("TargetDown")),
    ),
    Scenario(
        name="prometheus/target-slow",
        why="A target that takes nearly all of its time is lost the day it has a little more to tell.",
        workload="modelled-node",
        fault=disturb_scrapes(MODELLED, how="slow"),
        hold="14m",
        regardless_of=REGARDLESS_OF,
        expect=(
            fires("ScrapeSlow", after="10m", within="13m", labels=JOB),
            resolves("ScrapeSlow", within="4m"),
            never("TargetDown"),
        ),
    ),
    Scenario(
        name="prometheus/target-late",
        why="A target slower than its interval is down, however well it is, and both alerts say why.",
        workload="modelled-node",
        fault=disturb_scrapes(MODELLED, how="late"),
        hold="14m",
        regardless_of=REGARDLESS_OF,
        expect=(
            fires("TargetDown", after="10m", within="13m", labels=JOB),
            resolves("TargetDown", within="4m"),
            fires("ScrapeSlow", after="10m", within="13m", labels=JOB),
            resolves("ScrapeSlow", within="4m"),
        ),
    ),
    Scenario(
        name="prometheus/target-slow-for-a-moment",
        why="A target that is slow while it starts wakes nobody.",
        workload="modelled-node",
        fault=disturb_scrapes(MODELLED, how="slow"),
        hold="5m",
        settle="7m",
        regardless_of=REGARDLESS_OF,
        expect=(pends("ScrapeSlow", within="2m"), never("ScrapeSlow"), never("TargetDown")),
    ),
    Scenario(
        name="prometheus/restarted-meanwhile",
        why="A Prometheus that restarts remembers since when something is wrong: the alert's clock goes on.",
        workload="web",
        fault=followed_by(unbound_claim("data"), after="4m", then=restart_watcher("prometheus")),
        touches=("prometheus",),
        touches_for="10m",  # it is asked to end after four minutes, and is back in two
        hold="20m",
        expect=(
            # Anew it would be 19 minutes at the earliest, and as long as the restart takes.
            fires(
                "PersistentVolumeClaimPending",
                after="15m",
                within="19m",
                labels={
                    "job": "monitoring/kube-api-exporter",
                    "name": "data",
                    "phase": "Pending",
                    "severity": "warning",
                },
            ),
            resolves("PersistentVolumeClaimPending", within="5m"),
            never("DeploymentReplicasMismatch"),
        ),
    ),
]
