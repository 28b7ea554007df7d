"""Serving an ASGI app: TLS and passwords by a web-config file, patience with clients, an end on SIGTERM."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator, Sequence

import uvicorn
from starlette.types import ASGIApp, Send

from exporter_kit import listen, log
from exporter_kit.web import tls as web_tls
from exporter_kit.web.auth import Gate
from exporter_kit.web.connection import PATIENCE, Loop, connections
from exporter_kit.web.live import LiveConfig

PROBES = ("/livez", "/readyz")
# Seconds that responses in progress get when we are told to stop.
GRACE = 3
CHUNK_BYTES_MAX = 256 * 1024


class Server(uvicorn.Server):
    """A uvicorn server on sockets that `listen.bind` has made; `run` serves until SIGTERM or SIGINT.

    Then responses in progress end, and `run` returns. A test runs it in a thread and ends it by
    `should_exit = True`.

    `on_listening` is told each address once it is answered. The app's lifespan runs around it all.
    `patience` is how many seconds a silent client is borne.
    """

    def __init__(
        self,
        app: ASGIApp,
        sockets: list[socket.socket],
        *,
        live: LiveConfig | None = None,
        open_paths: Sequence[str] = PROBES,
        on_listening: Callable[[str], None] | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self._on_listening = on_listening
        self._live = live or LiveConfig(None)
        gate = Gate(app, lambda: self._live.config, open_paths)
        super().__init__(_config(gate, self._live, patience))
        self._sockets = sockets
        self.addresses = [listen.shown(listening) for listening in sockets]

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve on the sockets made at the start, or on these."""
        super().run(sockets or self._sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and say so: from here on SIGTERM is heard and the app is up."""
        await super().startup(sockets)
        auth = bool(self._live.config.basic_auth_users)
        for address in self.addresses:
            log.get().info("listening", address=address, tls=self._live.tls, auth=auth)
            if self._on_listening:
                self._on_listening(address)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Turn SIGTERM and SIGINT into a graceful end; uvicorn would raise them again afterwards."""
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGTERM, signal.SIGINT)
        for number in numbers:
            with contextlib.suppress(ValueError, RuntimeError):  # outside the main thread: the caller's part
                loop.add_signal_handler(number, self._end, number)
        try:
            yield
        finally:
            for number in numbers:
                with contextlib.suppress(ValueError, RuntimeError):
                    loop.remove_signal_handler(number)

    def _end(self, number: signal.Signals) -> None:
        log.get().info("stopping", signal=number.name)
        self.should_exit = True


def _config(app: ASGIApp, live: LiveConfig, patience: float) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=connections(live, patience),
        ws="none",
        loop=f"{Loop.__module__}:{Loop.__name__}",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE,
        ssl_context_factory=(lambda _config, _default: web_tls.fresh(live.context)) if live.tls else None,
    )


async def send_chunks(
    send: Send, status: int, headers: Sequence[tuple[bytes, bytes]], chunks: Sequence[bytes]
) -> None:
    """Send a response whose body is many pieces, without joining them.

    What waits for a slow client is one piece of at most 256 KiB, not the body.
    """
    length = str(sum(len(chunk) for chunk in chunks)).encode()
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*headers, (b"content-length", length)],
        }
    )
    for chunk in chunks:
        view = memoryview(chunk)
        for start in range(0, len(view), CHUNK_BYTES_MAX):
            piece = view[start : start + CHUNK_BYTES_MAX]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
