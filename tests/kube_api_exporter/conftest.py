"""A protocol peer, and how hard the property-based tests look.

`--hypothesis-profile=nightly` looks at 100,000 examples each.
"""

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import trustme

from exporter_kit.api.client import ApiClient
from exporter_kit.api.place import Place
from kube_api_exporter.options import Options
from kube_api_exporter.store.feed import Feed
from kube_api_exporter.watch import reader as reading
from kube_api_exporter.watch.catalog import Catalog
from kube_api_exporter.watch.reader import Reader
from kube_api_exporter.watch.way import Way

PODS = "/api/v1/pods"
VERBS = ["get", "list", "watch"]
CORE = {"name": "pods", "kind": "Pod", "namespaced": True, "shortNames": ["po"], "verbs": VERBS}
NODES = {"name": "nodes", "kind": "Node", "namespaced": False, "verbs": VERBS}


@dataclass
class Ask:
    """One request to the peer, and the ways to answer it, good and bad."""

    handler: BaseHTTPRequestHandler
    path: str
    query: dict[str, str]

    def json(self, value: object, status: int = 200, **headers: str) -> None:
        """Answer with one document."""
        body = json.dumps(value).encode()
        self.handler.send_response(status)
        for name, said in {"Content_Length": str(len(body)), **headers}.items():
            self.handler.send_header(name.replace("_", "-"), said)
        self.handler.end_headers()
        self.handler.wfile.write(body)

    def refuse(self, status: int, **headers: str) -> None:
        """Answer with a Status, as the API server does."""
        self.json({"kind": "Status", "code": status, "message": f"no ({status})"}, status, **headers)

    def stream(self) -> None:
        """Begin a watch."""
        self.handler.send_response(200)
        self.handler.send_header("Transfer-Encoding", "chunked")
        self.handler.end_headers()

    def raw(self, data: bytes) -> None:
        """Send one chunk of a watch."""
        self.handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def event(self, kind: str, value: object) -> None:
        """Send one event."""
        self.raw(json.dumps({"type": kind, "object": value}).encode() + b"\n")

    def bookmark(self, version: str, *, end: bool = False) -> None:
        """Send a bookmark; `end` says that all initial events were there."""
        notes = {"k8s.io/initial-events-end": "true"} if end else {}
        self.event("BOOKMARK", {"metadata": {"resourceVersion": version, "annotations": notes}})

    def end(self) -> None:
        """End a watch in the ordinary way."""
        self.handler.wfile.write(b"0\r\n\r\n")

    def cut(self) -> None:
        """Break the connection: a reset, not an end."""
        linger = struct.pack("ii", 1, 0)
        self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.handler.close_connection = True
        self.handler.connection.close()


def not_found(ask: Ask) -> None:
    """Answer where nothing is served."""
    ask.refuse(404)


class Quiet(ThreadingHTTPServer):
    """A server that does not mind clients that go away: that is what these tests are about."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing."""


class Peer:
    """A server that speaks as much of the API server's language as one test needs, on loopback."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.asked: list[Ask] = []
        self.routes: dict[str, Callable[[Ask], None]] = {
            "/api/v1": lambda ask: ask.json({"groupVersion": "v1", "resources": [CORE, NODES]}),
            "/apis": lambda ask: ask.json({"groups": []}),
        }
        self.closing = threading.Event()
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # the name http.server calls
                parsed = urlsplit(self.path)
                ask = Ask(self, parsed.path, dict(parse_qsl(parsed.query)))
                peer.asked.append(ask)
                peer.routes.get(parsed.path, not_found)(ask)

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self._server = Quiet(("127.0.0.1", 0), Handler)
        if context:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.host = f"{'https' if context else 'http'}://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def kubeconfig(self, folder: Path, user: object = None, **cluster: object) -> Path:
        """Write a kubeconfig that leads here."""
        file = folder / "kubeconfig"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "peer",
            "contexts": [{"name": "peer", "context": {"cluster": "peer", "user": "peer"}}],
            "clusters": [{"name": "peer", "cluster": {"server": self.host, **cluster}}],
            "users": [{"name": "peer", "user": user or {"token": "secret"}}],
        }
        file.write_text(json.dumps(config))
        return file

    @property
    def watches(self) -> list[dict[str, str]]:
        """The queries of all watches of pods so far."""
        return [ask.query for ask in self.asked if ask.path == PODS and "watch" in ask.query]

    @staticmethod
    def pod(name: str, version: int, restarts: int = 0) -> dict[str, Any]:
        """Return a pod in one of its states."""
        status = {"containerStatuses": [{"name": "app", "restartCount": restarts}]}
        metadata = {"name": name, "namespace": "n", "uid": f"uid-{name}", "resourceVersion": str(version)}
        return {"metadata": metadata, "status": status}

    @staticmethod
    def listed(*pods: dict[str, Any], version: int = 10, more: str = "") -> dict[str, Any]:
        """Return a page of a list."""
        return {"metadata": {"resourceVersion": str(version), "continue": more}, "items": list(pods)}

    def hang(self) -> None:
        """Keep a watch open without a word until the test is over."""
        self.closing.wait(10)

    def close(self) -> None:
        """Stop serving."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    """Serve on a free port for one test."""
    serving = Peer()
    yield serving
    serving.close()


class Readers:
    """Starts readers, and waits for what they do."""

    def __init__(self, kubeconfig: Path) -> None:
        self.client = ApiClient(Place(kubeconfig))
        self._way = Way()
        self._started: list[Reader] = []

    def start(self, word: str = "pods", **options: Any) -> Reader:
        """Start a reader of one kind."""
        chosen = Options(kinds=(word,), **options)
        reader = Reader(self.client, Catalog(self.client, chosen), Feed(word, chosen), self._way)
        reader.start()
        self._started.append(reader)
        return reader

    @staticmethod
    def eventually(condition: Callable[[], object], seconds: float = 8.0) -> None:
        """Wait until something is true, or fail."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "it never came true"
            time.sleep(0.01)  # between two looks

    def stop(self) -> None:
        """End them all."""
        for reader in self._started:
            reader.stop()
            reader.join(5)


@pytest.fixture
def readers(peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Readers]:
    """Return what starts readers against the peer, with a back-off fit for a test."""
    monkeypatch.setattr(reading, "BACKOFF_FIRST", 0.02)
    found = Readers(peer.kubeconfig(tmp_path))
    yield found
    peer.closing.set()
    found.stop()


@pytest.fixture
def secure_peer() -> Iterator[Peer]:
    """Serve behind TLS: credentials are sent to nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.ECDSA).configure_cert(context)
    serving = Peer(context)
    yield serving
    serving.close()


@pytest.fixture
def readers_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], Readers]]:
    """Return what makes readers by a kubeconfig, with a back-off fit for a test."""
    monkeypatch.setattr(reading, "BACKOFF_FIRST", 0.02)
    made: list[Readers] = []

    def make(kubeconfig: Path) -> Readers:
        made.append(Readers(kubeconfig))
        return made[-1]

    yield make
    for each in made:
        each.stop()
