"""The command as users run it."""

import gc
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import urllib3
from click.testing import CliRunner

from kube_api_exporter.cli import main

COMMAND = str(Path(sys.executable).with_name("kube-api-exporter"))


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--kinds=a b",), "--kinds names 'a b', which is no kind"),
        (("--shard=3/2",), "--shard 3/2: no such shard"),
        (("--shard=x",), "--shard 'x' is not I/N"),
        (("--selector=pods:a;b",), "--selector 'pods:a;b' is no label selector"),
        (
            ("--silence=nan",),
            "Invalid value for '--silence': 'nan' is no number of seconds; write one, as 60",
        ),
        (("--silence=inf",), "Invalid value for '--silence': inf is not in the range"),
        (("--audit-interval=nan",), "Invalid value for '--audit-interval': 'nan' is no number of seconds"),
        (("--audit-interval=1e300",), "Invalid value for '--audit-interval': 1e+300 is not in the range"),
        (("--preset=huge",), "Invalid value for '--preset'"),
        (("--kubeconfig=/nowhere",), "reading kubeconfig /nowhere"),
        ((), "outside a cluster give --kubeconfig FILE"),
        (("--print-rbac", "--kinds=all"), "--print-rbac can't know what all means"),
    ],
)
def test_bad_input_is_a_sentence_and_a_2(flags: tuple[str, ...], sentence: str) -> None:
    """No traceback, what is wrong, what to do."""
    ended = CliRunner().invoke(main, flags)
    assert 2 == ended.exit_code
    assert sentence in ended.stderr


def test_a_taken_port_is_a_sentence_and_a_1(peer: Any, tmp_path: Path) -> None:
    """The world's mistake, not the user's."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        flags = [f"--kubeconfig={peer.kubeconfig(tmp_path)}", f"--listen-address={address}"]
        ended = CliRunner().invoke(main, flags)
    assert 1 == ended.exit_code
    assert f"can't listen on {address}" in ended.stderr


@pytest.mark.parametrize("kinds", ["deployments", "all"])
def test_a_role_by_what_is_no_api_server_is_a_sentence_and_a_1(peer: Any, kinds: str) -> None:
    """A page for people under a wrong address ends the command with that address."""

    def page(ask: Any) -> None:
        ask.handler.send_response(200)
        ask.handler.send_header("Content-Length", "13")
        ask.handler.end_headers()
        ask.handler.wfile.write(b"<html></html>")

    peer.routes = dict.fromkeys(("/apis", "/api/v1"), page)
    ended = CliRunner().invoke(main, ["--print-rbac", f"--kinds={kinds}", f"--server={peer.host}"])
    assert 1 == ended.exit_code
    assert f"kube-api-exporter: asking {peer.host} which kinds there are: " in ended.stderr
    assert isinstance(ended.exception, SystemExit)


@pytest.fixture(autouse=True)
def process_as_before() -> Iterator[None]:
    """Undo what the command does to this process."""
    limit = sys.getrecursionlimit()
    yield
    sys.setrecursionlimit(limit)
    gc.enable()


@contextmanager
def running(log: Path, *flags: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run the command in the background; yield it and its URL."""
    with log.open("wb") as sink:
        process = subprocess.Popen([COMMAND, "--listen-address=127.0.0.1:0", *flags], stderr=sink)
    try:
        for _ in range(600):
            if found := re.search(r"event=listening address=(\S+)", log.read_text()):
                break
            time.sleep(0.05)  # between two looks
        assert found, log.read_text()
        yield process, f"http://{found[1]}"
    finally:
        process.kill()
        process.wait()


def get(url: str, **headers: str) -> tuple[int, dict[str, str], str]:
    """Return status, headers and text of a page."""
    reply = urllib3.request("GET", url, headers=headers, retries=False)
    return reply.status, {name.lower(): value for name, value in reply.headers.items()}, reply.data.decode()


