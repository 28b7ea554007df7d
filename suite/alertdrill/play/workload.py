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
SHIPPED = ("fixtures", "workloads")
MANIFEST = "workload.yaml"


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


def check(scenario: Scenario) -> None:
    """Raise ScenarioError for a workload that is not there, or lacks the container that the fault changes.

    A patch of a container by another name adds one, and the alerts that follow are of something else.
    """
    found = objects(scenario)
    args = scenario.fault.args if scenario.fault else {}
    if not {"target", "container"} <= args.keys():
        return
    kind, _, name = str(args["target"]).partition("/")
    for thing in found:
        if not isinstance(thing, dict) or str(thing.get("kind")).lower() != kind.partition(".")[0]:
            continue
        there = [str(one.get("name")) for one in _containers(thing)]
        if thing.get("metadata", {}).get("name") == name and args["container"] not in there:
            raise ScenarioError(
                f"scenario {scenario.name}: its fault changes the container {args['container']} of"
                f" {args['target']}, which has {', '.join(there) or 'none'}"
            )


def manifest(scenario: Scenario) -> Path | None:
    """Return the manifest of a scenario's workload: a path beside its module, else a shipped one by name.

    None is of a scenario that has no workload.
    """
    if not scenario.workload:
        return None
    beside = scenario.folder / scenario.workload
    for path in (beside, beside / MANIFEST, data.path(*SHIPPED, scenario.workload, MANIFEST)):
        if path.is_file():
            return path
    known = ", ".join(sorted(one.parent.name for one in data.path(*SHIPPED).glob(f"*/{MANIFEST}")))
    raise ScenarioError(
        f"scenario {scenario.name}: looked for its workload {scenario.workload} in"
        f" {scenario.folder.resolve()} and among the shipped ones, which are {known}; found none"
    )


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
