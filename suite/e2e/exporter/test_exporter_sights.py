"""What the harness looks for of a workload is what the exporter tells of it, unasked."""

from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from alertdrill.names import SIGHTS
from e2e.exporter.apiserver import ApiServer
from e2e.exporter.running import Running

POD = {"containers": [{"name": "app", "image": "none.example/none"}]}
TEMPLATE = {"metadata": {"labels": {"app": "it"}}, "spec": POD}
CHOSEN = {"selector": {"matchLabels": {"app": "it"}}, "template": TEMPLATE}
THINGS: dict[str, tuple[str, dict[str, Any]]] = {  # kind → where it is made, and its spec
    "DaemonSet": ("apis/apps/v1/namespaces/one/daemonsets", CHOSEN),
    "Deployment": ("apis/apps/v1/namespaces/one/deployments", CHOSEN),
    "Job": (
        "apis/batch/v1/namespaces/one/jobs",
        {"template": {"spec": {**POD, "restartPolicy": "Never"}}},
    ),
    "Pod": ("api/v1/namespaces/one/pods", POD),
    "ReplicaSet": ("apis/apps/v1/namespaces/one/replicasets", CHOSEN),
    "StatefulSet": ("apis/apps/v1/namespaces/one/statefulsets", {**CHOSEN, "serviceName": "it"}),
}


def test_every_kind_that_runs_pods_is_seen_from_its_first_moment(api: ApiServer, log: Path) -> None:
    """A new object, of which no controller has said anything yet, has the metric that is waited for."""
    assert set(SIGHTS) == set(THINGS)
    for kind, (path, spec) in THINGS.items():
        api.call("POST", f"/{path}", {"metadata": {"name": f"seen-{kind.lower()}"}, "spec": spec})
    with Running(api.kubeconfig(), log) as exporter:
        scrape = exporter.wait_ready().scrape()
    seen = {
        (sample.name, sample.labels.get("name"))
        for family in text_string_to_metric_families(scrape)
        for sample in family.samples
        if sample.labels.get("namespace") == "one"
    }
    assert [] == [kind for kind, metric in SIGHTS.items() if (metric, f"seen-{kind.lower()}") not in seen]
