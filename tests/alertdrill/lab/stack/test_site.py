"""What a lab's Prometheus looks at, when there are other labs in the cluster."""

import re
from typing import Any

import pytest
import yaml

from alertdrill import data
from alertdrill.lab.stack import Site
from alertdrill.names import PODS_JOB

CONFIG = data.path("manifests", "base", "prometheus", "prometheus.yaml").read_text()
HOST = Site(mark="a-11111111", tail="aaaa")
GUEST = Site(mark="b-22222222", tail="bbbb", namespace="team-b", guest=True)

Labels = dict[str, str]


def pods_job(site: Site) -> dict[str, Any]:
    """Return the configuration of the pods' job."""
    jobs = yaml.safe_load(site.config(CONFIG))["scrape_configs"]
    return next(dict(job) for job in jobs if job["job_name"] == PODS_JOB)


def relabelled(rules: list[dict[str, Any]], labels: Labels) -> Labels | None:
    """Return the labels as Prometheus makes them of these, None if it drops them."""
    labels = dict(labels)
    for rule in rules:
        text = rule.get("separator", ";").join(labels.get(name, "") for name in rule["source_labels"])
        found = re.fullmatch(rule.get("regex", "(.*)"), text)
        if rule.get("action") in {"keep", "drop"}:
            if (found is None) is (rule["action"] == "keep"):
                return None
        elif found:
            value = found.expand(
                re.sub(r"\$(\d)", r"\\g<\1>", rule.get("replacement", "$1").replace("$0", r"\g<0>"))
            )
            labels[rule["target_label"]] = value
    return {name: value for name, value in labels.items() if value}


def target(namespace: str, name: str = "app", mark: str = "") -> Labels:
    """Return the labels of a pod that asks to be scraped."""
    return {
        "__address__": "10.0.0.1:80",
        "__meta_kubernetes_namespace": namespace,
        "__meta_kubernetes_pod_annotation_prometheus_io_scrape": "true",
        "__meta_kubernetes_pod_ip": "10.0.0.1",
        "__meta_kubernetes_pod_phase": "Running",
        "__meta_kubernetes_pod_label_app_kubernetes_io_name": name,
        "__meta_kubernetes_pod_label_alertdrill_dev_lab": mark,
    }


@pytest.mark.parametrize(
    ("site", "labels", "job"),
    [
        (HOST, target("monitoring", "kube-api-exporter", HOST.mark), "monitoring/kube-api-exporter"),
        (HOST, target("team-b", "kube-api-exporter", GUEST.mark), None),
        (HOST, target("drill-pods-crash-1234-aaaa"), "drill-pods-crash-1234-aaaa/app"),
        (HOST, target("drill-pods-crash-1234-bbbb"), None),
        (HOST, target("shop"), "shop/app"),
        (GUEST, target("team-b", "kube-api-exporter", GUEST.mark), "monitoring/kube-api-exporter"),
        (GUEST, target("monitoring", "kube-api-exporter", HOST.mark), None),
        (GUEST, target("drill-pods-crash-1234-bbbb"), "drill-pods-crash-1234-bbbb/app"),
        (GUEST, target("drill-pods-crash-1234-aaaa"), None),
        (GUEST, target("shop"), None),
    ],
)
def test_a_lab_scrapes_no_pods_of_another(site: Site, labels: Labels, job: str | None) -> None:
    """Its own are scraped, as the job that rules know; a guest leaves what is there already alone, too."""
    found = relabelled(pods_job(site)["relabel_configs"], labels)
    assert job == (found or {}).get("job")


@pytest.mark.parametrize(
    ("site", "about", "kept"),
    [
        (HOST, "drill-pods-crash-1234-aaaa", True),
        (HOST, "drill-pods-crash-1234-bbbb", False),
        (HOST, "kube-system", True),
        (HOST, "", True),
        (GUEST, "drill-pods-crash-1234-bbbb", True),
        (GUEST, "drill-pods-crash-1234-aaaa", False),
        (GUEST, "team-b", True),
        (GUEST, "kube-system", False),
        (GUEST, "", True),
    ],
)
def test_a_lab_keeps_no_series_about_another(site: Site, about: str, *, kept: bool) -> None:
    """What kube-api-exporter tells of other labs' objects starts no alert; no label of the rest changes."""
    labels = {"__name__": "k8s_deployment_spec_replicas", "namespace": "monitoring"}
    labels |= {"exported_namespace": about} if about else {}
    assert (labels if kept else None) == relabelled(pods_job(site)["metric_relabel_configs"], labels)
