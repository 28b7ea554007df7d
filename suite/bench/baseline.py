"""The plain way, as a program: list at scrape, walk the dicts, write with prometheus_client. Nothing is kept.

Run as `python baseline.py API_SERVER TOKEN PORT`; it exports what kube-api-exporter does, pods first.
"""

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import urllib3
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

NOT_IN_NAME = "[^a-zA-Z0-9_]"
KINDS = {
    "pod": "/api/v1/pods",
    "deployment": "/apis/apps/v1/deployments",
    "replicaset": "/apis/apps/v1/replicasets",
    "node": "/api/v1/nodes",
}


class Everything(Collector):
    """Lists every kind at every scrape."""

    def __init__(self, server: str, token: str) -> None:
        self._server = server
        self._headers = {"Authorization": f"Bearer {token}"}
        self._http = urllib3.PoolManager(cert_reqs="CERT_NONE")

    def describe(self) -> list[Metric]:
        """Say nothing, or everything would be listed at the start."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        for kind, path in KINDS.items():
            families: dict[str, GaugeMetricFamily] = {}
            body = self._http.request("GET", self._server + path, headers=self._headers).data
            for value in json.loads(body)["items"]:
                metadata = value["metadata"]
                labels = {"namespace": metadata.get("namespace", ""), "name": metadata["name"]}
                metadata.pop("managedFields", None)
                walk(f"k8s_{kind}", value, labels, families)
            yield from families.values()


def walk(name: str, value: Any, labels: dict[str, str], families: dict[str, GaugeMetricFamily]) -> None:
    """Add a sample for every number and boolean."""
    if isinstance(value, bool | int | float):
        family = families.setdefault(name, GaugeMetricFamily(name, "Help text"))
        family.add_sample(name, labels, float(value))
    elif isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, list):
                for index, element in enumerate(inner):
                    walk(name, element, {**labels, key: str(index)}, families)
            else:
                walk(f"{name}_{re.sub(NOT_IN_NAME, '_', key)}", inner, labels, families)


def main() -> None:
    """Serve until killed."""
    server, token, port = sys.argv[1:]
    urllib3.disable_warnings()
    registry = CollectorRegistry()
    registry.register(Everything(server, token))
    _, thread = start_http_server(int(port), addr="127.0.0.1", registry=registry)
    thread.join()


if __name__ == "__main__":
    main()
