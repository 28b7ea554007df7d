"""Readers whose credentials come from a program that hangs, fails and works again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exporter_kit.api import exec_plugin
from kube_api_exporter.scrape.own import feed_lines

PODS = "/api/v1/pods"
VERSION = "client.authentication.k8s.io/v1"


def user(script: str) -> dict[str, Any]:
    """Return a user whom a shell script knows."""
    words = {"apiVersion": VERSION, "interactiveMode": "Never", "command": "sh", "args": ["-c", script]}
    return {"exec": words}


def test_what_is_held_is_called_old_while_a_plugin_hangs_or_fails(
    secure_peer: Any,
    readers_of: Callable[[Path], Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is said, counted and mended; the server, which answers anybody, is asked by nobody meanwhile."""
    monkeypatch.setattr(exec_plugin, "RUN_SECONDS_MAX", 0.3)
    ends = {"expirationTimestamp": "2020-01-01T00:00:00Z"}
    said = {"kind": "ExecCredential", "apiVersion": VERSION, "status": {"token": "good", **ends}}
    (tmp_path / "answer").write_text(json.dumps(said))
    asked: list[str | None] = []
    renewal = {"hang": "sleep 99", "fail": "exit 1", "work": f"cat {tmp_path}/answer"}
    (tmp_path / "how").write_text(renewal["work"])

    def answer(ask: Any) -> None:
        asked.append(ask.handler.headers["Authorization"])
        if "limit" in ask.query:
            ask.json(secure_peer.listed(version=8))
            return
        ask.stream()
        if "sendInitialEvents" in ask.query:
            ask.event("ADDED", secure_peer.pod("a", 3))
            ask.bookmark("5", end=True)
        else:
            ask.bookmark("6")
        if (tmp_path / "how").read_text() == renewal["work"] and len(asked) > 2:
            secure_peer.hang()
        ask.end()

    secure_peer.routes[PODS] = answer
    insecure = {"insecure-skip-tls-verify": True}
    file = secure_peer.kubeconfig(tmp_path, user(f"sh {tmp_path}/how"), **insecure)
    readers = readers_of(file)
    feed = readers.start().feed
    readers.eventually(lambda: feed.watching and len(asked) > 2)
    for how, sentence in (("hang", "did not end within 0.3 s, and was ended"), ("fail", "it ended with 1: ")):
        (tmp_path / "how").write_text(renewal[how])
        secure_peer.closing.set()  # the watch that is open ends in the ordinary way, and another is asked for
        readers.eventually(lambda sentence=sentence: not feed.watching and sentence in feed.trouble)
        assert 'kind_watching{kind="pods"} 0\n' in "".join(feed_lines([feed], openmetrics=False))
        assert feed.restarts["credentials"] > 0
        assert sentence in capsys.readouterr().err
    (tmp_path / "how").write_text(renewal["work"])
    readers.eventually(lambda: feed.watching)
    assert {"Bearer good"} == set(asked)
