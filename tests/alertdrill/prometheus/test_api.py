"""The Prometheus HTTP API as values, and what goes wrong on the way."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from alertdrill.errors import LabError, TransientError
from alertdrill.incident import Series
from alertdrill.prometheus import AlertInstance, Prometheus, RuleState
from alertdrill.prometheus import api as client

Answer = tuple[int, bytes]


class Server(ThreadingHTTPServer):
    """Gives one answer to everything, and remembers what was asked."""

    answer: Answer = (200, b"")
    promised: int | None = None  # bytes, when it promises more than it sends
    asked: str = ""


class Handler(BaseHTTPRequestHandler):
    """Answers what its server says."""

    server: Server

    def do_GET(self) -> None:
        """Answer."""
        self.server.asked = self.path
        status, body = self.server.answer
        self.send_response(status)
        if self.server.promised:
            self.send_header("Content-Length", str(self.server.promised))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Answer all the same."""
        self.path = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    """Return a server on a free port."""
    with Server(("127.0.0.1", 0), Handler) as one:
        threading.Thread(target=one.serve_forever, args=(0.01,), daemon=True).start()
        yield one
        one.shutdown()


@pytest.fixture
def prometheus(server: Server) -> Prometheus:
    """Return a client of that server."""
    return Prometheus(f"http://127.0.0.1:{server.server_port}/")


def success(data: object) -> Answer:
    """Return an answer of Prometheus' API."""
    return 200, json.dumps({"status": "success", "data": data}).encode()


def test_raw_samples_become_series_in_milliseconds(server: Server, prometheus: Prometheus) -> None:
    """A range selector over the window gives every sample with its own timestamp."""
    values = [[1700000000.123, "1"], [1700000000.873, "NaN"]]
    server.answer = success(
        {"resultType": "matrix", "result": [{"metric": {"__name__": "up"}, "values": values}]}
    )
    (series,) = prometheus.samples("up", start=1700000000.0, end=1700000001.5)
    assert ("query=up%5B1500ms%5D" in server.asked, "time=1700000001.500" in server.asked) == (True, True)
    assert (1700000000123, 1700000000873) == series.timestamps
    assert (Series, {"__name__": "up"}) == (type(series), series.labels)


def test_rules_come_with_their_health_and_their_alerts(server: Server, prometheus: Prometheus) -> None:
    """Every rule is told with its group, its last error, and the alerts it holds."""
    alert = {
        "labels": {"a": "b"},
        "annotations": {"c": "d"},
        "state": "firing",
        "activeAt": "x",
        "value": "1",
    }
    rule = {"name": "A", "health": "err", "lastError": "many-to-many", "alerts": [alert], "type": "alerting"}
    server.answer = success(
        {"groups": [{"name": "g", "file": "f", "rules": [rule, {"name": "B", "health": "ok"}]}]}
    )
    held = AlertInstance(labels={"a": "b"}, annotations={"c": "d"}, state="firing")
    expected = [
        RuleState(group="g", name="A", health="err", error="many-to-many", alerts=(held,)),
        RuleState(group="g", name="B", health="ok", error=""),
    ]
    assert expected == prometheus.rules()


@pytest.mark.parametrize(
    "answer",
    [
        (400, b'{"status":"error","error":"parse error"}'),
        (503, b"starting"),
        (200, b"<html>not Prometheus</html>"),
        (200, b'{"status":"success","da'),
        (200, b""),
        (200, b"\x00\xff"),
        (200, b'{"status":"success","data":{}}'),
        (200, b"[]"),
    ],
)
def test_an_answer_that_is_none_is_a_lab_error(
    answer: Answer, server: Server, prometheus: Prometheus
) -> None:
    """An error, another server, or a cut-off answer is trouble in the lab and never an empty result."""
    server.answer = answer
    with pytest.raises(LabError, match="asking Prometheus for up"):
        prometheus.query("up")
    with pytest.raises(LabError, match="asking Prometheus for its rules"):
        prometheus.rules()


def test_a_server_that_is_gone_is_a_lab_error() -> None:
    """No connection is said in one sentence, and is not ready."""
    gone = Prometheus("http://127.0.0.1:1")
    with pytest.raises(LabError, match="asking Prometheus for up: no connection"):
        gone.query("up")
    assert not gone.ready()


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, LabError), (401, LabError), (422, LabError), (429, TransientError), (503, TransientError)],
)
def test_a_refusal_says_by_its_type_whether_it_may_pass(
    status: int, kind: type[LabError], server: Server, prometheus: Prometheus
) -> None:
    """A busy or starting server may answer later; a query it does not take, or a stranger, stays refused."""
    server.answer = status, b"its own words"
    for ask in (prometheus.rules, lambda: prometheus.query("up")):
        with pytest.raises(LabError, match=f"it answered {status}: its own words") as said:
            ask()
        assert kind is said.type


def test_an_answer_that_breaks_off_may_be_whole_next_time(server: Server, prometheus: Prometheus) -> None:
    """A connection that ends in the middle is no answer, and is worth another."""
    server.answer, server.promised = success({}), 1000
    for ask in (prometheus.rules, lambda: prometheus.query("up")):
        with pytest.raises(TransientError):
            ask()


def test_a_connection_that_is_refused_may_be_taken_next_time() -> None:
    """A port-forward that has ended is started anew, so the next attempt may succeed."""
    with pytest.raises(TransientError, match="asking Prometheus for up: no connection"):
        Prometheus("http://127.0.0.1:1").query("up")


def test_silence_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that takes a connection and says nothing is told to who made the way to it."""
    monkeypatch.setattr(client, "REPLY_SECONDS_MAX", 0.1)
    silent: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(TransientError, match=r"asking Prometheus for up: no reply in 0\.1 s"):
            Prometheus(url, on_silence=silent.append).query("up")
    assert [url] == silent
