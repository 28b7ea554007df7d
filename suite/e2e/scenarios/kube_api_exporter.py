"""kube-api-exporter, on which most alerts rest: gone, restarted, and two of it."""

from alertdrill.faults import double_watcher, restart_watcher, stop_watcher
from alertdrill.scenario import Scenario, fires, never, resolves

SCENARIOS = [
    Scenario(
        name="kube-api-exporter/gone",
        why="Without it all alerts about objects are silent: that must be an alert, and not peace.",
        workload="",
        fault=stop_watcher("kube-api-exporter"),
        touches=("kube-api-exporter",),
        hold="12m",
        expect=(
            fires(
                "KubeApiExporterDown",
                after="5m",
                within="11m",  # the one that goes is a target that is down for some seconds, and then none
                labels={"job": "monitoring/kube-api-exporter", "severity": "critical"},
            ),
            resolves("KubeApiExporterDown", within="8m"),
            never("ApiServerDown"),
        ),
    ),
    Scenario(
        name="kube-api-exporter/restarts",
        why="One that restarts is back with all it knew before anybody is woken.",
        workload="",
        fault=restart_watcher("kube-api-exporter"),
        touches=("kube-api-exporter",),
        hold="8m",  # the one that goes may be asked once more
        expect=(never("KubeApiExporterDown"),),
    ),
    Scenario(
        name="kube-api-exporter/two",
        why="Two of it tell everything twice, and what is well twice is still well.",
        workload="",
        fault=double_watcher("kube-api-exporter"),
        touches=("kube-api-exporter",),
        hold="7m",
        settle="7m",  # the one that goes may be asked once more
        expect=(never("KubeApiExporterDown"),),
    ),
]
