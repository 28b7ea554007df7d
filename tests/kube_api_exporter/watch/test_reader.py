"""One reader against a peer that misbehaves in every way the watch protocol knows."""

import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from kube_api_exporter.start import RECURSION_MAX
from kube_api_exporter.store.feed import Feed

PODS = "/api/v1/pods"
Answer = Callable[[Any], None]


def names(feed: Feed) -> list[str]:
    """Return the names of the objects a scrape would show."""
    return [name for _, name in feed.store.idents()] if feed.store else []


def test_nothing_is_shown_before_all_initial_events_are_there(peer: Any, readers: Any) -> None:
    """With WatchList a kind is absent until the bookmark that ends the initial events, then all there."""
    go_on = threading.Event()

    def answer(ask: Any) -> None:
        ask.stream()
        ask.event("ADDED", peer.pod("b", 3))
        ask.event("ADDED", peer.pod("a", 2))
        assert go_on.wait(5)
        ask.bookmark("9", end=True)
        ask.event("ADDED", peer.pod("c", 11))
        ask.event("DELETED", peer.pod("a", 12))
        peer.hang()

    peer.routes[PODS] = answer
    feed = readers.start().feed
    readers.eventually(lambda: peer.watches)
    time.sleep(0.1)  # time in which a reader that is too quick would show half a kind
    assert not feed.synced
    go_on.set()
    readers.eventually(lambda: sorted(names(feed)) == ["b", "c"])
    assert feed.watching
    assert {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}.items() <= peer.watches[
        0
    ].items()


def no_watch_list(ask: Any) -> None:
    """Behave like a server that never heard of it: plain events, and then an ordinary bookmark."""
    ask.stream()
    ask.event("ADDED", {"metadata": {"name": "a"}})
    ask.bookmark("5")


@pytest.mark.parametrize(
    "refusal",
    [lambda ask: ask.refuse(422), lambda ask: ask.refuse(400), no_watch_list],
    ids=["422", "400", "no"],
)
def test_a_server_without_watch_list_is_listed(peer: Any, readers: Any, refusal: Answer) -> None:
    """It says so, or never ends its initial events: then all pages are read, and followed from there."""

    def answer(ask: Any) -> None:
        if "sendInitialEvents" in ask.query:
            refusal(ask)
        elif "watch" in ask.query:
            ask.stream()
            peer.hang()
        elif "continue" in ask.query:
            ask.json(peer.listed(peer.pod("b", 2), version=10))
        else:
            ask.json(peer.listed(peer.pod("a", 1), version=10, more="next"))

    peer.routes[PODS] = answer
    feed = readers.start(page=1).feed
    readers.eventually(lambda: feed.watching)
    assert ["a", "b"] == names(feed)
    assert "10" == peer.watches[-1]["resourceVersion"]
    assert "1" == next(ask.query["limit"] for ask in peer.asked if "limit" in ask.query)


def test_pages_that_expire_are_read_again_from_the_first(peer: Any, readers: Any) -> None:
    """410 amid a list: nothing of the half list is ever shown."""
    pages = []

    def answer(ask: Any) -> None:
        if "watch" in ask.query:
            ask.stream()
            peer.hang()
            return
        pages.append(ask.query.get("continue"))
        if ask.query.get("continue") and len(pages) == 2:
            ask.refuse(410)
        elif ask.query.get("continue"):
            ask.json(peer.listed(peer.pod("b", 2)))
        else:
            ask.json(peer.listed(peer.pod("a", 1), more="next"))

    peer.routes[PODS] = answer
    feed = readers.start(watch_list=False).feed
    readers.eventually(lambda: feed.watching)
    assert ["a", "b"] == names(feed)
    assert [None, "next", None, "next"] == pages


def test_a_watch_that_expires_is_resumed_where_it_was(peer: Any, readers: Any) -> None:
    """The last event or bookmark is where the next watch begins; nothing is listed again."""

    def answer(ask: Any) -> None:
        ask.stream()
        if "sendInitialEvents" in ask.query:
            ask.bookmark("5", end=True)
            ask.event("ADDED", peer.pod("a", 7))
            ask.end()
        elif ask.query["resourceVersion"] == "7":
            ask.bookmark("9")
            ask.end()
        else:
            peer.hang()

    peer.routes[PODS] = answer
    feed = readers.start().feed
    readers.eventually(lambda: len(peer.watches) == 3)
    assert ["7", "9"] == [query["resourceVersion"] for query in peer.watches[1:]]
    assert ["a"] == names(feed)
    assert 2 == feed.restarts["expired"]


def gone_as_status(ask: Any) -> None:
    """Say 410 as HTTP does."""
    ask.refuse(410)


def gone_as_event(ask: Any) -> None:
    """Say 410 inside a stream that is 200."""
    ask.stream()
    ask.event("ERROR", {"kind": "Status", "code": 410, "message": "too old", "status": "Failure"})
    ask.end()


