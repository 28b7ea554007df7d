"""A scenario's workload: where its manifest is, and what that asks of the lab."""

from collections.abc import Sequence
from pathlib import Path

from alertdrill import data
from alertdrill.errors import ScenarioError
from alertdrill.machine import images
from alertdrill.scenario import Scenario

SHIPPED = ("fixtures", "workloads")
MANIFEST = "workload.yaml"


def needs_tofu(scenarios: Sequence[Scenario]) -> bool:
    """Say whether a workload among them runs terradiff's image."""
    return any(images.TERRADIFF.name in manifest(one).read_text() for one in scenarios)


def manifest(scenario: Scenario) -> Path:
    """Return the manifest of a scenario's workload: a path beside its module, else a shipped one by name."""
    beside = scenario.folder / scenario.workload
    for path in (beside, beside / MANIFEST, data.path(*SHIPPED, scenario.workload, MANIFEST)):
        if path.is_file():
            return path
    known = ", ".join(sorted(one.parent.name for one in data.path(*SHIPPED).glob(f"*/{MANIFEST}")))
    raise ScenarioError(
        f"scenario {scenario.name}: looked for its workload {scenario.workload} in"
        f" {scenario.folder.resolve()} and among the shipped ones, which are {known}; found none"
    )
