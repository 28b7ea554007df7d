"""A proxy between the exporter and the API server that misbehaves on demand."""

import contextlib
import json
import random
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import urllib3

from e2e.exporter.apiserver import ApiServer

GONE = {"kind": "Status", "code": 410, "reason": "Expired", "message": "chaos says too old"}
EXPIRED = json.dumps({"type": "ERROR", "object": GONE}).encode()


@dataclass
class Moods:
    """What the proxy does at this moment; everything at once is allowed. Shares are of events, 0 to 1."""

    black_hole: bool = False
    refuse: bool = False
    drip_seconds: float = 0.0
    drop: float = 0.0
    duplicate: float = 0.0
    swap: float = 0.0
    status: int = 0
    gone_events: int = 0


class Chaos:
    """Passes requests on to the API server, as its moods allow."""

    def __init__(self, api: ApiServer, *, seed: int = 0) -> None:
        self.moods = Moods()
        self._random = random.Random(seed)  # noqa: S311  # chaos that can be repeated
        self._api = api
        self._pool = urllib3.PoolManager(ca_certs=str(api.authority), maxsize=64, retries=False)
        self._open: set[socket.socket] = set()
        self._watching: dict[BaseHTTPRequestHandler, urllib3.BaseHTTPResponse] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        chaos = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # the name http.server calls
                chaos.serve(self)

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def cut(self) -> None:
        """Reset every open connection."""
        with self._lock:
            victims, self._open = self._open, set()
        for victim in victims:
            _reset(victim)

    def expire_watches(self) -> None:
        """Say 410 inside every watch that is open now, and end it; nothing else may happen meanwhile."""
        with self._lock:
            watching, self._watching = self._watching, {}
        for handler, upstream in watching.items():
            self._chunk(handler, EXPIRED)
            handler.wfile.write(b"0\r\n\r\n")
            upstream.shutdown()

    def close(self) -> None:
        """Stop serving."""
        self._over.set()
        self.cut()
        self._server.shutdown()
        self._server.server_close()

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request, or don't."""
        with self._lock:
            self._open.add(handler.connection)
        try:
            self._answer(handler)
        except (OSError, urllib3.exceptions.HTTPError):
            handler.close_connection = True
            _reset(handler.connection)
        finally:
            with self._lock:
                self._open.discard(handler.connection)

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        self._wait_out_black_hole()
        if self.moods.refuse:
            raise OSError("chaos refuses")
        if self.moods.status:
            _json(handler, self.moods.status)
            return
        upstream = self._pool.request(
            "GET",
            self._api.url + handler.path,
            headers={**self._api.headers, "Accept": handler.headers["Accept"] or "*/*"},
            preload_content=False,
            timeout=urllib3.Timeout(connect=5, read=600),
        )
        try:
            if "watch=1" in handler.path and upstream.status == 200:
                self._watch(handler, upstream)
            else:
                body = upstream.read()
                _head(handler, upstream.status, {"Content-Length": str(len(body))})
                self._send(handler, body)
        finally:
            upstream.close()

    def _watch(self, handler: BaseHTTPRequestHandler, upstream: urllib3.BaseHTTPResponse) -> None:
        """Pass events on one by one, as moods allow."""
        _head(handler, 200, {"Transfer-Encoding": "chunked"})
        with self._lock:
            self._watching[handler] = upstream
        try:
            self._pass_on(handler, upstream)
        finally:
            with self._lock:
                ended_here = self._watching.pop(handler, None) is not None
        if ended_here:
            handler.wfile.write(b"0\r\n\r\n")

    def _pass_on(self, handler: BaseHTTPRequestHandler, upstream: urllib3.BaseHTTPResponse) -> None:
        held: bytes | None = None
        for line in _lines(upstream):
            self._wait_out_black_hole()
            if self._take_gone():
                self._chunk(handler, EXPIRED)
                break
            is_event = not line.startswith(b'{"type":"BOOKMARK"')
            if is_event and self._chance(self.moods.drop):
                continue
            if is_event and held is None and self._chance(self.moods.swap):
                held = line
                continue
            self._chunk(handler, line)
            if is_event and self._chance(self.moods.duplicate):
                self._chunk(handler, line)
            if held is not None:
                self._chunk(handler, held)
                held = None

    def _take_gone(self) -> bool:
        with self._lock:
            if not self.moods.gone_events:
                return False
            self.moods.gone_events -= 1
            return True

    def _chance(self, share: float) -> bool:
        with self._lock:
            return self._random.random() < share

    def _wait_out_black_hole(self) -> None:
        while self.moods.black_hole and not self._over.wait(0.05):
            pass

    def _chunk(self, handler: BaseHTTPRequestHandler, line: bytes) -> None:
        data = line + b"\n"
        self._send(handler, b"%x\r\n%s\r\n" % (len(data), data))

    def _send(self, handler: BaseHTTPRequestHandler, data: bytes) -> None:
        pause = self.moods.drip_seconds
        if not pause:
            handler.wfile.write(data)
            return
        step = max(len(data) // 20, 1)
        for start in range(0, len(data), step):
            handler.wfile.write(data[start : start + step])
            self._over.wait(pause)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A broken connection is what we are for."""


def _lines(upstream: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    rest = b""
    for chunk in upstream.stream(1 << 16):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines


def _head(handler: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str]) -> None:
    handler.send_response(status)
    for name, said in headers.items():
        handler.send_header(name, said)
    handler.end_headers()


def _json(handler: BaseHTTPRequestHandler, status: int) -> None:
    body = json.dumps({"kind": "Status", "code": status, "message": "chaos"}).encode()
    _head(handler, status, {"Content-Length": str(len(body)), "Retry-After": "1"})
    handler.wfile.write(body)


def _reset(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it may be gone already
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()
