"""The component that spreads kube-api-exporter over several pods."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from alertdrill.machine.tools import programs
from kube_api_exporter.options import parse_shard

MANIFESTS = Path(__file__).parents[2] / "manifests"
OVERLAY = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [base/kube-api-exporter]
components: [components/kube-api-exporter-shards]
"""


@pytest.fixture
def rendered(tmp_path: Path) -> list[dict[str, Any]]:
    """Return what an overlay with the component makes of the base."""
    for part in ("base", "components"):
        (tmp_path / part).symlink_to(MANIFESTS / part)
    (tmp_path / "kustomization.yaml").write_text(OVERLAY)
    words = ("kustomize", "--load-restrictor=LoadRestrictionsNone", str(tmp_path))
    command = [str(programs.kubectl()), *words]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return list(yaml.safe_load_all(text))


def test_shards_are_a_stateful_set_that_knows_its_numbers(rendered: list[dict[str, Any]]) -> None:
    """There is no Deployment left beside it, and every index below the number of replicas is a shard."""
    (workload,) = [one for one in rendered if one["kind"] in {"Deployment", "StatefulSet"}]
    assert "StatefulSet" == workload["kind"]
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    (flag,) = [word for word in container["args"] if word.startswith("--shard=")]
    replicas = workload["spec"]["replicas"]
    flags = [flag.removeprefix("--shard=").replace("$(SHARD)", str(index)) for index in range(replicas)]
    assert [(index, replicas) for index in range(replicas)] == [parse_shard(given) for given in flags]
    assert workload["spec"]["serviceName"] in [
        one["metadata"]["name"] for one in rendered if one["kind"] == "Service"
    ]
