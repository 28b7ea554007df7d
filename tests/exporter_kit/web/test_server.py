"""Serving over real sockets: clients that behave and clients that don't."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from exporter_kit import listen
from exporter_kit.web import auth as web_auth
from exporter_kit.web import connection as web_connection
from exporter_kit.web.server import Server

Serve = Callable[..., str]
SCRIPT = """
import sys
from exporter_kit import listen, log
from exporter_kit.web.server import Server
from starlette.applications import Starlette
log.configure("logfmt")
Server(Starlette(), listen.bind(sys.argv[1]), on_listening=lambda at: print(at, flush=True)).run()
print("served", flush=True)
"""


def connect(address: str) -> socket.socket:
    """Open a plain connection."""
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=10)


def bytes_until_the_end(client: socket.socket) -> int:
    """Read until the other side has hung up, politely or not."""
    got = 0
    with contextlib.suppress(ConnectionResetError):
        while piece := client.recv(1_000_000):
            got += len(piece)
    return got


def drip(client: socket.socket, text: bytes) -> None:
    """Send a byte at a time."""
    for letter in text:
        client.sendall(bytes([letter]))
        time.sleep(0.05)  # how slow the client is, which is what is tried


def test_a_request_is_answered(serve: Serve) -> None:
    """A plain request gets the app's response, and no word on the software behind it."""
    response = requests.get(f"http://{serve()}/", timeout=10)

    assert (200, "GET nobody") == (response.status_code, response.text)
    assert "server" not in response.headers


def test_a_body_of_many_pieces_arrives_whole(serve: Serve) -> None:
    """Thirty megabytes given as pieces arrive with their length."""
    response = requests.get(f"http://{serve()}/big", timeout=30)

    assert "30000000" == response.headers["content-length"]
    assert len(response.content) == 30_000_000
    assert set(response.content) == {ord("x")}


def test_clients_that_do_not_read_block_nobody(serve: Serve) -> None:
    """While twenty clients take a big body and never read it, others are answered."""
    address = serve()
    stuck = [connect(address) for _ in range(20)]
    for client in stuck:
        client.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")

    response = requests.get(f"http://{address}/", timeout=5)

    assert response.status_code == 200
    for client in stuck:
        client.close()


def test_a_client_that_does_not_read_is_cut_off(serve: Serve) -> None:
    """A client that leaves a response unread for the patience of the server loses its connection."""
    with connect(serve(patience=0.3)) as client:
        client.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(1.0)  # the client does not read: longer than the patience
        assert bytes_until_the_end(client) < 30_000_000


def test_a_client_that_reads_slowly_but_steadily_is_served(serve: Serve) -> None:
    """Patience is with every piece, not with the whole body."""
    with connect(serve(patience=0.5)) as client:
        client.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        got, started = 0, time.monotonic()
        while piece := client.recv(200_000):
            got += len(piece)
            time.sleep(0.01)  # how slow the client is, which is what is tried
    assert time.monotonic() - started > 0.5
    assert got > 30_000_000


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_half_a_request_is_not_waited_for(serve: Serve, said: bytes) -> None:
    """A client that never ends its request loses its connection."""
    with connect(serve(patience=0.3)) as client:
        client.sendall(said)
        started = time.monotonic()
        assert bytes_until_the_end(client) == 0
        assert time.monotonic() - started < 5


def test_a_request_in_drops_is_not_waited_for(serve: Serve) -> None:
    """Sending one byte at a time does not buy more patience."""
    with connect(serve(patience=0.5)) as client, pytest.raises((BrokenPipeError, ConnectionResetError)):
        drip(client, b"GET / HTTP/1.1\r\nHost: " + b"x" * 100)


