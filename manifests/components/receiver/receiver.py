"""Stands where Slack's incoming webhooks are, in a drill: answers as they do, and keeps what came, and when.

    POST /<receiver>       a message: {"text"} or {"attachments"} as for Slack, or Alertmanager's own webhook
    GET /received?since=N  what came from the Nth on: {"instance", "since", "received": [{"at", …}]}
    GET /healthz

A file <about>.json in TROUBLE has it refuse, delay or drop messages in which <about> occurs, for so long from
the first on. It runs in an image that has Python and nothing else.
"""

import contextlib
import json
import os
import socket
import sys
import threading
import time
import uuid
from collections import deque
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

TROUBLE = Path(os.environ.get("TROUBLE", "/trouble"))
MESSAGE_BYTES_MAX = 1 << 20
KEPT_MAX = 20_000  # the drill reads them within seconds
SILENT_SECONDS_MAX = 30.0  # a connection on which nothing is said
BEGAN: dict[str, float] = {}  # when the first message came that there was trouble with


class Records:
    """What came, in order. `instance` tells one life of this process from the next, which has forgotten."""

    def __init__(self) -> None:
        self.instance = uuid.uuid4().hex
        self._kept: deque[dict[str, Any]] = deque(maxlen=KEPT_MAX)
        self._count = 0
        self._lock = threading.Lock()

    def add(self, record: dict[str, Any]) -> None:
        """Keep one; the oldest goes when there are too many."""
        with self._lock:
            self._kept.append(record)
            self._count += 1

    def since(self, number: int) -> dict[str, Any]:
        """Return those from `number` on, and the number of the first: larger if some are gone."""
        with self._lock:
            first = max(number, self._count - len(self._kept))
            kept = list(self._kept)[first - self._count :] if first < self._count else []
            return {"instance": self.instance, "since": first, "received": kept}


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = SILENT_SECONDS_MAX
    records = Records()

    def do_GET(self) -> None:
        """Tell what came."""
        where = urlsplit(self.path)
        if where.path == "/healthz":
            self._answer(HTTPStatus.OK, b"ok")
        elif where.path == "/received":
            since = parse_qs(where.query).get("since", ["0"])[0]
            if since.isdecimal():
                self._answer(HTTPStatus.OK, json.dumps(self.records.since(int(since))).encode())
            else:
                self._answer(HTTPStatus.BAD_REQUEST, b"since is a number")
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"not found")

    def do_POST(self) -> None:
        """Take a message, unless it is one of those there is trouble with; keep it in either case."""
        at = time.time()
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MESSAGE_BYTES_MAX:
            self.close_connection = True
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"payload_too_large")
            return
        raw = self.rfile.read(int(length))
        status, said = answer(raw)
        trouble = trouble_with(raw.decode(errors="replace"), at)
        how = trouble.get("how")
        if how == "refuses":
            status, said = HTTPStatus.INTERNAL_SERVER_ERROR, b"internal_error"
        if how == "is slow":
            time.sleep(float(trouble["seconds"]))  # the trouble that was asked for
        code = 0 if how == "hangs up" else int(status)
        receiver = self.path.strip("/")
        body = raw.decode(errors="replace")
        self.records.add(
            {"at": at, "took": time.time() - at, "receiver": receiver, "answer": code, "body": body}
        )
        if how == "hangs up":
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self._answer(status, said)

    def log_message(self, *_: object) -> None:
        """Say nothing: what came is told when it is asked for."""

    def _answer(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def answer(raw: bytes) -> tuple[HTTPStatus, bytes]:
    """Return what Slack says to a message: that it is one, or what it lacks."""
    try:
        message = json.loads(raw)
    except ValueError:
        message = None
    if not isinstance(message, dict):
        return HTTPStatus.BAD_REQUEST, b"invalid_payload"
    if not any(message.get(part) for part in ("text", "attachments", "alerts")):
        return HTTPStatus.BAD_REQUEST, b"no_text"
    return HTTPStatus.OK, b"ok"


def trouble_with(message: str, now: float) -> dict[str, Any]:
    """Return the trouble that there is with a message just now, {} if there is none."""
    for file in sorted(TROUBLE.glob("*.json")):
        with contextlib.suppress(OSError, ValueError):  # being written, or gone meanwhile
            trouble: dict[str, Any] = json.loads(file.read_text())
            if file.stem in message and now < BEGAN.setdefault(file.stem, now) + trouble["lasts"]:
                return trouble
    return {}


def main() -> None:
    """Serve until the end."""
    ThreadingHTTPServer(("", int(sys.argv[1])), Handler).serve_forever()


if __name__ == "__main__":
    main()
