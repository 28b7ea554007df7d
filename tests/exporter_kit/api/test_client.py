"""The client for the API server, against a real server on loopback."""

import base64
import json
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from exporter_kit.api import client
from exporter_kit.api.client import ApiClient
from exporter_kit.api.errors import (
    CredentialsError,
    Forbidden,
    Gone,
    NotServed,
    ServerTrouble,
    Throttled,
    Unreachable,
    for_status,
)
from exporter_kit.api.place import Place

Serving = Callable[..., str]


def kubeconfig(folder: Path, server: str, *, user: object = None, **cluster: str) -> Path:
    """Write a kubeconfig."""
    file = folder / "kubeconfig"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
        "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "c", "user": user or {"token": "t"}}],
    }
    file.write_text(json.dumps(config))
    return file


@pytest.mark.parametrize(
    ("status", "kind"),
    [(403, Forbidden), (404, NotServed), (410, Gone), (429, Throttled), (500, ServerTrouble)],
)
def test_a_refusal_carries_the_servers_words(
    serving: Serving, tmp_path: Path, status: int, kind: type[Exception]
) -> None:
    """The sentence names the path, the status and what the server said."""
    said = json.dumps({"kind": "Status", "message": "pods is no good"}).encode()
    client = ApiClient(Place(kubeconfig(tmp_path, serving(lambda handler: handler.say(status, said)))))
    with pytest.raises(kind, match=f"^/api/v1/pods: HTTP {status}: pods is no good$"):
        client.get("/api/v1/pods")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (None, 1.0),
        ("nan", 1.0),
        ("1e999", 1.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 1.0),
        ("99999", 120.0),
    ],
)
def test_retry_after_is_believed_within_reason(header: str | None, seconds: float) -> None:
    """Seconds are; a date or nothing counts as one; nobody may park us for hours."""
    error = for_status(429, "slow down", header)
    assert isinstance(error, Throttled)
    assert seconds == error.retry_after


def test_nobody_there_is_a_sentence(tmp_path: Path) -> None:
    """A refused connection names the server and the reason, and no Python object."""
    client = ApiClient(Place(kubeconfig(tmp_path, "http://127.0.0.1:1")))
    with pytest.raises(Unreachable, match=r"^asking http://127\.0\.0\.1:1 for /api: Failed .*refused"):
        client.get("/api")


