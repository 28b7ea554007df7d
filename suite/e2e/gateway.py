"""What often stands before a server: it passes on what it is told to, and of the rest knows nothing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

REPLY_SECONDS_MAX = 60.0
PASSED_ON = ("Content-Type", "Content-Encoding", "X-Scope-OrgID", "X-Prometheus-Remote-Read-Version")


@contextmanager
def without(hidden: str, url: str) -> Iterator[str]:
    """Yield an address at which a server is all that it is, but for the paths that end so."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Pass on a request, or refuse it."""
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, kind, content = HTTPStatus.NOT_FOUND.value, "text/plain", b"404 page not found"
            if not self.path.partition("?")[0].endswith(hidden):
                headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
                reply = requests.request(
                    self.command, url + self.path, data=body, headers=headers, timeout=REPLY_SECONDS_MAX
                )
                status, content = reply.status_code, reply.content
                kind = reply.headers.get("Content-Type", "")
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815  # so the library calls it

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
