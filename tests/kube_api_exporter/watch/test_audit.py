"""Which events were lost, judged from three looks."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_api_exporter.render import places
from kube_api_exporter.store.feed import Feed
from kube_api_exporter.watch.audit import Auditor, lost
from kube_api_exporter.watch.catalog import Catalog

Idents = dict[tuple[str, str], str]
A, B = ("n", "a"), ("n", "b")
idents = st.dictionaries(st.sampled_from([A, B, ("n", "c")]), st.sampled_from(["1", "2", "3"]))


def test_a_lost_delete_is_seen() -> None:
    """Held before and after, and not on the list: its DELETE never came."""
    assert {A} == lost({A: "1", B: "1"}, {B: "1"}, {A: "1", B: "1"})


def test_a_lost_update_is_seen() -> None:
    """Held in one state before and after, and in another on the list: its MODIFIED never came."""
    assert {A} == lost({A: "1"}, {A: "2"}, {A: "1"})


def test_a_lost_creation_is_seen() -> None:
    """On the list, and held neither before nor after: its ADDED never came."""
    assert {A} == lost({}, {A: "1"}, {})


def test_events_under_way_are_not_lost() -> None:
    """Whatever arrived between the looks explains itself."""
    assert set() == lost({A: "1"}, {}, {})
    assert set() == lost({A: "1"}, {A: "2"}, {A: "2"})
    assert set() == lost({A: "1"}, {A: "2"}, {A: "3"})
    assert set() == lost({}, {A: "1"}, {A: "2"})
    assert set() == lost({A: "1"}, {A: "2"}, {})


@given(idents, idents)
def test_a_watch_that_keeps_up_loses_nothing(before: Idents, now: Idents) -> None:
    """If what is held afterwards is what was listed, nothing was lost."""
    assert set() == lost(before, now, now)


@given(idents, idents)
def test_a_watch_that_heard_nothing_lost_every_difference(before: Idents, listed: Idents) -> None:
    """If nothing arrived, exactly the objects that differ were lost."""
    differing = {key for key in before.keys() | listed.keys() if before.get(key) != listed.get(key)}
    assert differing == lost(before, listed, before)


def names(feed: Feed) -> list[str]:
    """Return the names of the objects a scrape would show."""
    return [name for _, name in feed.store.idents()] if feed.store else []


def following(peer: Any) -> Any:
    """Return an answer with one object, listed or streamed, that then says nothing."""

    def answer(ask: Any) -> None:
        if "limit" in ask.query:
            ask.json(peer.listed(peer.pod("a", 3)))
            return
        ask.stream()
        ask.event("ADDED", peer.pod("a", 3))
        ask.bookmark("5", end=True)
        peer.hang()

    return answer


def test_a_lost_delete_is_gone_after_one_audit(peer: Any, readers: Any) -> None:
    """The audit sees that an object is not on the server, counts it, and has the kind read anew."""

    def answer(ask: Any) -> None:
        if "limit" in ask.query:
            ask.json(peer.listed(peer.pod("a", 3)))
            return
        ask.stream()
        ask.event("ADDED", peer.pod("a", 3))
        if len(peer.watches) == 1:
            ask.event("ADDED", peer.pod("ghost", 4))
        ask.bookmark("5", end=True)
        peer.hang()

    peer.routes["/api/v1/pods"] = answer
    reader = readers.start()
    readers.eventually(lambda: names(reader.feed) == ["a", "ghost"])
    auditor = Auditor(
        readers.client, Catalog(readers.client, reader.feed.options), lambda: [reader], grace=0.05
    )
    assert 1 == auditor.audit(reader)
    readers.eventually(lambda: names(reader.feed) == ["a"])
    assert (1, 1, 1) == (reader.feed.audits, reader.feed.mismatches, reader.feed.relists["audit"])
    readers.eventually(lambda: reader.feed.watching)
    assert 0 == auditor.audit(reader)


def test_an_object_that_loses_its_events_again_is_repaired_again(peer: Any, readers: Any) -> None:
    """Two audits in a row may find the same object; only the same state of it is not worth a second list."""
    now = {"version": 1}

    def answer(ask: Any) -> None:
        if "limit" in ask.query:
            ask.json(peer.listed(peer.pod("busy", now["version"])))
            return
        ask.stream()
        ask.event("ADDED", peer.pod("busy", now["version"]))
        ask.bookmark("9", end=True)
        peer.hang()

    peer.routes["/api/v1/pods"] = answer
    reader = readers.start()
    catalog = Catalog(readers.client, reader.feed.options)
    auditor = Auditor(readers.client, catalog, lambda: [reader], grace=0.05)
    found = []
    for version in (2, 3):
        readers.eventually(lambda: reader.feed.watching)
        now["version"] = version
        found.append(auditor.audit(reader))
        held = f"{peer.pod('busy', version)['metadata']['uid']} {version}"
        readers.eventually(lambda held=held: list(reader.feed.store.idents().values()) == [held])
    assert ([1, 1], 2) == (found, reader.feed.relists["audit"])


def test_room_in_the_budget_is_given_to_what_was_left_out(peer: Any, readers: Any) -> None:
    """An object that was past the budget, and never changes again, is shown once others have gone."""
    left: list[str] = []

    def answer(ask: Any) -> None:
        objects = [peer.pod(name, 3) for name in (left or "abc")]
        if "limit" in ask.query:
            ask.json(peer.listed(*objects))
            return
        ask.stream()
        for each in objects:
            ask.event("ADDED", each)
        ask.bookmark("5", end=True)
        if not left:
            ask.event("DELETED", peer.pod("a", 6))
            left.extend("bc")
        peer.hang()

    peer.routes["/api/v1/pods"] = answer
    reader = readers.start(series_budget=4)
    feed = reader.feed
    readers.eventually(lambda: feed.events == 1)
    assert (2, [2]) == (feed.store.series, list(feed.store.hidden.values()))
    catalog = Catalog(readers.client, feed.options)
    auditor = Auditor(readers.client, catalog, lambda: [reader], grace=0.05)
    assert 0 == auditor.audit(reader)
    readers.eventually(lambda: feed.store.series == 4)
    assert (1, {}) == (feed.relists["budget"], feed.store.hidden)


def test_names_that_came_and_went_make_room(peer: Any, readers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A map keyed by what comes and goes uses up a kind's families; an audit lets go of the old ones."""
    monkeypatch.setattr(places, "FAMILIES_MAX", 4)
    peer.routes["/api/v1/pods"] = following(peer)
    reader = readers.start()
    feed = reader.feed
    readers.eventually(lambda: feed.watching)
    old = feed.renderer.families
    feed.renderer.pieces(feed.renderer.of_value({"metadata": {}, "status": {"gone": 1}}))
    catalog = Catalog(readers.client, feed.options)
    Auditor(readers.client, catalog, lambda: [reader], grace=0.05).audit(reader)
    readers.eventually(lambda: feed.relists["schema"] == 1)
    assert (True, False) == (old.full, feed.renderer.families.full)


