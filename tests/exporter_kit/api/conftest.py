"""An API server of one answer, on loopback, and the kubeconfig that leads to it."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Lets a test answer."""

    protocol_version = "HTTP/1.1"
    answer: Answer

    def do_GET(self) -> None:  # the name http.server calls
        """Answer."""
        type(self).answer(self)

    def say(self, status: int, body: bytes, **headers: str) -> None:
        """Answer with a status and a body."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def serving() -> Iterator[Callable[..., str]]:
    """Return a function that serves one answer on a free port; it returns the URL."""
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Answer, context: ssl.SSLContext | None = None) -> str:
        handler = type("Answering", (Handler,), {"answer": staticmethod(answer)})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients hang up on purpose
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"{'https' if context else 'http'}://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


class Secure:
    """An API server behind TLS, whose authority may also vouch for clients."""

    def __init__(self, folder: Path, serving: Callable[..., str]) -> None:
        self.folder = folder
        self.authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issued = self.authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.ECDSA)
        issued.configure_cert(self.context)
        self._serving = serving
        self.authority.cert_pem.write_to_path(str(folder / "ca.crt"))

    def serve(self, answer: Answer) -> str:
        """Serve one answer; return the URL."""
        return self._serving(answer, self.context)

    def kubeconfig(self, server: str, user: object, /, **cluster: object) -> Path:
        """Write a kubeconfig."""
        file = self.folder / "kubeconfig"
        config: dict[str, Any] = {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": server, "certificate-authority": "ca.crt"}}],
            "users": [{"name": "u", "user": user}],
        }
        config["clusters"][0]["cluster"] |= cluster
        file.write_text(json.dumps(config))
        return file


@pytest.fixture
def secure(tmp_path: Path, serving: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> Secure:
    """Return an API server behind TLS, where no proxy is."""
    for name in ("https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return Secure(tmp_path, serving)
