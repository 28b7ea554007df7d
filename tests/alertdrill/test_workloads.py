"""Workloads are fit to be broken, and are not broken by a busy machine."""

from pathlib import Path

import pytest
import yaml

from alertdrill import data

FILES = sorted(data.path("fixtures", "workloads").glob("*/workload.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_a_probe_waits_for_a_busy_machine(file: Path) -> None:
    """A kubelet gives a probe five seconds: one that is only slow must not look like a fault."""
    things = [thing for thing in yaml.safe_load_all(file.read_text()) if thing["kind"] == "Deployment"]
    containers = [one for thing in things for one in thing["spec"]["template"]["spec"]["containers"]]
    assert [5] * len(containers) == [one["readinessProbe"]["timeoutSeconds"] for one in containers]