def test_it_serves_what_it_watches_and_ends_when_told(peer: Any, tmp_path: Path) -> None:
    """A scrape, one kind, the page, the probes, an unknown kind; then SIGTERM and 0."""

    def answer(ask: Any) -> None:
        ask.stream()
        ask.event("ADDED", peer.pod("web", 3, restarts=7))
        ask.bookmark("5", end=True)
        peer.hang()

    peer.routes["/api/v1/pods"] = answer
    flags = (f"--kubeconfig={peer.kubeconfig(tmp_path)}", "--kinds=pods,gadgets")
    with running(tmp_path / "log", *flags) as (process, url):
        sample = (
            'k8s_pod_status_restartCount{namespace="n",name="web",containerStatuses="0",container="app"} 7\n'
        )
        for _ in range(200):
            scrape = get(f"{url}/metrics")[2]
            if sample in scrape:
                break
            time.sleep(0.05)  # between two looks
        assert sample in scrape
        assert 'kube_api_exporter_kind_synced{kind="gadgets"} 0\n' in scrape
        assert 'kube_api_exporter_kind_synced{kind="pods"} 1\n' in scrape
        assert "k8s_pod" not in get(f"{url}/metrics?kind=self")[2]
        status, headers, only = get(f"{url}/metrics?kind=pods", Accept="application/openmetrics-text")
        assert (200, "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores") == (
            status,
            headers["content-type"],
        )
        assert "kube_api_exporter" not in only
        assert only.endswith("# EOF\n")
        assert 404 == get(f"{url}/metrics?kind=nonsense")[0]
        assert (200, "ok\n") == get(f"{url}/livez")[::2]
        status, _, why = get(f"{url}/readyz")
        assert 503 == status
        assert "gadgets: the API server serves no kind 'gadgets'" in why
        assert "following" in get(url)[2]
        process.send_signal(signal.SIGTERM)
        assert 0 == process.wait(10)
    peer.closing.set()


def test_an_unreachable_server_is_no_reason_to_end(peer: Any, tmp_path: Path) -> None:
    """It is alive, not ready, says why, and waits."""
    peer.close()
    flags = (f"--kubeconfig={peer.kubeconfig(tmp_path)}", "--kinds=pods")
    with running(tmp_path / "log", *flags) as (process, url):
        for _ in range(100):
            status, _, why = get(f"{url}/readyz")
            if "onnection refused" in why:
                break
            time.sleep(0.05)  # between two looks
        assert 503 == status
        assert "onnection refused" in why
        assert 200 == get(f"{url}/livez")[0]
        assert "kube_api_exporter_up 0\n" in get(f"{url}/metrics")[2]
        assert process.poll() is None


def test_a_refused_web_config_is_a_metric(peer: Any, tmp_path: Path) -> None:
    """The scrape that comes after the change says so, and the one after it is mended."""
    file = tmp_path / "web.yml"
    file.write_text(good := "http_server_config: {headers: {X-Frame-Options: deny}}\n")
    flags = (f"--kubeconfig={peer.kubeconfig(tmp_path)}", "--kinds=gadgets", f"--web-config={file}")
    seen = []
    with running(tmp_path / "log", *flags) as (_, url):
        for text in (good, "nonsense", good + "# mended\n"):
            file.write_text(text)
            scrape = get(f"{url}/metrics?kind=self")[2]
            seen += re.findall("^kube_api_exporter_web_config_ok (.*)$", scrape, re.MULTILINE)
    assert ["1", "0", "1"] == seen


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_an_empty_scrape_claims_no_coding(peer: Any, tmp_path: Path, coding: str) -> None:
    """No bytes at all are no gzip and no zstd, so a kind that is not synced is sent as it is."""
    flags = (f"--kubeconfig={peer.kubeconfig(tmp_path)}", "--kinds=gadgets")
    with running(tmp_path / "log", *flags) as (_, url):
        status, headers, text = get(f"{url}/metrics?kind=gadgets", **{"Accept-Encoding": coding})
        assert (200, None, "") == (status, headers.get("content-encoding"), text)
