"""A real server in a thread, and a certificate authority of its own."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from exporter_kit import listen
from exporter_kit.web.auth import USER
from exporter_kit.web.live import LiveConfig
from exporter_kit.web.server import Server, send_chunks

MEGABYTES = 30
BODY = [b"x" * 1_000_000] * MEGABYTES

Serve = Callable[..., str]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with who is asking, or with a big body."""
    if scope["type"] != "http":
        return
    if scope["path"] == "/big":
        await send_chunks(send, 200, [(b"content-type", b"text/plain")], BODY)
        return
    request = Request(scope, receive)
    await PlainTextResponse(f"{request.method} {scope.get(USER, 'nobody')}")(scope, receive, send)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve the app above (or another) on a free port for one test; returns HOST:PORT."""
    running: list[tuple[Server, threading.Thread]] = []

    def start(asgi: ASGIApp = app, *, web_config: Path | None = None, patience: float = 30.0) -> str:
        sockets, live = listen.bind("127.0.0.1:0"), LiveConfig(web_config)
        server = Server(asgi, sockets, live=live, patience=patience)
        thread = threading.Thread(target=server.run)
        thread.start()
        running.append((server, thread))
        return server.addresses[0]

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Return a certificate authority."""
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


@pytest.fixture
def certificates(authority: trustme.CA, tmp_path: Path) -> Path:
    """Return a folder with server.crt, server.key, client.crt, client.key and ca.crt."""
    authority.cert_pem.write_to_path(tmp_path / "ca.crt")
    for who, names in (("server", ("127.0.0.1", "localhost")), ("client", ("prometheus.example",))):
        issued = authority.issue_cert(*names, key_type=trustme.KeyType.ECDSA)
        issued.private_key_pem.write_to_path(tmp_path / f"{who}.key")
        for index, pem in enumerate(issued.cert_chain_pems):
            pem.write_to_path(tmp_path / f"{who}.crt", append=index > 0)
    return tmp_path
