"""Custom resources: a definition, many objects, and what kube-state-metrics must be told of them."""

from collections.abc import Iterator
from typing import Any

import yaml

GROUP, VERSION, KIND, PLURAL = "bench.example.com", "v1", "Widget", "widgets"
NUMBERS = ("size", "wanted", "ready", "generationSeen", "retries", "bytes")
PARTS = 3


def definition() -> dict[str, Any]:
    """Return the CustomResourceDefinition."""
    numbers: dict[str, Any] = {name: {"type": "integer"} for name in NUMBERS}
    part = {"type": "object", "properties": {"name": {"type": "string"}, "weight": {"type": "integer"}}}
    body = {"type": "object", "properties": {**numbers, "parts": {"type": "array", "items": part}}}
    schema = {"type": "object", "properties": {"spec": body, "status": body}}
    version = {"name": VERSION, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"plural": PLURAL, "singular": KIND.lower(), "kind": KIND},
            "versions": [version],
        },
    }


def numbers(step: int) -> dict[str, Any]:
    """Return a body whose numbers depend on `step`."""
    parts = [{"name": f"part-{index}", "weight": step + index} for index in range(PARTS)]
    return {**{name: step + index for index, name in enumerate(NUMBERS)}, "parts": parts}


def objects(count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (key in etcd, object)."""
    return (widget(index) for index in range(count))


def widget(index: int, *, step: int = 0) -> tuple[str, dict[str, Any]]:
    """Return a custom resource and its key in etcd."""
    name = f"widget-{index:05d}"
    metadata = {
        "name": name,
        "namespace": "default",
        "uid": f"{index:08d}-0000-4000-8000-000000000000",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "generation": 1,
        "labels": {"app": "widget"},
    }
    value = {"apiVersion": f"{GROUP}/{VERSION}", "kind": KIND, "metadata": metadata}
    return f"{GROUP}/{PLURAL}/default/{name}", {**value, "spec": numbers(0), "status": numbers(step)}


def configuration() -> str:
    """Return kube-state-metrics' custom resource state: every number, one by one."""
    metrics = [
        {
            "name": f"{part}_{number}",
            "help": number,
            "each": {"type": "Gauge", "gauge": {"path": [part, number]}},
        }
        for part in ("spec", "status")
        for number in NUMBERS
    ] + [
        {
            "name": f"{part}_weight",
            "help": "weight",
            "each": {
                "type": "Gauge",
                "gauge": {
                    "path": [part, "parts"],
                    "labelsFromPath": {"part": ["name"]},
                    "valueFrom": ["weight"],
                },
            },
        }
        for part in ("spec", "status")
    ]
    resource = {
        "groupVersionKind": {"group": GROUP, "version": VERSION, "kind": KIND},
        "labelsFromPath": {"name": ["metadata", "name"], "namespace": ["metadata", "namespace"]},
        "metrics": metrics,
    }
    return yaml.safe_dump({"kind": "CustomResourceStateMetrics", "spec": {"resources": [resource]}})