@pytest.mark.parametrize(
    "nonsense",
    [b"\x16\x03\x01\x00\xa5\x01\x00", b"GET\r\n\r\n", b"\x00" * 70_000],
    ids=["tls", "short", "nul"],
)
def test_nonsense_is_refused(serve: Serve, nonsense: bytes) -> None:
    """What is not HTTP gets a 400 or a closed door, and the server lives on."""
    address = serve(patience=1.0)
    with connect(address) as client:
        client.sendall(nonsense)
        try:
            answer = client.recv(1000)
        except ConnectionResetError:
            answer = b""
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    assert requests.get(f"http://{address}/", timeout=5).status_code == 200


def test_connections_are_kept_for_the_next_request(serve: Serve) -> None:
    """Two requests go through one connection."""
    host, _, port = serve().rpartition(":")
    client = http.client.HTTPConnection(host, int(port), timeout=10)
    client.request("GET", "/")
    assert client.getresponse().read() == b"GET nobody"
    first = client.sock
    client.request("HEAD", "/")
    assert client.getresponse().read() == b""
    assert client.sock is first
    client.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end_it_ends_with_zero(number: signal.Signals, tmp_path: Path) -> None:
    """SIGTERM and SIGINT let `serve` return, though a client holds a connection open."""
    script = tmp_path / "server.py"
    script.write_text(SCRIPT)
    with subprocess.Popen(
        [sys.executable, script, "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        with connect(process.stdout.readline().strip()) as client:
            client.sendall(b"GET / HTTP/1.1\r\n")
            os.kill(process.pid, number)
            assert process.wait(10) == 0
        assert "served\n" == process.stdout.read()
        events = process.stderr.read()
    assert f"event=stopping signal={number.name}" in events
    assert "Traceback" not in events


def test_a_server_listens_on_what_it_was_given() -> None:
    """Every interface is taken only when asked for."""
    sockets = listen.bind("127.0.0.1:0")
    local = Server(lambda *_: None, sockets)  # type: ignore[arg-type]
    assert local.addresses[0].startswith("127.0.0.1:")
    for listening in sockets:
        listening.close()


def test_many_clients_at_once_are_all_answered(serve: Serve) -> None:
    """A burst of parallel requests is served without loss."""
    address = serve()
    codes: list[int] = []

    def ask() -> None:
        codes.append(requests.get(f"http://{address}/", timeout=10).status_code)

    threads = [threading.Thread(target=ask) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [200] * 50 == codes


def test_idle_connections_turn_nobody_away(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request is answered though more silent clients hold connections than requests may be under way."""
    monkeypatch.setattr(web_auth, "REQUESTS_MAX", 8)
    address = serve()
    with contextlib.ExitStack() as open_ones:
        for _ in range(20):
            open_ones.enter_context(connect(address))
        codes = [requests.get(f"http://{address}{path}", timeout=10).status_code for path in ("/livez", "/")]
    assert [200, 200] == codes


def test_requests_past_the_limit_are_refused_but_for_probes(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While as many responses as there may be are under way, the kubelet alone gets another."""
    monkeypatch.setattr(web_auth, "REQUESTS_MAX", 3)
    address = serve()
    with contextlib.ExitStack() as open_ones:
        for _ in range(3):
            client = open_ones.enter_context(connect(address))
            client.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(1)
        codes = [requests.get(f"http://{address}{path}", timeout=10).status_code for path in ("/", "/livez")]
    assert [503, 200] == codes


def test_in_a_crowd_patience_is_short_with_those_that_ask_nothing(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only they lose their connections soon: a client that reads is served as ever."""
    monkeypatch.setattr(web_connection, "CROWD", 2)
    monkeypatch.setattr(web_connection, "PATIENCE_IN_A_CROWD", 0.3)
    address = serve()
    with connect(address) as first, connect(address) as second, connect(address) as reader:
        reader.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        started = time.monotonic()
        assert bytes_until_the_end(second) == 0
        assert 0.2 < time.monotonic() - started < 5
        time.sleep(0.6)  # the reader pauses for longer than the crowd is borne
        assert bytes_until_the_end(reader) > 30_000_000
        first.settimeout(0.2)
        with pytest.raises(TimeoutError):
            first.recv(1)
