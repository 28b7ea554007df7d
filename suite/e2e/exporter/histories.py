"""Random lives of objects: created, changed and deleted, the same for the same seed."""

import random
import threading
from collections.abc import Callable
from typing import Any

import requests

from e2e.exporter import states
from e2e.exporter.apiserver import ApiServer

NAMESPACES = ("one", "two")
PATHS = {
    "pods": "/api/v1/namespaces/{}/pods",
    "deployments.apps": "/apis/apps/v1/namespaces/{}/deployments",
    "widgets.example.com": "/apis/example.com/v1/namespaces/{}/widgets",
    "nodes": "/api/v1/nodes",
}
LISTS = {
    "pods": ("pod", "/api/v1/pods"),
    "deployments.apps": ("deployment", "/apis/apps/v1/deployments"),
    "widgets.example.com": ("widget", "/apis/example.com/v1/widgets"),
    "nodes": ("node", "/api/v1/nodes"),
}
KINDS = ",".join(LISTS)


class History:
    """Writes to the API server until told to stop."""

    def __init__(self, api: ApiServer, seed: int) -> None:
        self._api = api
        self._random = random.Random(seed)  # noqa: S311  # histories that can be repeated
        self._alive: dict[tuple[str, str], str] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.changes = 0

    def step(self) -> None:
        """Make one change."""
        choice = self._random.random()
        if not self._alive or choice < 0.35:
            self._create()
        elif choice < 0.8:
            self._change(self._random.choice(list(self._alive)))
        else:
            kind, name = self._random.choice(list(self._alive))
            path = self._alive.pop((kind, name))
            self._api.call("DELETE", f"{path}/{name}", {"gracePeriodSeconds": 0})
        self.changes += 1

    def start(self) -> None:
        """Go on in a thread; changes that the API server is not there for are lost, as in life."""
        self._thread.start()

    def stop(self) -> None:
        """Make no more changes."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.step()
            except (requests.RequestException, AssertionError):  # it is away, or refuses: both are life
                self._stop.wait(0.2)
            self._stop.wait(self._random.uniform(0, 0.02))

    def _create(self) -> None:
        kind = self._random.choice(list(PATHS))
        path = PATHS[kind].format(self._random.choice(NAMESPACES))
        name = f"{kind.partition('.')[0]}-{self._random.randrange(60)}"
        self._alive[kind, name] = path
        self._api.call("POST", path, body(kind, name, self._random))

    def _change(self, which: tuple[str, str]) -> None:
        kind, name = which
        path = f"{self._alive[which]}/{name}"
        self._api.patch(
            f"{path}{'' if kind.startswith('widgets') else '/status'}", change(kind, self._random)
        )
        if self._random.random() < 0.3:
            labels = {
                "metadata": {"labels": {f"l{self._random.randrange(3)}": f"v{self._random.randrange(9)}"}}
            }
            self._api.patch(path, labels)


def body(kind: str, name: str, dice: random.Random) -> dict[str, Any]:
    """Return a new object."""
    metadata = {"name": name, "labels": {"app": name}}
    asked = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "1Gi"}}
    ports = [{"name": "http", "containerPort": 8080}]
    container = {"name": "app", "image": "app:1", "ports": ports, "resources": asked}
    makers: dict[str, Callable[[], dict[str, Any]]] = {
        "pods": lambda: {"containers": [container] * 1, "priority": 0},
        "deployments.apps": lambda: {
            "replicas": dice.randrange(9),
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}},
        },
        "widgets.example.com": lambda: change(kind, dice)["spec"],
        "nodes": lambda: {
            "unschedulable": dice.choice([True, False]),
            "taints": dice.choice([[], [{"key": "dedicated", "value": "db", "effect": "NoSchedule"}]]),
        },
    }
    api_version = {"deployments.apps": "apps/v1", "widgets.example.com": "example.com/v1"}.get(kind, "v1")
    names = {
        "pods": "Pod",
        "deployments.apps": "Deployment",
        "widgets.example.com": "Widget",
        "nodes": "Node",
    }
    return {"apiVersion": api_version, "kind": names[kind], "metadata": metadata, "spec": makers[kind]()}


def change(kind: str, dice: random.Random) -> dict[str, Any]:
    """Return a merge patch of an object's numbers and states; null takes a field away."""
    some = dice.choice([None, dice.randrange(100)])
    if kind == "pods":
        return {"status": states.pod(dice)}
    if kind == "deployments.apps":
        status = {"replicas": 99, "readyReplicas": 99, "availableReplicas": some, "observedGeneration": 3}
        return {"status": {**status, "conditions": states.conditions(dice, "Available", "Progressing")}}
    if kind == "nodes":
        ports = {"kubeletEndpoint": {"Port": dice.randrange(65536)}}
        return {"status": {**states.node(dice), "daemonEndpoints": ports}}
    parts = [{"name": f"p{i}", "weight": dice.random()} for i in range(dice.randrange(3))]
    spec = {
        "size": some,
        "ratio": dice.random(),
        "on": dice.random() < 0.5,
        "parts": parts,
        "surge": dice.choice([3, "25%"]),
    }
    return {
        "spec": {
            **spec,
            **states.widget(dice),
            "limits": {"a": some, "b-c": 2},
            "open": {"x": [1, {"y": dice.randrange(9)}], "z": "7"},
        }
    }
