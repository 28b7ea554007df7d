"""The API server as the harness uses it: kubectl to change, the client to look, forwards to reach pods."""

import json
import re
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

import kubernetes
import urllib3

from alertdrill import process, tools
from alertdrill.errors import LabError, TransientError, refusal

FORWARDING = re.compile(rb"Forwarding from 127\.0\.0\.1:(\d+)")
FORWARD_SECONDS_MAX = 20.0

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
        return str(self.read("asking for the version", "/version", "gitVersion")).removeprefix("v")

    def get(self, resource: str, *, namespace: str = "", selector: str = "") -> list[dict[str, Any]]:
        """Return the objects of a resource in PATHS: of one namespace, or of all of them."""
        scope = f"namespaces/{namespace}/" if namespace else ""
        query = [("labelSelector", selector)] if selector else []
        path = f"/{PATHS[resource]}/{scope}{resource}"
        items: list[dict[str, Any]] = self.read(f"listing {resource}", path, "items", query)
        return items

    def read(self, what: str, path: str, field: str, query: Sequence[tuple[str, str]] = ()) -> Any:
        """Return one field of the object that a GET answers with."""
        reply = self.open(what, path, list(query))
        try:
            return json.loads(reply.data)[field]
        except urllib3.exceptions.HTTPError as error:
            raise TransientError(f"{what}: the API server's answer broke off: {error}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise LabError(f"{what}: the API server's answer is not understood: {error}") from error

    def open(
        self, what: str, path: str, query: list[tuple[str, str]], *, timeout: float = 30
    ) -> urllib3.BaseHTTPResponse:
        """Start a GET and return its reply, to be read or streamed; anything but 200 is a LabError.

        Where asking again may help, it is a TransientError.
        """
        request = self._client.param_serialize("GET", path, query_params=query, auth_settings=["BearerToken"])
        try:
            reply: urllib3.BaseHTTPResponse = self._client.call_api(
                *request, _request_timeout=timeout
            ).response
            said = "" if reply.status == HTTPStatus.OK else reply.data[:300].decode(errors="replace")
        except (urllib3.exceptions.HTTPError, kubernetes.client.ApiException) as error:
            raise (LabError if _is_distrust(error) else TransientError)(
                f"{what}: the API server at {self._client.configuration.host}: {error}"
            ) from error
        if reply.status != HTTPStatus.OK:
            raise refusal(reply.status)(f"{what}: the API server answered {reply.status}: {said}")
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


def _is_distrust(error: Exception) -> bool:
    """Say whether a connection failed because of a certificate, which asking again does not change."""
    cause = getattr(error, "reason", None)
    inner = cause.args[0] if isinstance(cause, urllib3.exceptions.SSLError) and cause.args else cause
    return isinstance(error, kubernetes.client.ApiException) or isinstance(
        inner, ssl.SSLCertVerificationError
    )


class Forward:
    """A port-forward that is started anew when it ended or stopped carrying; may be shared between threads.

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
        """Return it; the first `url` starts it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.close()

    def url(self) -> str:
        """Return http://127.0.0.1:N, where the target answers now; TransientError if it can't be reached."""
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

    def mistrust(self, url: str) -> None:
        """Have the next `url` start it anew: from this one came no reply. One that is newer is left alone."""
        with self._lock:
            if url == self._url:
                self._stop()

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
    with _ended_after(FORWARD_SECONDS_MAX, running):
        for line in running.stdout:
            said += line
            if found := FORWARDING.search(line):
                threading.Thread(target=_drain, args=(running,), daemon=True).start()
                return int(found[1])
    raise TransientError(f"forwarding a port to {target}: {process.last_words(said)}")


@contextmanager
def _ended_after(seconds: float, running: subprocess.Popen[bytes]) -> Iterator[None]:
    """End a program that is still at what follows when its time is over, so that reading from it ends too."""
    timer = threading.Timer(seconds, process.kill_group, (running,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _drain(running: subprocess.Popen[bytes]) -> None:
    assert running.stdout
    try:
        while running.stdout.read(4096):
            pass
    except ValueError:  # closed under us: the forward has ended
        return
