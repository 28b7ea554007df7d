"""Nodes: one whose kubelet says nothing. Only in a lab with a cluster of its own."""

from alertdrill.faults import stop_kubelet
from alertdrill.scenario import Scenario, fires, like, never, resolves

JOB = "monitoring/kube-api-exporter"

SCENARIOS = [
    Scenario(
        name="nodes/not-ready",
        why="A node that is not heard of must be reported, and what runs there is taken for lost.",
        workload="spare",
        fault=stop_kubelet(),
        touches=("kubelet",),
        # However fast the lab is, the controllers call a node unknown after 9 to 13 live seconds.
        hold="18m",
        settle="4m",  # a pod may be ready for a moment before its kubelet has asked it
        expect=(
            fires(
                "KubeletDown",
                after="5m",
                within="8m",
                labels={"job": "kubernetes-nodes", "severity": "critical"},
            ),
            resolves("KubeletDown", within="5m"),
            fires(
                "NodeNotReady",
                after="12m",
                within="17m",
                labels={"job": JOB, "name": like(".+"), "type": "Ready", "severity": "critical"},
            ),
            resolves("NodeNotReady", within="6m"),
            # What runs there is not available any more.
            fires(
                "DeploymentReplicasMismatch",
                after="7m",
                within="17m",
                labels={
                    "job": JOB,
                    "exported_namespace": like("drill-.+"),
                    "name": "web",
                    "severity": "critical",
                },
            ),
            resolves("DeploymentReplicasMismatch", within="12m"),
            never("ApiServerDown"),
            never("KubeApiExporterDown"),
        ),
    ),
]
