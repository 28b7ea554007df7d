"""node-exporter: gone from its nodes, and restarted."""

from alertdrill.faults import restart_watcher, stop_watcher
from alertdrill.scenario import Scenario, fires, like, never, pends, resolves

SCENARIOS = [
    Scenario(
        name="node-exporter/gone",
        why="Without node-exporter no disk is ever full: that it is gone must be an alert of its own.",
        workload="",
        fault=stop_watcher("prom-node-exporter"),
        touches=("prom-node-exporter",),
        hold="14m",
        expect=(
            fires(
                "NodeExporterDown",
                after="10m",
                within="13m",
                labels={"name": like(".+"), "severity": "warning"},
            ),
            resolves("NodeExporterDown", within="5m"),
        ),
    ),
    Scenario(
        name="node-exporter/restarts",
        why="A node-exporter that is rolled is away for a moment, and wakes nobody.",
        workload="",
        fault=restart_watcher("prom-node-exporter"),
        touches=("prom-node-exporter",),
        hold="12m",
        expect=(pends("NodeExporterDown", within="3m"), never("NodeExporterDown")),
    ),
]
