"""A scripted API server and a scripted kubectl, over a real socket and a real process."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from alertdrill.kube import Kube
from alertdrill.machine import tools

from . import warm

PODS = {"items": [{"metadata": {"name": "web-1"}}]}
REPLICASETS = {"items": [{"metadata": {"name": "web-1"}}, {"metadata": {"name": "web-0"}}]}
ANSWERS = {
    "/api/v1/namespaces/a/pods": PODS,
    "/api/v1/namespaces/a/pods?labelSelector=x%3Dy": PODS,
    "/api/v1/namespaces/a/pods?labelSelector=none%3D": {"items": []},
    "/apis/apps/v1/namespaces/a/replicasets": REPLICASETS,
    "/apis/apps/v1": {"resources": [{"kind": "Deployment", "namespaced": True}]},
    "/api/v1": {"resources": [{"kind": "Node", "namespaced": False}, {"kind": "Pod", "namespaced": True}]},
    "/version": {"gitVersion": "v1.34.2"},
}
BROKEN_OFF = "/api/v1/namespaces/broken-off/pods"
ANSWERS[BROKEN_OFF] = PODS
KUBECTL = """#!/bin/sh
echo "$@" >> {folder}/calls
case "$*" in
*invalid-thing*) echo 'The Deployment "web" is invalid: spec.selector: Required value' >&2; exit 1;;
*silent-thing*) exec sleep 60;;
*forbidden-thing*) echo 'Error from server (Forbidden): no' >&2; exit 1;;
*port-forward*) echo $$ > {folder}/pid; echo "Forwarding from 127.0.0.1:{port} -> 9090"; exec sleep 60;;
esac
"""


class Api(BaseHTTPRequestHandler):
    """Answers like an API server that has one pod and forbids nodes; some namespaces are in trouble."""

    def do_GET(self) -> None:
        """Answer."""
        status, body = (200, ANSWERS[self.path]) if self.path in ANSWERS else (403, {"message": "forbidden"})
        if found := re.fullmatch(r"/api/v1/namespaces/status-(\d+)/pods", self.path):
            status = int(found[1])
        if self.path.startswith("/apis/example.com"):
            status = 404
        self.send_response(status)
        if self.path == BROKEN_OFF:
            self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture(scope="session")
def warmed() -> Iterator[warm.Warm]:
    """Start what begins commands quickly."""
    with warm.started() as one:
        yield one


@pytest.fixture
def kube(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kube]:
    """Return a Kube whose API server and kubectl are scripted, over a real socket and a real process."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(KUBECTL.format(folder=tmp_path, port=server.server_port))
    kubectl.chmod(0o755)
    monkeypatch.setattr(tools, "kubectl", lambda: kubectl)
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "drill", "context": {"cluster": "c", "user": "u"}}],
    }
    (tmp_path / "config").write_text(yaml.safe_dump(config))
    yield Kube(tmp_path / "config", "drill")
    server.shutdown()
    server.server_close()
