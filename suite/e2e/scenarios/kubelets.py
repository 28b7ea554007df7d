"""Kubelets: one that is not trusted, one that restarts. Only in a lab with a cluster of its own."""

from alertdrill.faults import distrust_kubelet, stop_kubelet
from alertdrill.scenario import Match, Scenario, fires, never, pends, resolves

DOWN: dict[str, Match] = {"job": "kubernetes-nodes", "severity": "critical"}

SCENARIOS = [
    Scenario(
        name="kubelets/untrusted",
        why="A kubelet whose certificate nobody signed is down, and never believed.",
        workload="",
        fault=distrust_kubelet(),
        touches=("kubelet",),
        hold="9m",
        expect=(
            fires("KubeletDown", after="5m", within="8m", labels=DOWN),
            resolves("KubeletDown", within="5m"),
            never("NodeNotReady"),
            never("TargetDown"),
        ),
    ),
    Scenario(
        name="kubelets/restarts",
        why="A kubelet that is upgraded is gone for a minute or two, and wakes nobody.",
        workload="",
        fault=stop_kubelet(),
        touches=("kubelet",),
        hold="3m",
        settle="6m",
        expect=(pends("KubeletDown", within="2m"), never("KubeletDown"), never("NodeNotReady")),
    ),
]
