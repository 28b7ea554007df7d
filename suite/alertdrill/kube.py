"""The API server as the harness uses it: kubectl to change, the client to look, forwards to reach pods."""

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

import kubernetes
import urllib3

from alertdrill import process, tools
from alertdrill.errors import LabError

FORWARDING = re.compile(rb"Forwarding from 127\.0\.0\.1:(\d+)")


# Where the API server has the resources we look at; discovery would cost a request for what never changes.
PATHS = {
    "deployments": "apis/apps/v1",
    "events": "api/v1",
    "namespaces": "api/v1",
    "nodes": "api/v1",
    "pods": "api/v1",
    "replicasets": "apis/apps/v1",
}


class Kube:
    """One context of one kubeconfig, and never any other; may be shared between threads."""

    def __init__(self, kubeconfig: Path, context: str) -> None:
        self.kubeconfig = kubeconfig
        self.context = context
        self._base = [str(tools.kubectl()), f"--kubeconfig={kubeconfig}", f"--context={context}"]
        # The official client reads the kubeconfig and keeps the connections; its models decode too slowly.
        new_client: Callable[..., kubernetes.client.ApiClient] = kubernetes.config.new_client_from_config
        try:
            self._client = new_client(str(kubeconfig), context)
        except kubernetes.config.ConfigException as error:
            raise LabError(f"reading the kubeconfig {kubeconfig}: {error}") from error

    def run(
        self, what: str, *words: str, stdin: str | None = None, timeout: float = 60, into: Path | None = None
    ) -> str:
        """Run one kubectl command; `what` is the object of the sentence when it fails (LabError).

        Returns its standard output, or writes it `into` a file.
        """
        return process.run(what, [*self._base, *words], stdin=stdin, timeout=timeout, into=into)

    def version(self) -> str:
        """Return the API server's version, without the leading v."""
        reply = self.open("asking for the version", "/version", [])
        return str(json.loads(reply.data)["gitVersion"]).removeprefix("v")

    def get(self, resource: str, *, namespace: str = "", selector: str = "") -> list[dict[str, Any]]:
        """Return the objects of a resource in PATHS: of one namespace, or of all of them."""
        scope = f"namespaces/{namespace}/" if namespace else ""
        query = [("labelSelector", selector)] if selector else []
        reply = self.open(f"listing {resource}", f"/{PATHS[resource]}/{scope}{resource}", query)
        try:
            items: list[dict[str, Any]] = json.loads(reply.data)["items"]
        except (ValueError, KeyError, urllib3.exceptions.HTTPError) as error:
            raise LabError(
                f"listing {resource}: the API server's answer is not understood: {error}"
            ) from error
        return items

    def open(
        self, what: str, path: str, query: list[tuple[str, str]], *, timeout: float = 30
    ) -> urllib3.BaseHTTPResponse:
        """Start a GET and return its reply, to be read or streamed; anything but 200 is a LabError."""
        request = self._client.param_serialize("GET", path, query_params=query, auth_settings=["BearerToken"])
        try:
            reply: urllib3.BaseHTTPResponse = self._client.call_api(
                *request, _request_timeout=timeout
            ).response
        except (urllib3.exceptions.HTTPError, kubernetes.client.ApiException) as error:
            raise LabError(f"{what}: the API server at {self._client.configuration.host}: {error}") from error
        if reply.status != HTTPStatus.OK:
            raise LabError(
                f"{what}: the API server answered {reply.status}: {reply.data[:300].decode(errors='replace')}"
            )
        return reply

    def forward(self, namespace: str, target: str, port: int) -> "Forward":
        """Forward a free port of this machine to `target` ("service/prometheus"), until it is closed."""
        command = [
            *self._base,
            "port-forward",
            f"--namespace={namespace}",
            "--address=127.0.0.1",
            target,
            f":{port}",
        ]
        return Forward(command, target)


class Forward:
    """A port-forward that is started anew when its pod was replaced; may be shared between threads.

    It ends with this process, however this process ends: `setpriv` has the kernel see to that, by the
    thread that started it, which is why one thread starts them all.
    """

    def __init__(self, command: list[str], target: str) -> None:
        setpriv = shutil.which("setpriv")
        self._command = [setpriv, "--pdeathsig=KILL", *command] if setpriv else command
        self._starter = ThreadPoolExecutor(max_workers=1)
        self._target = target
        self._lock = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None
        self._url = ""

    def __enter__(self) -> Self:
        """Start it."""
        self.url()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.close()

    def url(self) -> str:
        """Return http://127.0.0.1:N, where the target answers now; LabError if it can't be reached."""
        with self._lock:
            if self._running is None or self._running.poll() is not None:
                self._stop()
                self._running = self._starter.submit(self._start).result()
                try:
                    self._url = f"http://127.0.0.1:{_forwarded_port(self._running, self._target)}"
                except LabError:
                    self._stop()
                    raise
            return self._url

    def close(self) -> None:
        """Stop forwarding."""
        with self._lock:
            self._stop()
        self._starter.shutdown()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
        )

    def _stop(self) -> None:
        if self._running is not None:
            process.kill_group(self._running)
            assert self._running.stdout
            self._running.stdout.close()
            self._running = None


def _forwarded_port(running: subprocess.Popen[bytes], target: str) -> int:
    """Read the port kubectl chose, then keep its pipe drained so that it never blocks on it."""
    assert running.stdout
    said = b""
    for line in running.stdout:
        said += line
        if found := FORWARDING.search(line):
            threading.Thread(target=_drain, args=(running,), daemon=True).start()
            return int(found[1])
    raise LabError(f"forwarding a port to {target}: {process.last_words(said)}")


def _drain(running: subprocess.Popen[bytes]) -> None:
    assert running.stdout
    try:
        while running.stdout.read(4096):
            pass
    except ValueError:  # closed under us: the forward has ended
        return
