"""Names in a cluster that has just come up.

A CoreDNS that starts before kube-proxy has its rules in place asks the API server, and waits 30 seconds for
an answer that can't come, with an alert pending for it. One that starts after that is ready in two.
"""

from typing import Any

from alertdrill.kube import Kube

NAMESPACE = "kube-system"
SELECTOR = "k8s-app=kube-dns"


def start_anew(kube: Kube) -> None:
    """Have those pods of it replaced that are not ready yet."""
    late = [
        pod["metadata"]["name"]
        for pod in kube.get("pods", namespace=NAMESPACE, selector=SELECTOR)
        if not _is_ready(pod)
    ]
    if late:
        words = ("delete", "pods", *late, f"--namespace={NAMESPACE}", "--wait=false", "--ignore-not-found")
        kube.run("starting the cluster's DNS anew", *words)


def _is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
