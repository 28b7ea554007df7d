"""The lab's receiver, asked what came; and what it says of what came."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import pytest

from alertdrill.errors import LabError, TransientError
from alertdrill.incident import Notification
from alertdrill.kube import Forward
from alertdrill.lab.receiver import Page, Received, Receiver, read

ANSWERS = {
    "/received?since=0": (200, b'{"instance": "a", "since": 0, "received": []}'),
    "/received?since=1": (500, b"trouble"),
    "/received?since=2": (200, b"{}"),
}


class Handler(BaseHTTPRequestHandler):
    """Answers as scripted."""

    def do_GET(self) -> None:
        """Answer."""
        status, body = ANSWERS[self.path]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


class Way:
    """A forward that leads to a port of this machine, and remembers who mistrusted it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.mistrusted: list[str] = []

    def url(self) -> str:
        """Return where it leads."""
        return f"http://127.0.0.1:{self.port}"

    def mistrust(self, url: str) -> None:
        """Remember."""
        self.mistrusted.append(url)


@pytest.fixture
def way() -> Iterator[Way]:
    """Run a server that answers as scripted."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield Way(server.server_port)
    server.shutdown()
    server.server_close()


def receiver(way: Way) -> Receiver:
    """Return a receiver at the end of a way."""
    return Receiver(cast("Forward", way))


def test_what_it_tells_comes_back(way: Way) -> None:
    """From a number on."""
    assert Page("a", 0, ()) == receiver(way).since(0)


def test_trouble_of_its_own_may_pass(way: Way) -> None:
    """Who asks again may get an answer."""
    with pytest.raises(TransientError, match="asking the receiver what came: it answered 500: trouble"):
        receiver(way).since(1)


def test_an_answer_that_is_none_is_lab_trouble(way: Way) -> None:
    """Something else than our receiver stands there."""
    with pytest.raises(LabError, match="its answer is not understood"):
        receiver(way).since(2)


def test_a_way_on_which_nothing_comes_back_is_not_trusted() -> None:
    """The next who asks gets a new one."""
    gone = Way(1)
    with pytest.raises(TransientError, match="asking the receiver what came"):
        receiver(gone).since(0)
    assert ["http://127.0.0.1:1"] == gone.mistrusted


def said(body: str) -> Notification:
    """Return what is read out of a body."""
    return read(Received(at=1.0, took=0.0, receiver="page", answer=200, body=body))


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("[FIRING:12] critical: A in drill-x", ("firing", "A", "drill-x", 12)),
        ("[RESOLVED] warning: A in drill-x", ("resolved", "A", "drill-x", 0)),
        ("[FIRING:1] critical: A", ("firing", "A", "", 1)),
        ("[FIRING:1] A", ("firing", "A", "", 1)),
        ("A is broken", ("", "", "", 0)),
    ],
)
def test_a_title_says_what_it_is_about(title: str, expected: tuple[Any, ...]) -> None:
    """State, alert, namespace and how many, of each form that the templates make; another says nothing."""
    found = said(f'{{"attachments": [{{"title": "{title}", "title_link": "http://x", "text": " y\\n"}}]}}')
    assert (*expected, title, "http://x", "y") == (
        *(found.status, found.alert, found.namespace, found.count),
        *(found.title, found.link, found.text),
    )


@pytest.mark.parametrize("body", ["", "hello", "[]", "{}", '{"attachments": []}', '{"attachments": [1]}'])
def test_what_is_no_message_is_told_as_it_is(body: str) -> None:
    """Nothing that came is left out for its form."""
    assert Notification(receiver="page", answer=200, title=body) == said(body)
