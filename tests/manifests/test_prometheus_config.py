"""The scrape jobs are an interface: what rules, dashboards and the drill rely on."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from alertdrill.errors import RulesError
from alertdrill.prometheus import promtool

FILE = Path(__file__).parents[2] / "manifests" / "base" / "prometheus" / "prometheus.yaml"
CONFIG: dict[str, Any] = yaml.safe_load(FILE.read_text())
JOBS: dict[str, dict[str, Any]] = {job["job_name"]: job for job in CONFIG["scrape_configs"]}
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
KUBE_STATE_METRICS = "kube-state-metrics"
OVER_TLS = ("kubernetes-nodes", "kubernetes-cadvisor", "kubernetes-apiserver")


def test_the_jobs_are_the_ones_rules_name() -> None:
    """The names of the scrape jobs."""
    assert {"prometheus", "kubernetes-pods", KUBE_STATE_METRICS, *OVER_TLS} == JOBS.keys()


@pytest.mark.parametrize("job", OVER_TLS)
def test_certificates_are_verified(job: str) -> None:
    """Kubelets and API servers are reached by HTTPS, verified with the cluster's own authority."""
    assert "https" == JOBS[job]["scheme"]
    assert {"ca_file": f"{ACCOUNT}/ca.crt"} == JOBS[job]["tls_config"]
    assert {"credentials_file": f"{ACCOUNT}/token"} == JOBS[job]["authorization"]


def test_an_exporter_can_t_pose_as_a_target() -> None:
    """No job honours the labels of what it scrapes, which become exported_namespace and the like, but one.

    kube-state-metrics' users expect its own; Prometheus takes them from pods of its own namespace only.
    """
    assert [KUBE_STATE_METRICS] == [name for name, job in JOBS.items() if "honor_labels" in job]
    (discovery,) = JOBS[KUBE_STATE_METRICS]["kubernetes_sd_configs"]
    assert {"own_namespace": True} == discovery["namespaces"]


def test_pods_get_the_labels_the_rules_use() -> None:
    """The pods' job sets job, namespace, pod and node, and the label `name` has the last word on job."""
    rules = JOBS["kubernetes-pods"]["relabel_configs"]
    targets = [rule["target_label"] for rule in rules if "target_label" in rule]
    assert ["job", "job", "namespace", "pod", "node"] == [name for name in targets if name[0] != "_"]
    jobs = [rule["source_labels"][-1] for rule in rules if rule.get("target_label") == "job"]
    assert ["__meta_kubernetes_pod_label_app_kubernetes_io_name", "__meta_kubernetes_pod_label_name"] == jobs


def test_prometheus_takes_the_configuration() -> None:
    """Promtool reads the configuration without a complaint."""
    objections = []
    try:
        promtool.check_config(FILE)
    except RulesError as error:
        objections.append(str(error))
    assert [] == objections


def test_a_bad_configuration_is_one_sentence(tmp_path: Path) -> None:
    """A field Prometheus does not know is refused, with the file's name and the field's line."""
    bad = tmp_path / "prometheus.yaml"
    bad.write_text("scrape_configs:\n  - job_name: a\n    scrape_intervall: 1s\n")
    with pytest.raises(
        RulesError,
        match=r"prometheus.yaml:3: no Prometheus would take this .* field scrape_intervall not found",
    ) as caught:
        promtool.check_config(bad)
    assert str(bad) == caught.value.file
