"""The command, and an API server of canned answers on loopback that takes nothing but GET."""

import hashlib
import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest

from kubediff import cli

Object = dict[str, Any]


# As a status: the connection ends without an answer.
CUT = 0


class Outcome(NamedTuple):
    """What a run said."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Its JSON."""
        return json.loads(self.out)


class Server:
    """Serves objects by the path of their list; what is in `failing` is answered by that status."""

    KINDS = (
        ("v1", "configmaps", "ConfigMap", True),
        ("v1", "secrets", "Secret", True),
        ("v1", "nodes", "Node", False),
    )

    def __init__(self) -> None:
        self.objects: dict[str, list[Object]] = {}
        self.failing: dict[str, int] = {}
        self.namespaces = {"default"}
        self.asked: list[str] = []
        self.schemas: dict[str, bytes] = {}
        self.url = ""

    def add(self, kind: str, name: str, **fields: Any) -> None:
        """Put an object into the cluster."""
        resource = next(plural for _, plural, each, _ in self.KINDS if each == kind)
        metadata = {"name": name, "namespace": "default", "uid": name}
        self.objects.setdefault(resource, []).append({"metadata": metadata, **fields})

    def answer(self, url: str) -> tuple[int, Any]:
        """Return status and body for a URL."""
        self.asked.append(url)
        split = urlsplit(url)
        words = split.path.strip("/").split("/")
        if words[-1] in self.failing:
            return self.failing[words[-1]], {"kind": "Status", "message": f"{words[-1]} are forbidden"}
        if split.path == "/api":
            resources = [
                {
                    "resource": plural,
                    "responseKind": {"kind": kind},
                    "scope": "Namespaced" if scoped else "Cluster",
                    "verbs": ["get", "list"],
                }
                for _, plural, kind, scoped in self.KINDS
            ]
            versions = [{"version": "v1", "resources": resources}]
            return 200, {"kind": "APIGroupDiscoveryList", "items": [{"metadata": {}, "versions": versions}]}
        if words[0] in ("apis", "openapi"):
            none = {"kind": "APIGroupDiscoveryList", "items": []}
            return (200, none) if split.path == "/apis" else self._schema("/".join(words[2:]))
        if words[-2] == "namespaces":
            return (
                (200, {})
                if words[-1] in self.namespaces
                else (404, {"kind": "Status", "message": "not found"})
            )
        if words[0] != "api":
            return 404, {"kind": "Status", "message": "not found"}
        return 200, self._page(self.objects.get(words[-1], []), parse_qs(split.query))

    def _schema(self, path: str) -> tuple[int, Any]:
        if path in self.schemas:
            return 200, json.loads(self.schemas[path])
        names = {each: hashlib.sha512(text).hexdigest().upper() for each, text in self.schemas.items()}
        paths = {
            each: {"serverRelativeURL": f"/openapi/v3/{each}?hash={name}"} for each, name in names.items()
        }
        return (404, {}) if path else (200, {"paths": paths})

    def _page(self, found: list[Object], query: dict[str, list[str]]) -> Object:
        if "fieldSelector" in query:
            name = query["fieldSelector"][0].partition("=")[2]
            found = [each for each in found if each["metadata"]["name"] == name]
        begin, limit = int(query.get("continue", ["0"])[0]), int(query["limit"][0])
        more = {"continue": str(begin + limit)} if begin + limit < len(found) else {}
        return {"metadata": more, "items": found[begin : begin + limit]}


@pytest.fixture
def server() -> Iterator[Server]:
    """Return an API server that runs."""
    served = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:  # the name http.server calls
            status, body = served.answer(self.path)
            if status == CUT:
                self.close_connection = True
                return
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    served.url = f"http://127.0.0.1:{listening.server_address[1]}"
    yield served
    listening.shutdown()
    listening.server_close()


@pytest.fixture
def manifests(tmp_path: Path) -> Path:
    """Return an empty folder for manifests."""
    folder = tmp_path / "manifests"
    folder.mkdir()
    return folder


@pytest.fixture
def kubediff(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], server: Server, tmp_path: Path
) -> Callable[..., Outcome]:
    """Return a function that runs the command here, against the server."""
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(*words: str | Path) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["kubediff", f"--server={server.url}", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return Outcome(int(end.value.code or 0), *capfd.readouterr())

    return run
