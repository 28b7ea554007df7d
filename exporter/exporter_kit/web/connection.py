"""One HTTP connection, with a deadline for whatever the other side owes us."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from exporter_kit.web.auth import USER
from exporter_kit.web.live import LiveConfig
from exporter_kit.web.tls import names_of

# Seconds a client may take to send a request's head, and to make room for more of a response.
PATIENCE = 30.0
# Those that hold a connection and ask nothing get less where so many do.
CROWD = 512
PATIENCE_IN_A_CROWD = 2.0
# Before TLS is agreed on there is no connection to count, so this is all that limits them.
HANDSHAKE_SECONDS_MAX = 5.0


class Loop(asyncio.SelectorEventLoop):
    """asyncio's loop with less time for a TLS handshake than its minute: uvicorn has no setting for it."""

    async def create_server(self, *args: Any, **said: Any) -> asyncio.Server:
        """Listen as asyncio does."""
        if said.get("ssl"):
            said["ssl_handshake_timeout"] = HANDSHAKE_SECONDS_MAX
        listening: asyncio.Server = await super().create_server(*args, **said)
        return listening


class Connection(H11Protocol):
    """uvicorn's connection, cut when a client neither asks nor reads for `patience` seconds.

    uvicorn itself waits for ever on a client that sends half a request or stops reading.
    """

    patience: float
    live: LiveConfig
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock on the first request; turn away a certificate that isn't on the list."""
        super().connection_made(transport)
        self._expect()
        encrypted = transport.get_extra_info("ssl_object")
        certificate = encrypted.getpeercert() if encrypted else None
        tls = self.live.config.tls_server_config
        allowed = frozenset(tls.client_allowed_sans) if tls else frozenset()
        if allowed and not allowed & names_of(certificate):
            transport.abort()
        elif certificate:
            self.app = _as_user(self.app, "client certificate")

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._at_ease()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Stop the clock once a whole request head is here; drops of one do not stop it."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before and not self.cycle.response_complete:
            self._at_ease()

    def on_response_complete(self) -> None:
        """Start the clock on the rest of the response and the next request."""
        self._expect()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Start the clock on a client that does not read."""
        super().pause_writing()
        self._expect()

    def resume_writing(self) -> None:
        """Stop the clock: the client has read."""
        super().resume_writing()
        self._at_ease()

    def _expect(self) -> None:
        self._at_ease()
        answering = bool(self.cycle) and not self.cycle.response_complete
        crowded = len(self.connections) >= CROWD and not answering
        patience = min(self.patience, PATIENCE_IN_A_CROWD) if crowded else self.patience
        self._deadline = self.loop.call_later(patience, self.transport.abort)

    def _at_ease(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None


def connections(live: LiveConfig, patience: float) -> type[Connection]:
    """Return the class of one server's connections; uvicorn makes them and knows only its own settings."""
    return type("Connection", (Connection,), {"live": live, "patience": patience})


def _as_user(app: Any, user: str) -> Any:
    async def named(scope: Any, receive: Any, send: Any) -> None:
        await app({USER: user, **scope}, receive, send)

    return named
