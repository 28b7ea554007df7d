"""One reader whose connection breaks, goes silent or is ended, and whose clock jumps."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from kube_api_exporter.store.feed import Feed
from kube_api_exporter.watch import reader as reading

PODS = "/api/v1/pods"
Answer = Callable[[Any], None]


def names(feed: Feed) -> list[str]:
    """Return the names of the objects a scrape would show."""
    return [name for _, name in feed.store.idents()] if feed.store else []


@pytest.mark.parametrize("silent", [False, True], ids=["reset", "silence"])
def test_a_broken_watch_is_resumed_at_once(peer: Any, readers: Any, silent: bool) -> None:  # noqa: FBT001
    """A connection that is reset or goes silent is replaced, from the last version, with nothing lost."""

    def answer(ask: Any) -> None:
        if "limit" in ask.query:
            ask.json(peer.listed(version=8))
            return
        ask.stream()
        if "sendInitialEvents" in ask.query:
            ask.event("ADDED", peer.pod("a", 3))
            ask.bookmark("5", end=True)
            ask.raw(b'{"type":"ADDED","object":{"half an ev')
            if silent:
                peer.hang()
            time.sleep(0.05)  # else the reset overtakes what was sent
            ask.cut()
        else:
            ask.event("ADDED", peer.pod("b", 8))
            peer.hang()

    peer.routes[PODS] = answer
    feed = readers.start(silence=0.3).feed
    readers.eventually(lambda: names(feed) == ["a", "b"])
    assert "5" == peer.watches[1]["resourceVersion"]
    assert feed.restarts["unreachable"] >= 1
    assert 0 == feed.relists.total()


def test_a_watch_that_opens_and_says_nothing_is_not_taken_for_following(peer: Any, readers: Any) -> None:
    """A proxy may let requests through and hold back streams: after two silences only a list is believed."""

    def answer(ask: Any) -> None:
        if "limit" in ask.query:
            ask.json(peer.listed(peer.pod("a", 3), version=5))
            return
        ask.stream()
        if len(peer.watches) == 1:
            ask.event("ADDED", peer.pod("a", 3))
            ask.bookmark("5", end=True)
        peer.hang()

    peer.routes[PODS] = answer
    feed = readers.start(silence=1.2).feed
    readers.eventually(lambda: feed.watching)
    readers.eventually(lambda: not feed.watching)
    asked = ["sendInitialEvents" in query for query in peer.watches[:4]]
    assert [True, False, True] == asked[:3]


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0], ids=["back", "forth"])
def test_a_clock_that_jumps_changes_nothing(
    peer: Any, readers: Any, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    """Waits go by a clock that can't jump; when the server was last heard is told by the one that did."""
    said = threading.Event()

    def answer(ask: Any) -> None:
        ask.stream()
        ask.event("ADDED", peer.pod("a", 3))
        ask.bookmark("5", end=True)
        said.wait(5)
        ask.event("ADDED", peer.pod("b", 8))
        peer.hang()

    peer.routes[PODS] = answer
    feed = readers.start().feed
    readers.eventually(lambda: feed.watching)
    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() + jump)
    said.set()
    readers.eventually(lambda: names(feed) == ["a", "b"])
    assert (True, 0) == (feed.watching, feed.restarts.total())
    assert abs(feed.last_contact - right() - jump) < 60


def test_a_server_that_stays_away_is_told_apart(peer: Any, readers: Any) -> None:
    """What is held is still shown, but no longer as followed."""

    def answer(ask: Any) -> None:
        if len(peer.watches) > 1 or "limit" in ask.query:
            ask.cut()
            return
        ask.stream()
        ask.event("ADDED", peer.pod("a", 3))
        ask.bookmark("5", end=True)
        time.sleep(0.1)  # else the reset overtakes what was sent
        ask.cut()

    peer.routes[PODS] = answer
    feed = readers.start().feed
    readers.eventually(lambda: feed.watching)
    readers.eventually(lambda: not feed.watching)
    assert ["a"] == names(feed)
    assert feed.trouble


def test_nobody_waits_longer_once_another_is_through(
    peer: Any, readers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that comes back is found by the first that asks, and at once by all."""
    monkeypatch.setattr(reading, "BACKOFF_FIRST", 60.0)
    monkeypatch.setattr(reading, "UNREACHABLE_MAX", 60.0)
    back = threading.Event()

    def answer(ask: Any) -> None:
        if not back.is_set():
            ask.cut()
            return
        ask.stream()
        ask.bookmark("5", end=True)
        peer.hang()

    peer.routes |= {PODS: answer, "/api/v1/nodes": answer}
    waiting = readers.start().feed
    readers.eventually(lambda: waiting.restarts["unreachable"])
    back.set()
    assert not waiting.watching
    readers.start("nodes")
    readers.eventually(lambda: waiting.watching)


def test_a_watch_that_is_ended_at_once_is_trouble(
    peer: Any, readers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """200 and not one line, again and again: counted and said, and asked again with growing pauses."""
    monkeypatch.setattr(reading, "BACKOFF_FIRST", 0.1)

    def answer(ask: Any) -> None:
        if "limit" in ask.query:
            ask.json(peer.listed(version=5))
            return
        ask.stream()
        if "sendInitialEvents" in ask.query:
            ask.bookmark("5", end=True)
        ask.end()

    peer.routes[PODS] = answer
    feed = readers.start().feed
    readers.eventually(lambda: feed.restarts["unreachable"] >= 2)
    time.sleep(0.3)  # time in which a reader without pauses would ask hundreds of times
    assert len(peer.watches) < 8
    readers.eventually(lambda: "the server ended the watch at once" in feed.trouble)
    assert 1 == feed.restarts["expired"]
