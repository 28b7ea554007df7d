"""A cluster's DNS that started too early is started anew."""

from typing import Any

from alertdrill.lab.clusters import dns
from alertdrill.testing import FakeKube


def pod(name: str, *, ready: bool) -> dict[str, Any]:
    """Return a pod as the API server shows it."""
    status = {"conditions": [{"type": "Ready", "status": str(ready)}]}
    return {"metadata": {"name": name}, "status": status}


def test_what_waits_for_an_answer_that_can_not_come_is_replaced() -> None:
    """And nobody waits for it: the cluster goes on coming up."""
    kubectl = FakeKube(
        lambda _: [pod("early", ready=False), pod("there", ready=True), {"metadata": {"name": "new"}}]
    )
    dns.start_anew(kubectl)
    words = (
        "delete",
        "pods",
        "early",
        "new",
        "--namespace=kube-system",
        "--wait=false",
        "--ignore-not-found",
    )
    assert [words] == kubectl.words


def test_what_is_ready_is_left_alone() -> None:
    """A DNS that somebody relies on goes on."""
    kubectl = FakeKube(lambda _: [pod("there", ready=True)])
    dns.start_anew(kubectl)
    assert [] == kubectl.words