@pytest.mark.parametrize(
    "head", ["", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"], ids=["head", "body"]
)
def test_a_drip_has_an_end(serving: Serving, tmp_path: Path, head: str) -> None:
    """A byte now and then lets no read time out, and still the whole is late."""
    over = threading.Event()

    def drip(handler: Any) -> None:
        handler.wfile.write(head.encode())
        while not over.wait(0.05):
            handler.wfile.write(b"H")

    client = ApiClient(Place(kubeconfig(tmp_path, serving(drip))))
    with pytest.raises(Unreachable, match=r": (Read timed out.*|not whole after 0\.8 s)$"):
        client.get("/api", timeout=0.2)
    over.set()


def test_a_watch_that_drips_has_an_end(serving: Serving, tmp_path: Path) -> None:
    """Whole lines keep it open however long; a line that never ends does not."""
    over = threading.Event()

    def drip(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(4):
            over.wait(0.4)
            handler.wfile.write(b"3\r\n{}\n\r\n")
        while not over.wait(0.05):
            handler.wfile.write(b"1\r\n{\r\n")

    client = ApiClient(Place(kubeconfig(tmp_path, serving(drip))))
    lines: list[bytes] = []
    with pytest.raises(Unreachable, match=r"^watching: not whole after 1 s$"):
        lines.extend(client.stream("/api", {}, silence=1.0))
    over.set()
    assert [b"{}"] * 4 == lines


def test_silence_has_an_end(serving: Serving, tmp_path: Path) -> None:
    """A server that accepts and says nothing is unreachable after the time it was given."""
    over = threading.Event()
    client = ApiClient(Place(kubeconfig(tmp_path, serving(lambda _handler: over.wait(10)))))
    with pytest.raises(Unreachable, match="timed out"):
        client.get("/api", timeout=0.2)
    over.set()


def test_a_certificate_that_does_not_match_is_a_sentence(serving: Serving, tmp_path: Path) -> None:
    """TLS is verified, by name too."""
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("elsewhere.example", key_type=trustme.KeyType.ECDSA).configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.crt"))
    url = serving(lambda handler: handler.say(200, b"{}"), context)
    trusting = ApiClient(
        Place(kubeconfig(tmp_path, url, **{"certificate-authority": str(tmp_path / "ca.crt")}))
    )
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1"):
        trusting.get("/api")
    renamed = {"certificate-authority": str(tmp_path / "ca.crt"), "tls-server-name": "elsewhere.example"}
    assert b"{}" == ApiClient(Place(kubeconfig(tmp_path, url, **renamed))).get("/api")


def test_a_renewed_ca_is_read_after_the_first_refusal(serving: Serving, tmp_path: Path) -> None:
    """Once the new CA is on disk it costs one more failed request, though nobody answers 401."""
    old, new = (trustme.CA(key_type=trustme.KeyType.ECDSA) for _ in range(2))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    new.issue_cert("127.0.0.1", key_type=trustme.KeyType.ECDSA).configure_cert(context)
    url = serving(lambda handler: handler.say(200, b"{}"), context)
    file = tmp_path / "ca.crt"
    old.cert_pem.write_to_path(str(file))
    client = ApiClient(Place(server=url, ca_file=file))
    with pytest.raises(Unreachable, match="certificate verify failed"):
        client.get("/api")
    file.unlink()
    with pytest.raises(Unreachable, match="certificate verify failed"):
        client.get("/api")
    new.cert_pem.write_to_path(str(file))
    with pytest.raises(Unreachable, match="certificate verify failed"):
        client.get("/api")
    assert b"{}" == client.get("/api")


def test_a_proxy_is_told_its_user_and_password(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They stand in its URL, and are not for the API server."""
    monkeypatch.setenv("NO_PROXY", "elsewhere.example")
    said: list[tuple[str, str | None]] = []

    def proxy(handler: Any) -> None:
        said.append((handler.path, handler.headers["Proxy-Authorization"]))
        handler.say(200, b"{}")

    url = serving(proxy).replace("http://", "http://me:p%40ss@")
    client = ApiClient(Place(kubeconfig(tmp_path, "http://api.example:8080", **{"proxy-url": url})))
    client.get("/api")
    told = f"Basic {base64.b64encode(b'me:p@ss').decode()}"
    assert [("http://api.example:8080/api", told)] == said


@pytest.mark.parametrize("text", ["", "just words", "a: [", '{"contexts": 3}'])
def test_what_is_no_kubeconfig_is_a_sentence(tmp_path: Path, text: str) -> None:
    """The file is named, whatever is in it."""
    file = tmp_path / "kubeconfig"
    file.write_text(text)
    with pytest.raises(CredentialsError, match=f"^reading kubeconfig {file}"):
        ApiClient(Place(file))


def test_lines_come_whole(serving: Serving, tmp_path: Path) -> None:
    """However the chunks fall, a stream yields whole lines, and a half one at the end is none."""

    def answer(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for chunk in (b"on", b"e\ntwo\nth", b"ree", b"\n", b"\nhalf"):
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        handler.wfile.write(b"0\r\n\r\n")

    client = ApiClient(Place(kubeconfig(tmp_path, serving(answer))))
    assert [b"one", b"two", b"three", b""] == list(client.stream("/api", {}, silence=5))


def test_lines_come_at_once_without_chunks(serving: Serving, tmp_path: Path) -> None:
    """A proxy may undo the chunks; a line is then read when it comes, not when a buffer is full."""
    read = threading.Event()
    waited: list[bool] = []

    def answer(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\none\n")
        waited.append(read.wait(10))
        handler.wfile.write(b"two\nhalf")
        handler.close_connection = True

    lines: list[bytes] = []
    for line in ApiClient(Place(kubeconfig(tmp_path, serving(answer)))).stream("/api", {}, silence=20):
        lines.append(line)
        read.set()
    assert ([b"one", b"two"], [True]) == (lines, waited)


def test_the_first_of_a_burst_comes_at_once_and_the_others_together(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads is not woken for every line: what follows one that was waited for may gather."""
    monkeypatch.setattr(client, "WAITED_SECONDS", 0.5)  # no pause of a busy machine is taken for a wait
    read = threading.Event()

    def answer(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        time.sleep(1.0)  # as long as nothing happens
        handler.wfile.write(b"4\r\none\n\r\n")
        assert read.wait(10)
        handler.wfile.write(b"4\r\ntwo\n\r\n6\r\nthree\n\r\n0\r\n\r\n")

    stream = ApiClient(Place(kubeconfig(tmp_path, serving(answer)))).stream("/api", {}, silence=20)
    stream.gather = 0.5
    came: dict[bytes, float] = {}
    for line in stream:
        came[line] = time.monotonic()
        read.set()
    assert [b"one", b"two", b"three"] == list(came)
    assert [True, True] == [came[b"two"] - came[b"one"] > 0.4, came[b"three"] - came[b"two"] < 0.4]