@pytest.mark.parametrize("gone", [gone_as_status, gone_as_event])
def test_gone_means_list_again_and_keep_what_there_is(peer: Any, readers: Any, gone: Answer) -> None:
    """410 in both its forms: the old objects stay until the new ones are all there."""
    go_on, rounds = threading.Event(), []

    def answer(ask: Any) -> None:
        if "sendInitialEvents" in ask.query:
            rounds.append(ask)
            ask.stream()
            if len(rounds) > 1:
                assert go_on.wait(5)
            ask.event("ADDED", peer.pod(f"round-{len(rounds)}", 5))
            ask.bookmark("5", end=True)
            if len(rounds) == 1:
                ask.end()
            else:
                peer.hang()
        elif "limit" in ask.query:
            ask.json(peer.listed(version=20))
        else:
            gone(ask)

    peer.routes[PODS] = answer
    feed = readers.start().feed
    readers.eventually(lambda: len(rounds) == 2)
    assert ["round-1"] == names(feed)
    go_on.set()
    readers.eventually(lambda: names(feed) == ["round-2"])
    assert 1 == feed.relists["gone"]


def test_a_throttled_reader_waits_as_long_as_it_is_told(peer: Any, readers: Any) -> None:
    """429 with Retry-After: not one request before that time is over."""
    times: list[float] = []

    def answer(ask: Any) -> None:
        times.append(time.monotonic())
        if len(times) == 1:
            ask.refuse(429, Retry_After="1")
        else:
            ask.stream()
            ask.bookmark("5", end=True)
            peer.hang()

    peer.routes[PODS] = answer
    feed = readers.start().feed
    readers.eventually(lambda: feed.synced)
    assert times[1] - times[0] >= 1
    assert 1 == feed.restarts["throttled"]


def test_a_server_restored_from_a_backup_is_listed_again(peer: Any, readers: Any) -> None:
    """After a break, a version behind ours means that history was rewritten."""
    back = threading.Event()

    def answer(ask: Any) -> None:
        if "limit" in ask.query:
            ask.json(peer.listed(version=4))
            return
        ask.stream()
        if not back.is_set():
            back.set()
            ask.event("ADDED", peer.pod("a", 50))
            ask.bookmark("50", end=True)
            time.sleep(0.05)  # else the reset overtakes what was sent
            ask.cut()
            return
        ask.event("ADDED", peer.pod("b", 3))
        ask.bookmark("4", end=True)
        peer.hang()

    peer.routes[PODS] = answer
    feed = readers.start().feed
    readers.eventually(lambda: names(feed) == ["b"])
    assert 1 == feed.relists["gone"]


def test_a_stream_that_cannot_be_read_is_listed(peer: Any, readers: Any) -> None:
    """We no longer know the truth about some object, so everything is read anew, page by page."""

    def answer(ask: Any) -> None:
        if "limit" in ask.query:
            ask.json(peer.listed(peer.pod("a", 3)))
            return
        ask.stream()
        if "sendInitialEvents" in ask.query:
            ask.bookmark("5", end=True)
            ask.raw(b"{nonsense}\n")
        peer.hang()

    peer.routes[PODS] = answer
    feed = readers.start().feed
    readers.eventually(lambda: names(feed) == ["a"])
    readers.eventually(lambda: feed.watching)
    assert 1 == feed.relists["decode"]
    assert 1 == feed.refused["decode"]


@pytest.mark.parametrize("watch_list", [True, False])
def test_an_object_that_cannot_be_decoded_is_known_and_not_shown(
    peer: Any, readers: Any, *, watch_list: bool
) -> None:
    """It costs itself: the others go on, nothing is listed again, its deletion is understood."""
    odd = {**peer.pod("odd", 4), "spec": None}
    odd["metadata"]["labels"] = {"deep": "x"}
    deep = json.dumps(odd).replace('"spec": null', '"spec": ' + "[" * 3000 + "]" * 3000)
    deleted = threading.Event()

    def answer(ask: Any) -> None:
        if "limit" in ask.query:
            ask.handler.send_response(200)
            body = json.dumps(peer.listed(peer.pod("a", 3), {"odd": 1})).replace('{"odd": 1}', deep).encode()
            ask.handler.send_header("Content-Length", str(len(body)))
            ask.handler.end_headers()
            ask.handler.wfile.write(body)
            return
        ask.stream()
        if "sendInitialEvents" in ask.query:
            ask.event("ADDED", peer.pod("a", 3))
            ask.raw(b'{"type":"ADDED","object":' + deep.encode() + b"}\n")
            ask.bookmark("5", end=True)
        assert deleted.wait(5)
        ask.raw(b'{"type":"DELETED","object":' + deep.encode() + b"}\n")
        peer.hang()

    monkeypatched = sys.getrecursionlimit()
    sys.setrecursionlimit(RECURSION_MAX)
    try:
        peer.routes[PODS] = answer
        feed = readers.start(watch_list=watch_list).feed
        readers.eventually(lambda: names(feed) == ["a", "odd"])
        assert feed.store is not None
        assert 0 == feed.store.series_of(("n", "odd"))
        deleted.set()
        readers.eventually(lambda: names(feed) == ["a"])
        assert feed.refused.total() >= 1
        assert 0 == feed.relists.total()
    finally:
        sys.setrecursionlimit(monkeypatched)
