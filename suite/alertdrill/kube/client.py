"""The API server as the harness uses it: kubectl to change, the client to look, forwards to reach pods."""

import json
import logging
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import urllib3
import yaml

from alertdrill.errors import FutileError, LabError, TransientError, refusal
from alertdrill.kube import trouble
from alertdrill.kube.forward import Forward
from alertdrill.machine import process, tools

# Where the API server has the resources we look at; discovery would cost a request for what never changes.
PATHS = {
    "cronjobs": "apis/batch/v1",
    "daemonsets": "apis/apps/v1",
    "deployments": "apis/apps/v1",
    "events": "api/v1",
    "jobs": "apis/batch/v1",
    "namespaces": "api/v1",
    "nodes": "api/v1",
    "pods": "api/v1",
    "replicasets": "apis/apps/v1",
    "statefulsets": "apis/apps/v1",
}
# To a request that changes something, these are answers: who asks decides what to do.
ANSWERS = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT})
# What kubectl says of manifests that are wrong, whenever they are sent.
NEVER_TAKEN = re.compile(
    r"is invalid: |\((?:BadRequest|Invalid)\)|error (?:parsing|validating) |strict decoding"
)

LOADER = "kube_config"  # the client's module that reads the file
# Who waits says so; else each try of the client's that failed is told on the terminal as it comes.
logging.getLogger("urllib3").addHandler(logging.NullHandler())


class Kube:
    """One context of one kubeconfig, and never any other; may be shared between threads."""

    def __init__(self, kubeconfig: Path, context: str) -> None:
        self.kubeconfig = kubeconfig
        self.context = context
        self._base = [str(tools.kubectl()), f"--kubeconfig={kubeconfig}", f"--context={context}"]
        # Loading it takes as long as all else of a command together, and most commands have no cluster.
        import kubernetes  # noqa: PLC0415

        # The official client reads the kubeconfig and keeps the connections; its models decode too slowly.
        new_client: Callable[..., kubernetes.client.ApiClient] = kubernetes.config.new_client_from_config
        try:
            with _heard(LOADER) as mistakes:
                self._client = new_client(str(kubeconfig), context)
        except (kubernetes.config.ConfigException, ValueError) as error:
            raise LabError(f"reading the kubeconfig {kubeconfig}: {error}") from error
        if mistakes:  # it would go on as nobody
            raise LabError(f"reading the kubeconfig {kubeconfig}: {_no_credentials(kubeconfig, mistakes)}")
        if not self._client.configuration.verify_ssl:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # said once, by who uses it
        self._errors = (urllib3.exceptions.HTTPError, kubernetes.client.ApiException)

    @property
    def verifies(self) -> bool:
        """Say whether the API server's certificate is verified."""
        return bool(self._client.configuration.verify_ssl)

    def run(
        self, what: str, *words: str, stdin: str | None = None, timeout: float = 60, into: Path | None = None
    ) -> str:
        """Run one kubectl command; `what` is the object of the sentence when it fails (LabError).

        Returns its standard output, or writes it `into` a file. What the API server will never take is a
        FutileError.
        """
        try:
            return process.run(what, [*self._base, *words], stdin=stdin, timeout=timeout, into=into)
        except LabError as error:
            if NEVER_TAKEN.search(str(error)):
                raise FutileError(str(error)) from error
            raise

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

    def is_namespaced(self, version: str, kind: str) -> bool | None:
        """Say whether objects of a kind are in namespaces; None of one that the API server does not have."""
        root = "apis" if "/" in version else "api"
        _, found = self.send(f"asking for the kinds of {version}", "GET", f"/{root}/{version}")
        return {one["kind"]: bool(one["namespaced"]) for one in found.get("resources", ())}.get(kind)

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
        return self._answer(what, request, timeout, frozenset({HTTPStatus.OK}))

    def send(
        self, what: str, method: str, path: str, body: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Do one request and return its status and object. Not found and conflict are answers, too."""
        headers = {"Content-Type": "application/json"}
        request = self._client.param_serialize(
            method, path, header_params=headers, body=body, auth_settings=["BearerToken"]
        )
        reply = self._answer(what, request, 30, ANSWERS)
        try:
            return reply.status, json.loads(reply.data)
        except urllib3.exceptions.HTTPError as error:
            raise TransientError(f"{what}: the API server's answer broke off: {error}") from error
        except ValueError as error:
            raise LabError(f"{what}: the API server's answer is not understood: {error}") from error

    def _answer(
        self, what: str, request: Sequence[Any], timeout: float, answers: frozenset[HTTPStatus]
    ) -> urllib3.BaseHTTPResponse:
        """Return the reply to a request, if its status is an answer."""
        try:
            method, url, headers, body, *_ = request
            reply: urllib3.BaseHTTPResponse = self._client.call_api(
                method, url, headers, body, _request_timeout=timeout
            ).response
            said = "" if reply.status in answers else trouble.of_answer(reply.status, reply.data)
        except self._errors as error:
            raise (LabError if trouble.is_distrust(error) else TransientError)(
                f"{what}: the API server at {self._client.configuration.host}: {trouble.of_connection(error)}"
            ) from error
        if reply.status not in answers:
            raise refusal(reply.status)(f"{what}: the API server {said}")
        return reply

    def forward(self, namespace: str, target: str, port: int) -> Forward:
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


@contextmanager
def _heard(module: str) -> Iterator[list[str]]:
    """Yield what a module says in this thread that is an error to it, and that it goes on without."""
    said: list[str] = []
    thread = threading.get_ident()

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.module == module and record.thread == thread:
                said.append(" ".join(record.getMessage().split()))

    ear = Ear(logging.ERROR)
    logging.getLogger().addHandler(ear)
    try:
        yield said
    finally:
        logging.getLogger().removeHandler(ear)


def _no_credentials(kubeconfig: Path, mistakes: Sequence[str]) -> str:
    """Say that a user's plugin gave no credentials, with what the file says of how to have it."""
    users = (yaml.safe_load(kubeconfig.read_text()) or {}).get("users") or ()
    plugins = [plugin for one in users if (plugin := (one.get("user") or {}).get("exec"))]
    hints = [str(one["installHint"]).strip() for one in plugins if one.get("installHint")]
    commands = ", ".join(str(one.get("command")) for one in plugins) or "what gives its user credentials"
    return "; ".join((f"{commands} gave no credentials: {', '.join(mistakes)}", *hints))
