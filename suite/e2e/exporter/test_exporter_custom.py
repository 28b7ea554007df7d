"""Three small custom resources with the states that public ones have; no flag names any of them."""

from typing import Any

import pytest
import requests

from alertdrill.clock import NotYet, WallClock, wait_for
from e2e.exporter.apiserver import ApiServer
from e2e.exporter.conftest import CONDITION, QUANTITY, TEXT, TIME
from e2e.exporter.running import Running

GROUP = "drill.example.com"
T = "2026-01-01T00:00:00Z"


def schema(**properties: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object."""
    return {"type": "object", "properties": properties}


QUANTITIES = {"type": "object", "additionalProperties": QUANTITY}
CONDITIONS = {"type": "array", "items": CONDITION, "x-kubernetes-list-type": "map"}
CONDITIONS |= {"x-kubernetes-list-map-keys": ["type"]}
CONDITIONS["items"] = {**CONDITION, "required": ["type", "status"]}
SCHEMAS = {
    "Permit": schema(
        spec=schema(algorithm={**TEXT, "enum": ["RSA", "ECDSA"]}, secretName=TEXT, note=TEXT),
        status=schema(conditions=CONDITIONS, notAfter=TIME, revision={"type": "integer"}),
    ),
    "Copy": schema(
        spec=schema(ttl={**TEXT, "pattern": "^([0-9]{1,5}(h|m|s|ms)){1,4}$"}),
        status=schema(
            phase={**TEXT, "enum": ["New", "Done", "Failed"]},
            startTimestamp={**TIME, "nullable": True},
            progress=schema(done={"type": "integer"}, total={"type": "integer"}),
        ),
    ),
    "Shard": schema(
        spec=schema(storage=QUANTITY, resources=schema(requests=QUANTITIES, limits=QUANTITIES)),
        status=schema(phase=TEXT, conditions=CONDITIONS),
    ),
}
READY = {"type": "Ready", "status": "False", "reason": "Expired", "lastTransitionTime": T}
OBJECTS: dict[str, dict[str, Any]] = {
    "Permit": {
        "spec": {"algorithm": "RSA", "secretName": "web", "note": "nobody asked for it"},
        "status": {"conditions": [READY], "notAfter": "2026-04-01T00:00:00Z", "revision": 3},
    },
    "Copy": {
        "spec": {"ttl": "720h30m"},
        "status": {"phase": "Failed", "startTimestamp": None, "progress": {"done": 5, "total": 9}},
    },
    "Shard": {
        "spec": {"storage": "10Gi", "resources": {"requests": {"cpu": "500m"}, "limits": {"memory": 1024}}},
        "status": {"phase": "In good health", "conditions": [{**READY, "status": "True"}]},
    },
}
EXPECTED = {
    "Permit": {
        'spec_info{algorithm="RSA",secretName="web"} 1',
        'status_conditions{type="Ready"} 0',
        'status_conditions_lastTransitionTime{type="Ready"} 1767225600',
        "status_notAfter{} 1775001600",
        "status_revision{} 3",
    },
    "Copy": {
        "spec_ttl{} 2593800",
        'status_phase{phase="Failed"} 1',
        "status_progress_done{} 5",
        "status_progress_total{} 9",
    },
    "Shard": {
        "spec_storage{} 10737418240",
        'spec_resources_requests{resource="cpu"} 0.5',
        'spec_resources_limits{resource="memory"} 1024',
        "spec_resources_limits_memory{} 1024",  # an integer is a number, too, as it ever was
        'status_phase{phase="In good health"} 1',
        'status_conditions{type="Ready"} 1',
        'status_conditions_lastTransitionTime{type="Ready"} 1767225600',
    },
}


@pytest.fixture(scope="module")
def scrape(api: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what is told of one object of each kind."""
    for kind, states in SCHEMAS.items():
        api.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition(kind, states))
    for kind, value in OBJECTS.items():
        put(api, kind, {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": {"name": "x"}, **value})
    kinds = ",".join(f"{kind.lower()}s.{GROUP}" for kind in SCHEMAS)
    log = tmp_path_factory.mktemp("custom") / "log"
    with Running(api.kubeconfig(), log, f"--kinds={kinds}") as running:
        return running.wait_ready().scrape()


def definition(kind: str, states: dict[str, Any]) -> dict[str, Any]:
    """Return a custom resource definition."""
    word = kind.lower()
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": states}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{word}s.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"plural": f"{word}s", "singular": word, "kind": kind},
            "versions": [version],
        },
    }


def put(api: ApiServer, kind: str, value: dict[str, Any]) -> None:
    """Create an object, as soon as its kind is served."""

    def created() -> bool:
        path = f"{api.url}/apis/{GROUP}/v1/namespaces/one/{kind.lower()}s"
        reply = requests.post(path, json=value, headers=api.headers, verify=str(api.authority), timeout=30)
        if not reply.ok:
            raise NotYet(reply.text)
        return True

    wait_for(f"a {kind} to be created", created, deadline=30, clock=WallClock(), every=0.1)


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_custom_resource_tells_its_states_unasked(scrape: str, kind: str) -> None:
    """Conditions, words, quantities, times and durations, known by the schema alone; no other text."""
    start = f"k8s_{kind.lower()}_"
    lines = [line.removeprefix(start) for line in scrape.splitlines() if line.startswith(start)]
    told = {line.replace('namespace="one",name="x"', "").replace("{,", "{") for line in lines}
    assert EXPECTED[kind] == {line for line in told if not line.startswith(("metadata_", "labels"))}