def test_a_failure_is_counted_each_time_and_said_once(peer: Any, readers: Any) -> None:
    """An audit that can't be made says nothing about what is held."""
    failing: list[bool] = []

    def answer(ask: Any) -> None:
        if "limit" in ask.query and failing:
            ask.refuse(403)
            return
        following(peer)(ask)

    peer.routes["/api/v1/pods"] = answer
    reader = readers.start()
    readers.eventually(lambda: reader.feed.watching)
    failing.append(True)
    catalog = Catalog(readers.client, reader.feed.options)
    auditor = Auditor(readers.client, catalog, lambda: [reader], interval=0.1, grace=0.05)
    auditor.start()
    readers.eventually(lambda: reader.feed.audit_failures >= 3)
    auditor.stop()
    assert 0 == reader.feed.audits


def test_an_audit_asks_for_few_objects_at_once(peer: Any, readers: Any) -> None:
    """Their metadata is bulky; a page as long as a list's would be the biggest thing in memory."""
    asked = []

    def answer(ask: Any) -> None:
        asked.append(ask.query.get("limit"))
        following(peer)(ask)

    peer.routes["/api/v1/pods"] = answer
    reader = readers.start()
    readers.eventually(lambda: reader.feed.watching)
    catalog = Catalog(readers.client, reader.feed.options)
    Auditor(readers.client, catalog, lambda: [reader], grace=0.05).audit(reader)
    assert [None, "100"] == asked


def test_a_definition_that_changed_while_the_server_was_away_is_learnt(peer: Any, readers: Any) -> None:
    """An audit that can't ask for the fingerprint forgets none: the next one sees the change."""
    peer.routes["/api/v1/pods"] = following(peer)
    reader = readers.start()
    readers.eventually(lambda: reader.feed.watching)
    auditor = Auditor(
        readers.client, Catalog(readers.client, reader.feed.options), lambda: [reader], grace=0.05
    )
    for said in ("one", None, "two"):
        index = {"paths": {"api/v1": {"serverRelativeURL": f"/openapi/v3/api/v1?hash={said}"}}}
        peer.routes["/openapi/v3"] = lambda ask, said=said, index=index: (
            ask.json(index) if said else ask.refuse(503)
        )
        auditor.audit(reader)
    readers.eventually(lambda: reader.feed.relists["schema"])
    assert 1 == reader.feed.relists["schema"]


def test_initial_events_that_lack_an_object_are_not_believed(peer: Any, readers: Any) -> None:
    """A relist that would make an object vanish which the server still has is done again, not shown."""
    rounds: list[Any] = []

    def answer(ask: Any) -> None:
        if "limit" in ask.query:
            ask.json(peer.listed(peer.pod("a", 3), peer.pod("b", 4)))
            return
        rounds.append(ask)
        ask.stream()
        ask.event("ADDED", peer.pod("a", 3))
        if len(rounds) != 2:
            ask.event("ADDED", peer.pod("b", 4))
        ask.bookmark("5", end=True)
        peer.hang()

    peer.routes["/api/v1/pods"] = answer
    reader = readers.start()
    readers.eventually(lambda: names(reader.feed) == ["a", "b"])
    seen = [names(reader.feed)]
    reader.relist("user")

    def again() -> bool:
        seen.append(names(reader.feed))
        return len(rounds) == 3 and reader.feed.watching

    readers.eventually(again)
    assert all(each == ["a", "b"] for each in seen)
    assert 1 == reader.feed.restarts["incomplete"]
