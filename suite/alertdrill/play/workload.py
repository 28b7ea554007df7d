"""A scenario's workload: where its manifest is, and what that asks of the lab."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from alertdrill import data
from alertdrill.errors import ScenarioError
from alertdrill.machine import images as own
from alertdrill.scenario import Scenario

CONTAINERS = frozenset({"containers", "initContainers"})


def needs_tofu(scenarios: Sequence[Scenario]) -> bool:
    """Say whether a workload among them runs terradiff's image."""
    return own.TERRADIFF.name in images(scenarios)


def images(scenarios: Sequence[Scenario]) -> tuple[str, ...]:
    """Return the images that the workloads run, each once."""
    found = (container["image"] for one in scenarios for container in _containers(objects(one)))
    return tuple(dict.fromkeys(found))


def objects(scenario: Scenario, image: Callable[[str], str] = str) -> list[Any]:
    """Return what the workload's manifest holds, with its images under the names that `image` gives them.

    A scenario without a workload has none.
    """
    file = manifest(scenario)
    if file is None:
        return []
    try:
        found = [one for one in yaml.safe_load_all(file.read_text()) if one is not None]
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        said = " ".join(str(error).split())
        raise ScenarioError(f"scenario {scenario.name}: reading its workload {file}: {said}") from error
    for container in _containers(found):
        container["image"] = image(container["image"])
    return found


def manifest(scenario: Scenario) -> Path | None:
    """Return the manifest of a scenario's workload, a shipped one by name or a path; else ScenarioError.

    None is of a scenario that has no workload.
    """
    if not scenario.workload:
        return None
    shipped = data.path("fixtures", "workloads", scenario.workload, "workload.yaml")
    for path in (shipped, Path(scenario.workload)):
        if path.is_file():
            return path
    raise ScenarioError(f"scenario {scenario.name}: looked for its workload in {shipped}, which is not there")


def _containers(thing: Any) -> Iterator[dict[str, str]]:
    """Yield every container that names an image, wherever it stands in an object."""
    if isinstance(thing, list):
        for one in thing:
            yield from _containers(one)
    elif isinstance(thing, dict):
        for key, value in thing.items():
            if key in CONTAINERS and isinstance(value, list):
                yield from (
                    one for one in value if isinstance(one, dict) and isinstance(one.get("image"), str)
                )
            else:
                yield from _containers(value)
