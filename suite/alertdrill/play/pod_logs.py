"""Logs of every container of a namespace, also of pods that are gone before anybody asks."""

import threading
from pathlib import Path
from typing import Any, Self

import urllib3

from alertdrill import crash
from alertdrill.errors import LabError
from alertdrill.kube import Kube

LOOK_EVERY_SECONDS = 2.5  # a kubelet keeps what a container said until the one after next has begun

LOG_BYTES_MAX = 1 << 20  # a container that prints without end must not fill the disk
ENDS_HERE = b"\n[alertdrill: the log ends here: "


class Collector:
    """Follows the pods of a namespace and keeps what each container of theirs said, by restart.

    Keeps the first MiB of each. It is evidence, not a verdict: a stream that breaks, as all do with a kubelet
    that is stopped, is begun anew while its container runs.
    """

    def __init__(self, kube: Kube, namespace: str) -> None:
        self._kube = kube
        self._namespace = namespace
        self._said: dict[str, bytearray] = {}  # "<pod>/<container>.<restart>" → text
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._follow_pods, daemon=True)

    def __enter__(self) -> Self:
        """Start following."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop looking for pods; streams that are open end with their containers."""
        self._stopped.set()

    def write(self, folder: Path) -> None:
        """Write one file per container and restart."""
        for name, text in sorted(self._said.items()):
            file = folder / f"{name}.log"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(bytes(text))

    def _follow_pods(self) -> None:
        followed: dict[str, threading.Thread] = {}
        while not self._stopped.wait(LOOK_EVERY_SECONDS):
            try:
                pods = self._kube.get("pods", namespace=self._namespace)
            except LabError:
                continue
            except Exception as error:  # noqa: BLE001  # evidence lacks the rest, and says so
                self._said["alertdrill"] = bytearray(crash.told("following the pods", error).encode())
                return
            for pod in pods:
                for container in pod.get("status", {}).get("containerStatuses", []):
                    instance = container.get("containerID", "")
                    before = followed.get(instance)
                    if instance and (before is None or self._broke(before, pod, container)):
                        follower = threading.Thread(target=self._follow, args=(pod, container), daemon=True)
                        followed[instance] = follower
                        follower.start()

    def _broke(self, follower: threading.Thread, pod: dict[str, Any], container: dict[str, Any]) -> bool:
        """Say whether a stream is over although there is more to come."""
        is_running = "running" in container.get("state", {})
        return is_running and not follower.is_alive() and len(self._of(pod, container)) < LOG_BYTES_MAX

    def _of(self, pod: dict[str, Any], container: dict[str, Any]) -> bytearray:
        name = f"{pod['metadata']['name']}/{container['name']}.{container['restartCount']}"
        return self._said.setdefault(name, bytearray())

    def _follow(self, pod: dict[str, Any], container: dict[str, Any]) -> None:
        name, said = pod["metadata"]["name"], self._of(pod, container)
        path = f"/api/v1/namespaces/{self._namespace}/pods/{name}/log"
        query = [("container", container["name"]), ("follow", "true"), ("limitBytes", str(LOG_BYTES_MAX))]
        try:
            stream = self._kube.open("following a log", path, query, timeout=3600).stream(4096)
            said.clear()  # all of it comes again
            for chunk in stream:
                said += chunk
        except (LabError, urllib3.exceptions.HTTPError, OSError) as error:
            if ENDS_HERE not in said:  # it is told once, however often it is tried again
                said += ENDS_HERE + str(error).encode() + b"]\n"
