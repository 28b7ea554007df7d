"""Bytes in pages, against a plain dict."""

import zlib

import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from kube_api_exporter.render.parts import Rendered, whole
from kube_api_exporter.store import pages, store
from kube_api_exporter.store.store import Store

Key = tuple[str, str]
Pieces = dict[str, bytes]

FAMILIES = ("a", "b", "c")
keys = st.tuples(st.sampled_from(["", "n", "m"]), st.sampled_from("abcdefghijklmnopqrstuvwxyz"))
pieces = st.dictionaries(st.sampled_from(FAMILIES), st.sampled_from([b"1\n", b"22\n", b"1\n22\n"]))
changes = st.lists(st.tuples(keys, st.none() | pieces))


def held(of: Store) -> dict[str, bytes]:
    """Return family → all its bytes."""
    return {family: b"".join(chunk.data for chunk in chunks) for family, chunks in of.snapshot().items()}


def expected(model: dict[Key, Pieces]) -> dict[str, bytes]:
    """Return the same from a dict of objects."""
    found = {family: b"".join(model[key].get(family, b"") for key in sorted(model)) for family in FAMILIES}
    return {family: data for family, data in found.items() if data}


@pytest.fixture(autouse=True, scope="module")
def small_pages() -> object:
    """Let pages be so small that a test has many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "PAGE_OBJECTS", 4)
        patch.setattr(store, "PAGE_OBJECTS", 4)
        patch.setattr(store, "WAITING_MAX", 5)
        yield


@given(st.lists(changes, max_size=6))
def test_a_store_holds_what_was_put_in_order(rounds: list[list[tuple[Key, Pieces | None]]]) -> None:
    """After any changes, with snapshots between them, the bytes are those of a sorted dict."""
    subject, model = Store(), dict[Key, Pieces]()
    for batch in rounds:
        for key, new in batch:
            if new is None:
                subject.delete(key)
                model.pop(key, None)
            else:
                subject.put(key, f"id {len(new)}", whole(new))
                model[key] = new
        assert expected(model) == held(subject)
        assert len(model) == len(subject)
        assert sum(data.count(b"\n") for data in expected(model).values()) == subject.series
        assert model.keys() == subject.idents().keys()


def test_a_snapshot_never_changes() -> None:
    """What a scrape holds stays as it was, whatever happens afterwards."""
    subject = Store()
    subject.put(("n", "x"), "1", whole({"a": b"1\n"}))
    before = subject.snapshot()
    subject.put(("n", "x"), "2", whole({"a": b"2\n"}))
    subject.put(("n", "w"), "2", whole({"a": b"3\n"}))
    assert [b"1\n"] == [chunk.data for chunk in before["a"]]
    assert {"a": b"3\n2\n"} == held(subject)


def test_a_family_in_which_nothing_changed_keeps_its_compressed_form() -> None:
    """An update that changes one family leaves the others' chunks the very same objects."""
    subject = Store()
    subject.put(("n", "x"), "1", whole({"a": b"1\n", "b": b"1\n"}))
    before = subject.snapshot()
    subject.put(("n", "x"), "2", whole({"a": b"1\n", "b": b"2\n"}))
    after = subject.snapshot()
    assert before["a"][0] is after["a"][0]
    assert before["b"][0] is not after["b"][0]


def test_chunks_decompress_to_their_data() -> None:
    """Members and frames stand for themselves and may be joined."""
    subject = Store()
    subject.put(("n", "x"), "1", whole({"a": b"1\n" * 1000}))
    chunk = subject.snapshot()["a"][0]
    twice = zlib.decompressobj(31)
    assert chunk.data == twice.decompress(chunk.gzip * 2)
    assert chunk.gzip == twice.unused_data
    assert chunk.data == zstandard.decompress(chunk.zstd)
    assert chunk.gzip is chunk.encoded("gzip")
    assert chunk.data is chunk.encoded("")


def test_a_change_of_nothing_leaves_the_snapshot() -> None:
    """An object of which only the version is new costs the next scrape nothing."""
    subject = Store()
    subject.put(("n", "x"), "1", whole({"a": b"1\n"}))
    before = subject.snapshot()
    subject.put(("n", "x"), "2", whole({"a": b"1\n"}))
    assert before is subject.snapshot()
    assert {("n", "x"): "2"} == subject.idents()


@given(
    st.lists(st.tuples(keys, st.none() | st.tuples(pieces, st.sets(st.sampled_from(FAMILIES)))), max_size=20)
)
@example([(("n", "a"), ({"a": b"1\n"}, set())), (("n", "a"), None), (("n", "a"), ({}, {"a"}))])
def test_families_that_are_kept_stay(history: list[tuple[Key, tuple[Pieces, set[str]] | None]]) -> None:
    """What is not put anew of an object is as it was, whether it waits or is joined."""
    subject, model = Store(), dict[Key, Pieces]()
    for turn, (key, change) in enumerate(history):
        if change is None:
            subject.delete(key)
            model.pop(key, None)
        else:
            new, kept = change
            stays = {family: said for family, said in model.get(key, {}).items() if family in kept}
            put = {family: said for family, said in new.items() if family not in kept}
            model[key] = {**stays, **put}
            subject.put(key, str(turn), Rendered(put, whole(model[key]).series, kept=kept))
        if turn % 3 == 0:
            assert expected(model) == held(subject)
    assert expected(model) == held(subject)
    assert sum(whole(one).series for one in model.values()) == subject.series
