"""The API server: gone for a while, and back at once. Only in a lab with a cluster of its own."""

from alertdrill.faults import halt_control_plane
from alertdrill.scenario import Scenario, fires, like, never, pends, resolves

SCENARIOS = [
    Scenario(
        name="apiserver/gone",
        why="Without an API server all runs on and nothing is mended: nobody notices before it is late.",
        workload="",
        fault=halt_control_plane("kube-apiserver"),
        touches=("apiserver",),
        hold="10m",
        expect=(
            fires(
                "ApiServerDown",
                after="5m",
                within="8m",
                labels={"job": "kubernetes-apiserver", "severity": "critical"},
            ),
            resolves("ApiServerDown", within="8m"),
            # It can't follow what nobody serves, and says so.
            fires(
                "KubeApiExporterStale",
                after="5m",
                within="8m",
                labels={"job": "monitoring/kube-api-exporter", "kind": like(".+"), "severity": "warning"},
            ),
            resolves("KubeApiExporterStale", within="30m"),  # it asks again at its own pace, not at the lab's
            never("KubeApiExporterDown"),
            # A kubelet asks the API server who scrapes it, and remembers for two minutes: then it lets nobody
            # in, and its alert must not be taken for what is the matter.
            never("KubeletDown"),
        ),
    ),
    Scenario(
        name="apiserver/restarts",
        why="An API server that is upgraded is gone for two minutes, and wakes nobody.",
        workload="",
        fault=halt_control_plane("kube-apiserver"),
        touches=("apiserver",),
        hold="1m",
        settle="10m",
        expect=(pends("ApiServerDown", within="1m"), never("ApiServerDown"), never("KubeApiExporterStale")),
    ),
]
