"""What others may ask: has it synced yet, and how often."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from exporter_kit.listen import parse_address
from git_sync_stand_in.sync import Sync


def serve(address: str, sync: Sync, *, metrics: bool) -> ThreadingHTTPServer:
    """Answer `/` with 503 until the first sync and 200 after, and `/metrics` if wanted; in the background."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics" and metrics:
                self._answer(200, "\n".join(_lines(sync)) + "\n")
            elif self.path == "/":
                self._answer(200 if sync.is_synced else 503, "synced\n" if sync.is_synced else "not yet\n")
            else:
                self._answer(404, "look at /\n")

        def log_message(self, *_words: object) -> None:
            pass

        def _answer(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.end_headers()
            self.wfile.write(text.encode())

    server = ThreadingHTTPServer(parse_address(address), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _lines(sync: Sync) -> Iterator[str]:
    yield "# TYPE git_sync_count_total counter"
    for status, count in sync.counts.items():
        yield f'git_sync_count_total{{status="{status}"}} {count}'
    yield "# TYPE git_sync_duration_seconds summary"
    yield f"git_sync_duration_seconds_sum {sync.seconds}"
    yield f"git_sync_duration_seconds_count {sync.counts.total()}"
    yield "# TYPE git_sync_hook_run_count_total counter"
    for hook in sync.hooks:
        yield f'git_sync_hook_run_count_total{{name="{hook.name}",status="success"}} {hook.done}'
        yield f'git_sync_hook_run_count_total{{name="{hook.name}",status="error"}} {hook.failed}'
