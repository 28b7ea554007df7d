"""The exporter as a whole, without a server around it."""

import threading
from typing import Any

import pytest

from kube_api_exporter import exporter as exporter_module
from kube_api_exporter.exporter import Exporter
from kube_api_exporter.options import Options
from kube_api_exporter.scrape.negotiate import OPENMETRICS, Format
from kube_api_exporter.watch import reader as reading


def following(peer: Any) -> Any:
    """Return an answer that has one object and then says nothing."""

    def answer(ask: Any) -> None:
        ask.stream()
        ask.event("ADDED", peer.pod("a", 3))
        ask.bookmark("5", end=True)
        peer.hang()

    return answer


def test_all_is_not_ready_before_it_is_known(peer: Any, readers: Any) -> None:
    """Until the server said which kinds there are, nobody can know that all of them are read."""
    peer.routes["/api/v1/pods"] = peer.routes["/api/v1/nodes"] = following(peer)
    exporter = Exporter(readers.client, Options(kinds=("all",)))
    assert ["all: learning which kinds there are"] == exporter.not_ready()
    exporter.start()
    readers.eventually(lambda: not exporter.not_ready())
    assert {"nodes", "pods"} == {feed.label for feed in exporter.feeds}
    exporter.stop()


def serve_widgets(peer: Any) -> None:
    """Have the peer serve a custom kind, as if its definition had just been installed."""
    widgets = {"name": "widgets", "kind": "Widget", "namespaced": True, "verbs": ["list", "watch"]}
    groups = {"groups": [{"name": "example.com", "preferredVersion": {"groupVersion": "example.com/v1"}}]}
    peer.routes["/apis"] = lambda ask: ask.json(groups)
    peer.routes["/apis/example.com/v1"] = lambda ask: ask.json(
        {"groupVersion": "example.com/v1", "resources": [widgets]}
    )


