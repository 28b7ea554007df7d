"""One API server for all of these tests; a proxy and an exporter for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alertdrill.machine import process
from e2e.exporter.apiserver import ApiServer
from e2e.exporter.chaos import Chaos

TEXT = {"type": "string"}
TIME = {"type": "string", "format": "date-time"}
# As the tools write it that make definitions from Go.
QUANTITY = {
    "anyOf": [{"type": "integer"}, {"type": "string"}],
    "pattern": (
        r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
        r"(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
    ),
    "x-kubernetes-int-or-string": True,
}
CONDITION = {
    "type": "object",
    "properties": {"type": TEXT, "status": TEXT, "reason": TEXT, "lastTransitionTime": TIME},
}
RUN_STATE = {
    "type": "object",
    "properties": {
        "idle": {"type": "object", "properties": {"reason": TEXT}},
        "busy": {"type": "object", "properties": {"reason": TEXT}},
    },
}
STATES = {
    "mode": {"type": "string", "enum": ["Fast", "Slow"]},
    "storage": QUANTITY,
    "requests": {"type": "object", "additionalProperties": QUANTITY},
    "timeout": {"type": "string", "pattern": "^([0-9]{1,5}(h|m|s|ms)){1,4}$"},
    "since": TIME,
    "conditions": {"type": "array", "items": CONDITION},
    "runState": RUN_STATE,
}
WIDGET_SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                **STATES,
                "size": {"type": "integer"},
                "ratio": {"type": "number"},
                "on": {"type": "boolean"},
                "surge": {"x-kubernetes-int-or-string": True},
                "limits": {"type": "object", "additionalProperties": {"type": "integer"}},
                "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "parts": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"name": {"type": "string"}, "weight": {"type": "number"}},
                    },
                },
            },
        },
    },
}
WIDGETS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": WIDGET_SCHEMA}}
        ],
    },
}


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """Return an API server with a custom resource and two namespaces."""
    server = ApiServer(tmp_path_factory.mktemp("control-plane"))
    with process.interruptible():
        try:
            server.start()
            _furnish(server)
            yield server
        finally:
            server.kill()


def _furnish(server: ApiServer) -> None:
    server.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", WIDGETS)
    for name in ("one", "two"):
        server.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})


@pytest.fixture
def chaos(api: ApiServer) -> Iterator[Chaos]:
    """Return a proxy that behaves, so far."""
    proxy = Chaos(api, seed=1)
    yield proxy
    proxy.close()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return where the exporter's words go."""
    return tmp_path / "exporter.log"
