"""What an event leaves as it was is neither decoded nor rendered again, and nobody can tell."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter_kit.api.client import ApiClient
from exporter_kit.api.place import Place
from kube_api_exporter.options import Options
from kube_api_exporter.render import walk
from kube_api_exporter.render.decode import Identified
from kube_api_exporter.render.places import Families
from kube_api_exporter.render.renderer import Held, Renderer, Seen, nothing
from kube_api_exporter.store.feed import Feed
from kube_api_exporter.store.store import Store
from kube_api_exporter.telling import Tell
from kube_api_exporter.watch.watching import Conversation, Undecodable

from . import gadgets
from .test_renderer import POD, WIDGET, objects, renderers

PARTS = ("metadata", "spec", "status")
# Which of two objects each part of the next state is taken from; and whether it is gone after that.
steps = st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans(), st.just(value=False) | st.booleans()))


GADGET: dict[str, Any] = {
    "metadata": {"name": "x", "namespace": "n", "uid": "u", "resourceVersion": "1"},
    "spec": {"mode": "Fast", "storage": "1Gi"},
    "status": {"phase": "Up", "seen": {"a": "2026-01-01T00:00:00Z"}},
}


class Forgetful(Renderer):
    """A renderer that renders all of every object."""

    def of_event(self, line: bytes, held: Held = nothing) -> tuple[str, Seen | Identified]:
        """Decode an event as if nothing were held."""
        del held
        return super().of_event(line)


def following(renderer: Renderer, **options: Any) -> tuple[Feed, Callable[[str, dict[str, Any]], None]]:
    """Return a feed that has everything, and what applies an event to it as its reader does."""
    feed = Feed(renderer.kind.name, Options(kinds=(renderer.kind.name,), **options))
    feed.kind, feed.renderer, feed.store = renderer.kind, renderer, Store(renderer)
    talk = Conversation(ApiClient(Place(None, None, "http://127.0.0.1:1")), feed)

    def take(what: str, value: dict[str, Any]) -> None:
        try:
            talk.take(msgspec.json.encode({"type": what, "object": value}), None)
        except Undecodable:
            feed.restarts["decode"] += 1

    return feed, take


def state(feed: Feed) -> dict[str, Any]:
    """Return all there is to see of a feed."""
    assert feed.store is not None
    assert feed.renderer is not None
    return {
        "bytes": {family: [one.data for one in said] for family, said in feed.store.snapshot().items()},
        "held": feed.store.idents(),
        "series": feed.store.series,
        "hidden": dict(feed.store.hidden),
        "counted": (feed.events, feed.refused, feed.restarts, feed.renderer.families.lost),
    }


def forgetful(one: Renderer) -> Renderer:
    """Return the same renderer, with a worse memory."""
    one.__class__ = Forgetful
    return one


def agree(
    make: Callable[[], Renderer], first: dict[str, Any], second: dict[str, Any], history: Any, **options: Any
) -> None:
    """Apply a history twice, with a memory and without; they must agree after every event."""
    (feed, take), (other, take_whole) = (
        following(make(), **options),
        following(forgetful(make()), **options),
    )
    for version, (*chosen, is_gone) in enumerate(history):
        value = {
            part: (first, second)[which][part]
            for part, which in zip(PARTS, chosen, strict=True)
            if part in (first, second)[which]
        }
        value["metadata"] = {**value["metadata"], "name": "x", "uid": "u", "resourceVersion": str(version)}
        for each in (take, take_whole):
            each("MODIFIED", value)
            if is_gone:
                each("DELETED", value)
        assert state(other) == state(feed)
        lines = b"".join(one for said in state(feed)["bytes"].values() for one in said)
        assert lines.count(b"\n") == state(feed)["series"]


@pytest.mark.slow
@pytest.mark.parametrize(("words_max", "budget"), [(200, 0), (1, 0), (200, 8)])
@settings(max_examples=max(settings().max_examples // 5, 5))  # each makes two renderers
@given(first=gadgets.gadgets, second=gadgets.gadgets, history=steps)
def test_after_any_history_all_is_as_if_rendered_anew(
    first: dict[str, Any], second: dict[str, Any], history: Any, words_max: int, budget: int
) -> None:
    """The same bytes, series, losses and refusals, whichever parts change, within budgets and past them."""
    agree(lambda: gadgets.renderer(words_max=words_max), first, second, history, series_budget=budget)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [WIDGET, POD], ids=lambda kind: kind.name)
@settings(max_examples=max(settings().max_examples // 5, 5))  # each makes two renderers
@given(first=objects, second=objects, history=steps)
def test_so_it_is_where_the_schema_leaves_something_open(
    first: dict[str, Any], second: dict[str, Any], history: Any, kind: Any
) -> None:
    """What is walked counts families and bytes of the whole object."""
    agree(lambda: renderers(kind)[0], first, second, history)


def test_parts_that_share_a_family_are_rendered_together() -> None:
    """What two paths are called may read alike; the lines of both stay, whichever changes."""
    one = gadgets.fields(size={"type": "integer"})
    spec = gadgets.fields(a=gadgets.fields(parts=gadgets.listed(one)))
    shape = gadgets.shape_of(gadgets.fields(metadata=gadgets.METADATA, spec=spec, spec_a=one))
    feed, take = following(Renderer(gadgets.GADGET, Families("gadget"), shape, tell=Tell()))
    metadata = GADGET["metadata"]
    take("ADDED", {"metadata": metadata, "spec": {"a": {"parts": [{"size": 1}]}}})
    take("MODIFIED", {"metadata": metadata, "spec": {"a": {"parts": [{"size": 1}]}}, "spec_a": {"size": 2}})
    take("MODIFIED", {"metadata": metadata, "spec": {"a": {"parts": [{"size": 3}]}}, "spec_a": {"size": 2}})
    assert feed.store is not None
    said = b"".join(chunk.data for chunk in feed.store.snapshot()["k8s_gadget_spec_a_size"])
    assert [
        b'k8s_gadget_spec_a_size{namespace="n",name="x",parts="0"} 3',
        b'k8s_gadget_spec_a_size{namespace="n",name="x"} 2',
    ] == said.splitlines()


def test_only_what_changed_is_decoded_and_rendered() -> None:
    """Of an object whose status changed its spec is known; the rest is rendered."""
    feed, take = following(gadgets.renderer())
    take("ADDED", GADGET)
    assert feed.store is not None
    assert feed.renderer is not None
    changed = msgspec.json.encode({"type": "MODIFIED", "object": {**GADGET, "status": {"phase": "Down"}}})
    _, seen = feed.renderer.of_event(changed, feed.store.parts)
    assert isinstance(seen, Seen)
    assert [True, False] == [read.held is not None for read in seen.parts]
    families = sorted(feed.renderer.render(seen).pieces)
    assert ["k8s_gadget_labels", "k8s_gadget_status_phase"] == families


def test_a_value_that_is_lost_is_counted_at_every_event() -> None:
    """A part in which one was lost is never taken for known."""
    feed, take = following(gadgets.renderer())
    for version in range(3):
        metadata = {**GADGET["metadata"], "resourceVersion": str(version)}
        take("MODIFIED", {**GADGET, "metadata": metadata, "spec": {"storage": "much"}})
    assert feed.renderer is not None
    assert 3 == feed.renderer.families.lost["quantity"]


def test_what_is_known_takes_room_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two parts that are too much together are so when they come one after the other."""
    monkeypatch.setattr(walk.Lines, "room", 1000)
    feed, take = following(gadgets.renderer())
    keys = {f"key-{number}": "1" for number in range(12)}
    take("ADDED", {**GADGET, "spec": {"limits": keys}})
    take("MODIFIED", {**GADGET, "spec": {"limits": keys}, "status": {"stages": keys}})
    assert {"render": 1} == feed.refused
    assert feed.store is not None
    assert 0 == feed.store.series
