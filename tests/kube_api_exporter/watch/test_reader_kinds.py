"""Which objects a reader asks for, and kinds that are refused, come and go."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from exporter_kit import log
from kube_api_exporter.store.feed import Feed
from kube_api_exporter.watch import reader as reading

PODS = "/api/v1/pods"
Answer = Callable[[Any], None]


def names(feed: Feed) -> list[str]:
    """Return the names of the objects a scrape would show."""
    return [name for _, name in feed.store.idents()] if feed.store else []


def test_a_forbidden_kind_says_why_once(peer: Any, readers: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """403 is tried again and again, and logged once."""
    log.configure()
    peer.routes[PODS] = lambda ask: ask.refuse(403)
    feed = readers.start().feed
    readers.eventually(lambda: feed.restarts["forbidden"] > 3)
    assert "HTTP 403: no (403)" in feed.trouble
    assert not feed.synced
    assert 1 == capsys.readouterr().err.count("HTTP 403")


def test_a_kind_that_comes_later_is_found(peer: Any, readers: Any) -> None:
    """A custom resource whose definition is installed after us is exported from then on."""
    feed = readers.start("widgets.example.com").feed
    readers.eventually(lambda: feed.restarts["unknown_kind"] > 1)
    assert "serves no kind 'widgets.example.com'" in feed.trouble
    widgets = {"name": "widgets", "kind": "Widget", "namespaced": True, "verbs": ["list", "watch"]}
    group = {"name": "example.com", "preferredVersion": {"groupVersion": "example.com/v1"}}
    peer.routes["/apis"] = lambda ask: ask.json({"groups": [group]})
    peer.routes["/apis/example.com/v1"] = lambda ask: ask.json(
        {"groupVersion": "example.com/v1", "resources": [widgets]}
    )

    def answer(ask: Any) -> None:
        ask.stream()
        ask.event("ADDED", peer.pod("a", 3))
        ask.bookmark("5", end=True)
        peer.hang()

    peer.routes["/apis/example.com/v1/widgets"] = answer
    readers.eventually(lambda: feed.synced)
    assert "widgets.example.com" == feed.label


def test_a_kind_that_goes_away_is_absent(peer: Any, readers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """404 for a while on a kind that was there: its definition was removed, so its objects are."""
    monkeypatch.setattr(reading, "NOT_SERVED_SECONDS", 0.1)

    def answer(ask: Any) -> None:
        if len(peer.watches) > 1:
            ask.refuse(404)
            return
        ask.stream()
        ask.event("ADDED", peer.pod("a", 3))
        ask.bookmark("5", end=True)
        time.sleep(0.2)
        ask.end()

    peer.routes[PODS] = answer
    feed = readers.start().feed
    readers.eventually(lambda: feed.synced)
    readers.eventually(lambda: not feed.synced)
    assert feed.store is None


def test_the_server_is_asked_only_for_what_is_wanted(peer: Any, readers: Any) -> None:
    """Selectors, the node and the shard: the first two by the server, the last by UID here."""

    def answer(ask: Any) -> None:
        ask.stream()
        for name in "abcdefgh":
            ask.event("ADDED", peer.pod(name, 3))
        ask.bookmark("5", end=True)
        peer.hang()

    peer.routes[PODS] = answer
    shards = [readers.start(selectors=("pods:app=web",), node="node-1", shard=(i, 2)).feed for i in (0, 1)]
    readers.eventually(lambda: all(feed.synced for feed in shards))
    assert {"labelSelector": "app=web", "fieldSelector": "spec.nodeName=node-1"}.items() <= peer.watches[
        0
    ].items()
    assert list("abcdefgh") == sorted(names(shards[0]) + names(shards[1]))
    assert names(shards[0])
    assert names(shards[1])


def test_the_series_budget_is_kept_and_what_it_drops_is_counted(peer: Any, readers: Any) -> None:
    """Objects past the budget are known but not shown; one that goes makes room for one that changes."""

    def answer(ask: Any) -> None:
        ask.stream()
        for name in "abc":
            ask.event("ADDED", peer.pod(name, 3))
        ask.bookmark("5", end=True)
        ask.event("DELETED", peer.pod("a", 6))
        ask.event("MODIFIED", peer.pod("c", 7))
        peer.hang()

    peer.routes[PODS] = answer
    feed = readers.start(series_budget=4).feed
    readers.eventually(lambda: feed.events == 2)
    assert feed.store is not None
    assert 4 == feed.store.series
    assert ["b", "c"] == names(feed)
    assert 1 == feed.refused["budget"]


def test_a_kind_that_is_not_served_for_a_moment_stays(peer: Any, readers: Any) -> None:
    """An API server that has just started answers 404 for what it does not know yet: nothing is withdrawn."""
    times = []

    def answer(ask: Any) -> None:
        if "limit" in ask.query:
            ask.json(peer.listed(version=5))
            return
        times.append(ask)
        if 1 < len(times) < 4:
            ask.refuse(404)
            return
        ask.stream()
        ask.event("ADDED", peer.pod("a", 3))
        ask.bookmark("5", end=True)
        if len(times) == 1:
            ask.end()
        else:
            peer.hang()

    peer.routes[PODS] = answer
    feed = readers.start().feed
    readers.eventually(lambda: feed.restarts["not_served"] == 2)
    assert ["a"] == names(feed)
    readers.eventually(lambda: feed.watching)


def test_an_answer_that_is_no_json_is_said_once(
    peer: Any, readers: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Some proxy's page instead of a list: a sentence, no traceback, and tried again."""

    def answer(ask: Any) -> None:
        body = b"<html>please log in</html>"
        ask.handler.send_response(200)
        ask.handler.send_header("Content-Length", str(len(body)))
        ask.handler.end_headers()
        ask.handler.wfile.write(body)

    log.configure()
    peer.routes[PODS] = answer
    feed = readers.start(watch_list=False).feed
    readers.eventually(lambda: feed.restarts["error"] > 2)
    said = capsys.readouterr()
    assert 1 == (said.out + said.err).count("the API server's answer can't be read")
    assert "Traceback" not in said.out + said.err


def test_a_kind_that_cannot_be_learnt_anew_is_said_and_tried_again_with_pauses(
    peer: Any, readers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Discovery fails after the definition changed: counted, not hammered, and learnt when it is back."""
    monkeypatch.setattr(reading, "BACKOFF_FIRST", 0.2)

    def answer(ask: Any) -> None:
        ask.stream()
        ask.event("ADDED", peer.pod("a", 3))
        ask.bookmark("5", end=True)
        peer.hang()

    peer.routes[PODS] = answer
    reader = readers.start()
    readers.eventually(lambda: reader.feed.watching)
    discovery, peer.routes["/api/v1"] = peer.routes["/api/v1"], lambda ask: ask.refuse(503)
    asked = len(peer.asked)
    reader.learn_anew()
    readers.eventually(lambda: reader.feed.restarts["unknown_kind"])
    time.sleep(0.3)
    assert len(peer.asked) - asked < 30
    assert "serves no kind 'pods'" in reader.feed.trouble
    peer.routes["/api/v1"] = discovery
    readers.eventually(lambda: reader.feed.watching)
    assert 1 == reader.feed.relists["schema"]
