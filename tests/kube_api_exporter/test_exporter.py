"""The exporter as a whole, without a server around it."""

from typing import Any

from kube_api_exporter.exporter import Exporter
from kube_api_exporter.negotiate import OPENMETRICS, Format
from kube_api_exporter.options import Options


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


def test_openmetrics_ends_with_its_mark_in_every_selection(peer: Any, readers: Any) -> None:
    """Whatever is asked for, `# EOF` is the last line, and our own metrics are a kind of their own."""
    exporter = Exporter(readers.client, Options(kinds=("pods",)))
    form = Format(OPENMETRICS, "1.0.0")
    for kinds in (None, frozenset({"pods"}), frozenset({"self"})):
        body = b"".join(exporter.body(form, "", kinds))
        assert body.endswith(b"# EOF\n")
        assert (b"kube_api_exporter_up" in body) == (kinds is None or "self" in kinds)
    assert peer
