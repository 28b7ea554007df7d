"""A scenario's workload: where its manifest is, and what that asks of the lab."""

from collections.abc import Sequence
from pathlib import Path

from alertdrill import data
from alertdrill.errors import ScenarioError
from alertdrill.machine import images
from alertdrill.scenario import Scenario


def needs_tofu(scenarios: Sequence[Scenario]) -> bool:
    """Say whether a workload among them runs terradiff's image."""
    return any(images.TERRADIFF.name in manifest(one).read_text() for one in scenarios)


def manifest(scenario: Scenario) -> Path:
    """Return the manifest of a scenario's workload, a shipped one by name or a path; else ScenarioError."""
    shipped = data.path("fixtures", "workloads", scenario.workload, "workload.yaml")
    for path in (shipped, Path(scenario.workload)):
        if path.is_file():
            return path
    raise ScenarioError(f"scenario {scenario.name}: looked for its workload in {shipped}, which is not there")
