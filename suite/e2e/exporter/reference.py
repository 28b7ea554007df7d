"""What a scrape must say, worked out slowly from a fresh list: shares no line with the exporter."""

import re
from collections.abc import Iterator
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from e2e.exporter import reference_states

Sample = tuple[str, frozenset[tuple[str, str]], float]


def expected(kind: str, objects: list[dict[str, Any]]) -> set[Sample]:
    """Return the samples of these objects."""
    found: set[Sample] = set()
    for value in objects:
        metadata = value["metadata"]
        labels = {"name": metadata["name"]}
        if "namespace" in metadata:
            labels["namespace"] = metadata["namespace"]
        metadata.pop("managedFields", None)
        found |= {
            (name, frozenset(said.items()), number)
            for name, said, number in _walk(f"k8s_{kind}", value, labels)
        }
        found |= {
            (name, frozenset(said.items()), number)
            for name, said, number in reference_states.told(kind, value, labels)
        }
        own = {f"label_{_clean(key)}": said for key, said in metadata.get("labels", {}).items()}
        found.add((f"k8s_{kind}_labels", frozenset({**labels, **own}.items()), 1.0))
        found |= set(_images(labels, value.get("spec", {}))) if kind == "pod" else set()
    return found


def _walk(name: str, value: Any, labels: dict[str, str]) -> Iterator[tuple[str, dict[str, str], float]]:
    if isinstance(value, (bool, int, float)):
        yield name, labels, float(value)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, list):
                yield from _walk_list(name, key, inner, labels)
            else:
                yield from _walk(f"{name}_{_clean(key)}", inner, labels)


def _walk_list(
    name: str, listed: str, values: list[Any], labels: dict[str, str]
) -> Iterator[tuple[str, dict[str, str], float]]:
    element = "container" if re.search("[cC]ontainer", listed) else re.sub("s$", "", listed)
    for index, value in enumerate(values):
        more = {**labels, listed: str(index)}
        if isinstance(value, dict) and isinstance(value.get("name"), str):
            more[element] = value["name"]
        yield from _walk(name, value, more)


def _images(labels: dict[str, str], spec: dict[str, Any]) -> Iterator[Sample]:
    for listed in ("containers", "initContainers", "ephemeralContainers"):
        for index, one in enumerate(spec.get(listed) or []):
            said = {**labels, listed: str(index), "container": one["name"], "image": one["image"]}
            yield "k8s_pod_images", frozenset(said.items()), 1.0


def _clean(word: str) -> str:
    return re.sub("[^a-zA-Z0-9_]", "_", word)


def scraped(text: str) -> set[Sample]:
    """Return the objects' samples of a scrape; one that is there twice is an error."""
    samples = [
        (sample.name, frozenset(sample.labels.items()), float(sample.value))
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("k8s_")
    ]
    assert len(samples) == len({sample[:2] for sample in samples}), "a series came twice"
    return set(samples)
