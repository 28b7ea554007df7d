"""All objects of one kind (and one namespace, where so asked), as bytes in a stable order."""

import sys
import threading
from bisect import bisect_right

from kube_api_exporter.render.parts import Parts, Rendered
from kube_api_exporter.render.renderer import Key, Renderer
from kube_api_exporter.store.chunks import Chunk
from kube_api_exporter.store.pages import PAGE_OBJECTS, Page

# How many families of objects may wait in a page: of dozens of new objects, or of many that changed a little.
WAITING_MAX = 2048
Snapshot = dict[str, list[Chunk]]
# Of an object: which state of it is held, its series, what is remembered of its parts.
Known = tuple[str, int, Parts]
NOBODY: Known = ("", 0, ())


class Store:
    """Written by one reader thread, read by any number of scrapes.

    The lock is held for a change, or to join what changed, never while anything is sent.
    """

    def __init__(self, renderer: Renderer | None = None) -> None:
        self.renderer = renderer  # whose names the bytes are in
        self._lock = threading.Lock()
        self._pages: list[Page] = [Page([], {})]
        self._firsts: list[Key] = [("", "")]
        self._known: dict[Key, Known] = {}
        self._dirty: set[int] = set()
        self._snapshot: Snapshot | None = None
        self.series = 0
        self.hidden: dict[Key, int] = {}  # objects past the budget → the series they would have

    def __len__(self) -> int:
        """How many objects there are."""
        return len(self._known)

    def series_of(self, key: Key) -> int:
        """Return how many series an object has now."""
        return self._known.get(key, NOBODY)[1]

    def parts(self, key: Key) -> Parts:
        """Return what is remembered of an object's parts."""
        return self._known.get(key, NOBODY)[2]

    def idents(self) -> dict[Key, str]:
        """Return which state of which object is held."""
        with self._lock:
            return {key: ident for key, (ident, *_) in self._known.items()}

    def put(self, key: Key, ident: str, rendered: Rendered) -> None:
        """Add or replace an object."""
        key = (sys.intern(key[0]), key[1])
        with self._lock:
            self.series += rendered.series - self.series_of(key)
            self._known[key] = (ident, rendered.series, rendered.parts)
            index = self._index(key, is_new=True)
            if self._pages[index].put(key, rendered.pieces, rendered.kept):
                self._changed(index)

    def delete(self, key: Key) -> None:
        """Remove an object, if it is there."""
        self.hidden.pop(key, None)
        with self._lock:
            known = self._known.pop(key, None)
            if known:
                self.series -= known[1]
                index = self._index(key)
                self._pages[index].delete(key)
                self._changed(index)

    def _index(self, key: Key, *, is_new: bool = False) -> int:
        """Return the index of the object's page; a new page is begun for what comes behind all others."""
        index = max(bisect_right(self._firsts, key) - 1, 0)
        page = self._pages[index]
        if is_new and index == len(self._pages) - 1 and page.is_full and page.keys[-1] < key:
            # Objects come in order when everything is read: no page is laid anew for the next ones.
            self._pages.append(Page([], {}))
            self._firsts.append(key)
            return index + 1
        return index

    def _changed(self, index: int) -> None:
        """Take note that a page has changed; one in which much waits is worked at once."""
        page = self._pages[index]
        self._dirty.add(index)
        self._snapshot = None
        # A page that has nothing yet waits until it is full: what is read in order is laid once.
        is_much = page.waiting >= WAITING_MAX if page.keys else len(page.pending) >= PAGE_OBJECTS
        if is_much:
            self._merge(index)

    def _merge(self, index: int) -> None:
        page = self._pages[index]
        page.merge()
        if len(page.keys) >= 2 * PAGE_OBJECTS or (not page.keys and len(self._pages) > 1):
            parts = page.split() if page.keys else []
            self._pages[index : index + 1] = parts
            # The first part keeps its old lower bound: changes for keys down to it may be waiting.
            bounds = [self._firsts[index], *(part.keys[0] for part in parts[1:])]
            self._firsts[index : index + 1] = bounds if parts else []
            self._dirty = {at for at, each in enumerate(self._pages) if each.pending}
        else:
            self._dirty.discard(index)

    def snapshot(self) -> Snapshot:
        """Return family → chunks in order, as of now; what is returned never changes."""
        with self._lock:
            if self._snapshot is None:
                while self._dirty:
                    self._merge(max(self._dirty))
                self._snapshot = {}
                for page in self._pages:
                    for family, chunk in page.chunks.items():
                        self._snapshot.setdefault(family, []).append(chunk)
            return self._snapshot
