"""A scenario's workload: where its manifest is, and what that asks of the lab."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from alertdrill import data
from alertdrill.errors import ScenarioError
from alertdrill.machine import images as own
from alertdrill.names import LAB_LABEL, SCENARIO_LABEL
from alertdrill.scenario import Scenario

CONTAINERS = frozenset({"containers", "initContainers"})
SHIPPED = ("fixtures", "workloads")
MANIFEST = "workload.yaml"
NAMESPACES = "/api/v1/namespaces"


def needs_tofu(scenarios: Sequence[Scenario]) -> bool:
    """Say whether a workload among them runs terradiff's image."""
    return own.TERRADIFF.name in images(scenarios)


def images(scenarios: Sequence[Scenario]) -> tuple[str, ...]:
    """Return the images that the workloads run, each once."""
    found = (container for one in scenarios for container in containers(objects(one)))
    return tuple(dict.fromkeys(one["image"] for one in found if isinstance(one.get("image"), str)))


def objects(scenario: Scenario, image: Callable[[str], str] = str) -> list[Any]:
    """Return what the workload's manifest holds, with its images under the names that `image` gives them.

    A scenario without a workload has none.
    """
    file = manifest(scenario)
    if file is None:
        return []
    what = f"scenario {scenario.name}: reading its workload {file}"
    try:
        found = [one for one in yaml.safe_load_all(file.read_text()) if one is not None]
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        said = " ".join(str(error).split())
        raise ScenarioError(f"{what}: {said}", about=(scenario.name, scenario.workload)) from error
    found = [inner for one in found for inner in (one["items"] if _is_list(one) else [one])]
    for one in found:
        if not _is_object(one):
            said = " ".join(json.dumps(one, default=str).split())[:100]
            raise ScenarioError(
                f"{what}: it has something that is no object with apiVersion, kind and metadata.name: {said}",
                about=(scenario.name, scenario.workload),
            )
        if one["metadata"].get("namespace"):
            raise ScenarioError(
                f"{what}: {one['kind']}/{one['metadata']['name']} is to be in the namespace"
                f" {one['metadata']['namespace']}; a workload gets one of its own, so leave `namespace` out",
                about=(scenario.name, scenario.workload),
            )
    if not found:
        raise ScenarioError(f"{what}: there is no object in it", about=(scenario.name, scenario.workload))
    for container in containers(found):
        if isinstance(container.get("image"), str):
            container["image"] = image(container["image"])
    return found


def listed(scenario: Scenario, image: Callable[[str], str]) -> str:
    """Return the workload as one list for kubectl, with its images named as `image` says."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects(scenario, image)}, default=str)


def _is_list(thing: Any) -> bool:
    return isinstance(thing, dict) and thing.get("kind") == "List" and isinstance(thing.get("items"), list)


def _is_object(thing: Any) -> bool:
    """Say whether it has what kubectl must know of an object."""
    named = thing.get("metadata") if isinstance(thing, dict) else None
    texts = (thing.get("apiVersion"), thing.get("kind"), named.get("name")) if isinstance(named, dict) else ()
    return bool(texts) and all(isinstance(one, str) for one in texts)


def namespace(name: str, mark: str) -> dict[str, Any]:
    """Return a scenario's own namespace, in a lab of that mark."""
    labels = {LAB_LABEL: mark, SCENARIO_LABEL: "", "pod-security.kubernetes.io/enforce": "restricted"}
    metadata = {"name": name, "labels": labels}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


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
        f" {scenario.folder.resolve()} and among the shipped ones, which are {known}; found none",
        about=(scenario.name, scenario.workload),
    )


def containers(thing: Any) -> Iterator[dict[str, Any]]:
    """Yield every container, wherever it stands in an object."""
    if isinstance(thing, list):
        for one in thing:
            yield from containers(one)
    elif isinstance(thing, dict):
        for key, value in thing.items():
            if key in CONTAINERS and isinstance(value, list):
                yield from (one for one in value if isinstance(one, dict))
            else:
                yield from containers(value)