def test_all_is_learnt_again_until_every_group_has_answered(
    peer: Any, readers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nonsense, then half an answer: what is known is read, what is missing is said, and asked for again."""
    monkeypatch.setattr(exporter_module, "LEARN_SECONDS", 0.02)
    widgets = peer.routes["/apis/example.com/v1/widgets"] = following(peer)
    peer.routes["/api/v1/pods"] = peer.routes["/api/v1/nodes"] = widgets
    peer.routes["/apis"] = lambda ask: ask.json({"groups": 1})
    exporter = Exporter(readers.client, Options(kinds=("all",)))
    exporter.start()
    readers.eventually(lambda: "Expected" in exporter.not_ready()[0])
    serve_widgets(peer)
    served, peer.routes["/apis/example.com/v1"] = (
        peer.routes["/apis/example.com/v1"],
        lambda ask: ask.refuse(503),
    )
    readers.eventually(lambda: [feed.synced for feed in exporter.feeds] == [True, True])
    assert "example.com: /apis/example.com/v1: HTTP 503" in exporter.not_ready()[0]
    peer.routes["/apis/example.com/v1"] = served
    readers.eventually(lambda: not exporter.not_ready())
    assert {"nodes", "pods", "widgets.example.com"} == {feed.label for feed in exporter.feeds}
    exporter.stop()


def test_a_kind_that_comes_under_all_is_read_and_one_that_goes_is_let_go(
    peer: Any, readers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is served is looked up every audit interval; what is gone keeps nothing from being ready."""
    monkeypatch.setattr(reading, "NOT_SERVED_SECONDS", 0.1)
    peer.routes["/api/v1/pods"] = peer.routes["/api/v1/nodes"] = following(peer)
    exporter = Exporter(readers.client, Options(kinds=("all",), audit_interval=0.1))
    exporter.start()
    readers.eventually(lambda: not exporter.not_ready())
    gone = threading.Event()

    def answer(ask: Any) -> None:
        ask.stream()
        ask.event("ADDED", peer.pod("a", 3))
        ask.bookmark("5", end=True)
        gone.wait(10)
        ask.cut()

    peer.routes["/apis/example.com/v1/widgets"] = answer
    serve_widgets(peer)
    readers.eventually(lambda: b"k8s_widget_labels" in b"".join(exporter.body(Format(), "", None)))
    for path in ("/apis/example.com/v1/widgets", "/apis/example.com/v1"):
        del peer.routes[path]
    peer.routes["/apis"] = lambda ask: ask.json({"groups": []})
    gone.set()
    readers.eventually(lambda: {feed.label for feed in exporter.feeds} == {"nodes", "pods"})
    assert [] == exporter.not_ready()
    assert b"widgets" not in b"".join(exporter.body(Format(), "", None))
    exporter.stop()


def test_namespaces_are_read_one_by_one_and_shown_as_one(peer: Any, readers: Any) -> None:
    """A Role per namespace is enough: nothing else is asked for. A kind without namespaces is read once."""
    for path in ("/api/v1/namespaces/a/pods", "/api/v1/namespaces/b/pods", "/api/v1/nodes"):
        peer.routes[path] = following(peer)
    exporter = Exporter(readers.client, Options(kinds=("pods", "nodes"), namespaces=("b", "a")))
    exporter.start()
    readers.eventually(lambda: not exporter.not_ready())
    assert not [ask for ask in peer.asked if ask.path == "/api/v1/pods"]
    assert 1 == sum(ask.path == "/api/v1/nodes" for ask in peer.asked)
    body = b"".join(exporter.body(Format(), "", None))
    assert 1 == body.count(b"\nk8s_node_labels{")
    assert 1 == body.count(b"# TYPE k8s_pod_status_restartCount gauge")
    exporter.stop()


def test_what_a_kind_without_namespaces_has_is_audited_once(peer: Any, readers: Any) -> None:
    """The feed of the second namespace holds nothing, and no object counts as lost for that."""
    node = {"metadata": {"name": "a", "uid": "uid-a", "resourceVersion": "3"}}

    def answer(ask: Any) -> None:
        if "limit" in ask.query:
            ask.json(peer.listed(node))
            return
        ask.stream()
        ask.event("ADDED", node)
        ask.bookmark("5", end=True)
        peer.hang()

    peer.routes["/api/v1/nodes"] = answer
    exporter = Exporter(readers.client, Options(kinds=("nodes",), namespaces=("a", "b"), audit_interval=0.2))
    exporter._auditor._grace = 0.05  # noqa: SLF001  # its patience is no option
    exporter.start()
    readers.eventually(lambda: exporter.feeds[0].audits > 2)
    assert [False, True] == [feed.redundant for feed in exporter.feeds]
    assert [0, 0] == [feed.mismatches for feed in exporter.feeds]
    exporter.stop()


def test_a_kind_by_two_of_its_names_is_read_once(peer: Any, readers: Any) -> None:
    """The feed of the second name repeats nothing, in scrapes as in requests."""
    peer.routes["/api/v1/pods"] = following(peer)
    exporter = Exporter(readers.client, Options(kinds=("pod", "pods", "po")))
    exporter.start()
    readers.eventually(lambda: not exporter.not_ready())
    assert [False, True, True] == sorted(feed.redundant for feed in exporter.feeds)
    assert 1 == len(peer.watches)
    for asked in (None, *map(frozenset, (["pod"], ["pods"], ["po"]))):
        assert 1 == b"".join(exporter.body(Format(), "", asked)).count(b"\nk8s_pod_labels{")
    exporter.stop()


def test_openmetrics_ends_with_its_mark_in_every_selection(peer: Any, readers: Any) -> None:
    """Whatever is asked for, `# EOF` is the last line, and our own metrics are a kind of their own."""
    exporter = Exporter(readers.client, Options(kinds=("pods",)))
    form = Format(OPENMETRICS, "1.0.0")
    for kinds in (None, frozenset({"pods"}), frozenset({"self"})):
        body = b"".join(exporter.body(form, "", kinds))
        assert body.endswith(b"# EOF\n")
        assert (b"kube_api_exporter_up" in body) == (kinds is None or "self" in kinds)
    assert peer
