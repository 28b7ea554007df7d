"""Feeds → the body of a scrape: cached chunks in order, in the format asked for."""

import threading
from collections.abc import Callable, Iterator, Sequence

from kube_api_exporter.scrape import escaping, helptext
from kube_api_exporter.scrape.negotiate import Format
from kube_api_exporter.store.chunks import Chunk
from kube_api_exporter.store.feed import Feed
from kube_api_exporter.store.store import Store


class Exposition:
    """Writes scrapes. Knows the headers it has written, so that their compressed forms are kept."""

    def __init__(self, feeds: Callable[[], Sequence[Feed]]) -> None:
        self._feeds = feeds
        self._headers: dict[tuple[str, str, int], Chunk] = {}
        self._lock = threading.Lock()

    def chunks(self, form: Format, coding: str, kinds: frozenset[str] | None) -> Iterator[bytes]:
        """Yield the encoded body, family by family; kinds that are not synced are absent."""
        for stores in self._stores(kinds):
            snapshots = [store.snapshot() for store in stores]
            families = sorted({family for snapshot in snapshots for family in snapshot})
            for family in families:
                found = [chunk for snapshot in snapshots for chunk in snapshot.get(family, ())]
                yield from self._family(stores[0], family, found, form, coding)

    def _stores(self, kinds: frozenset[str] | None) -> Iterator[list[Store]]:
        """Yield the stores of each kind, its namespaces in order; all of them or none."""
        feeds, grouped = self._feeds(), dict[str, list[Feed]]()
        # By label: of a kind by two of its names, only one feed holds the objects.
        words = ((feed.label, {feed.word, feed.label, feed.label.partition(".")[0]}) for feed in feeds)
        wanted = {label for label, said in words if kinds is None or said & kinds}
        for feed in feeds:
            if feed.label in wanted:
                grouped.setdefault(feed.label, []).append(feed)
        for those in grouped.values():
            stores = [feed.store for feed in sorted(those, key=lambda feed: feed.namespace or "")]
            held = [store for store in stores if store is not None]
            if len(held) == len(stores):
                yield held

    def _family(
        self, store: Store, family: str, chunks: list[Chunk], form: Format, coding: str
    ) -> Iterator[bytes]:
        header = self._header(store, family)
        assert store.renderer
        raw = store.renderer.families.utf8.get(family, family)
        wanted = escaping.family_name(family, raw, form.escaping)
        if wanted == family and form.escaping != "dots":
            yield from (chunk.encoded(coding) for chunk in (header, *chunks))
            return
        # Rare: rewritten for this scrape, and not kept.
        yield Chunk(escaping.rewrite_header(header.data, family, wanted, form.escaping)).encoded(coding)
        for chunk in chunks:
            yield Chunk(escaping.rewrite(chunk.data, family, wanted, form.escaping)).encoded(coding)

    def _header(self, store: Store, family: str) -> Chunk:
        assert store.renderer
        families = store.renderer.families
        key = (store.renderer.kind.name, family, len(families.paths.get(family, ())))
        with self._lock:
            found = self._headers.get(key)
            if found is None:
                found = Chunk(helptext.header(families, store.renderer.kind, family))
                self._headers[key] = found
        return found
