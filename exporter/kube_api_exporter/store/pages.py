"""A page: a few hundred neighbouring objects, kept as one run of bytes per family.

Changes wait beside the page and are worked in when somebody asks for its bytes, so that a burst of
changes costs one pass, over the families that changed; the others keep their bytes and compressed forms.
"""

from array import array
from bisect import bisect_left
from collections.abc import Container, Iterator
from itertools import accumulate, groupby, islice, pairwise

from kube_api_exporter.render.parts import Pieces
from kube_api_exporter.render.renderer import Key
from kube_api_exporter.store.chunks import Chunk

PAGE_OBJECTS = 256
# What a page is laid of: a run of objects that stay as they are, or objects that are new.
Step = tuple[int, int] | list[Pieces]
NOTHING: Pieces = {}


class Page:
    """Objects in order, and what has changed in them since their bytes were joined.

    `pending` holds the families that changed, without lines where they are gone; of an object that is new all
    that it has; None where the object is gone. `waiting` is how much that is.
    """

    __slots__ = ("chunks", "keys", "pending", "waiting")

    def __init__(self, keys: list[Key], chunks: dict[str, Chunk]) -> None:
        self.keys = keys
        self.chunks = chunks
        self.pending: dict[Key, Pieces | None] = {}
        self.waiting = 0

    @property
    def is_full(self) -> bool:
        """Whether it has the usual size and nothing waits to be worked in."""
        return len(self.keys) >= PAGE_OBJECTS and not self.pending

    def put(self, key: Key, pieces: Pieces, kept: Container[str] = ()) -> bool:
        """Note what is new about an object, whose `kept` families stay; return whether anything is."""
        slot = self._slot(key)
        waiting = self.pending.get(key, NOTHING)
        if waiting is None:
            kept = ()  # it was gone meanwhile, and nothing stays of that
        stays = {family: new for family, new in waiting.items() if family in kept} if waiting else {}
        if slot is None:
            self._note(key, stays | pieces if stays else pieces)
            return True
        for family, new in pieces.items():
            chunk = self.chunks.get(family)
            if new != (chunk.piece(slot) if chunk else b""):
                stays[family] = new
        for family, chunk in self.chunks.items():
            if family not in pieces and family not in kept and chunk.piece(slot):
                stays[family] = b""
        if not stays and key not in self.pending:
            return False
        self._note(key, stays)
        return True

    def delete(self, key: Key) -> None:
        """Note that an object is gone."""
        self._note(key, None)

    def _note(self, key: Key, pieces: Pieces | None) -> None:
        before = self.pending.get(key)
        self.waiting += len(pieces or ()) - len(before or ()) + (key not in self.pending)
        self.pending[key] = pieces

    def _slot(self, key: Key) -> int | None:
        """Return where the object stands in the bytes, if it does."""
        slot = bisect_left(self.keys, key)
        return slot if slot < len(self.keys) and self.keys[slot] == key else None

    def merge(self) -> None:
        """Work in the changes."""
        changed: dict[str, dict[int, bytes]] = {}
        put: dict[Key, Pieces] = {}
        gone: set[Key] = set()
        for key, pieces in self.pending.items():
            slot = self._slot(key)
            if pieces is None:
                gone.add(key)
            elif slot is None:
                put[key] = pieces
            else:
                for family, new in pieces.items():
                    changed.setdefault(family, {})[slot] = new
        for family, new_by_slot in changed.items():
            chunk = self.chunks.get(family) or Chunk(b"", [0] * len(self.keys))
            self._set(family, _spliced(chunk, new_by_slot))
        if put or gone:
            self._rebuild(put, gone)
        self.pending, self.waiting = {}, 0

    def _rebuild(self, put: dict[Key, Pieces], gone: set[Key]) -> None:
        """Lay the page anew: objects came or went."""
        keys = sorted((set(self.keys) - gone) | put.keys())
        plan = list(_plan(keys, self.keys, put))
        families = self.chunks.keys() | {family for pieces in put.values() for family in pieces}
        for family in families:
            self._set(family, _laid(self.chunks.get(family), plan, family))
        self.keys = keys

    def _set(self, family: str, chunk: Chunk) -> None:
        if chunk.data:
            self.chunks[family] = chunk
        else:
            self.chunks.pop(family, None)

    def split(self) -> "list[Page]":
        """Return this page as pages of the usual size."""
        count = len(self.keys)
        cuts = [*range(0, max(count - PAGE_OBJECTS // 2, 1), PAGE_OBJECTS), count]
        return [self._part(start, stop) for start, stop in pairwise(cuts)]

    def _part(self, start: int, stop: int) -> "Page":
        chunks = {}
        for family, chunk in self.chunks.items():
            first = chunk.ends[start - 1] if start else 0
            data = chunk.data[first : chunk.ends[stop - 1]]
            if data:
                chunks[family] = Chunk(data, [end - first for end in chunk.ends[start:stop]])
        return Page(self.keys[start:stop], chunks)


def _spliced(chunk: Chunk, changed: dict[int, bytes]) -> Chunk:
    """Return the chunk with some objects' lines exchanged."""
    parts, ends, at, shift, done = [], chunk.ends[:], 0, 0, 0
    for slot in sorted(changed):
        start = chunk.ends[slot - 1] if slot else 0
        parts += [chunk.data[at:start], changed[slot]]
        if shift:
            ends[done:slot] = type(ends)("I", [end + shift for end in chunk.ends[done:slot]])
        at, done = chunk.ends[slot], slot
        shift += len(changed[slot]) - (at - start)
    parts.append(chunk.data[at:])
    if shift:
        ends[done:] = type(ends)("I", [end + shift for end in chunk.ends[done:]])
    return Chunk(b"".join(parts), ends)


def _plan(keys: list[Key], old: list[Key], put: dict[Key, Pieces]) -> Iterator[Step]:
    """Yield the steps in order."""
    for is_new, some in groupby(keys, put.__contains__):
        if is_new:
            yield [put[key] for key in some]
        else:
            yield from _runs([bisect_left(old, key) for key in some])


def _runs(slots: list[int]) -> Iterator[tuple[int, int]]:
    """Yield neighbours among slots as (first, beyond the last)."""
    start = slots[0]
    for before, slot in pairwise(slots):
        if slot != before + 1:
            yield start, before + 1
            start = slot
    yield start, slots[-1] + 1


def _laid(chunk: Chunk | None, plan: list[Step], family: str) -> Chunk:
    """Return a family's bytes and ends by the plan."""
    parts: list[bytes] = []
    ends = array("I")
    at = 0
    for step in plan:
        if isinstance(step, list):
            new = [pieces.get(family, b"") for pieces in step]
            parts += new
            ends.extend(islice(accumulate(map(len, new), initial=at), 1, None))
        elif chunk is None:
            ends.extend([at] * (step[1] - step[0]))
        else:
            first = chunk.ends[step[0] - 1] if step[0] else 0
            parts.append(chunk.data[first : chunk.ends[step[1] - 1]])
            kept = chunk.ends[step[0] : step[1]]
            ends.extend(kept if first == at else [end - first + at for end in kept])
        at = ends[-1]
    return Chunk(b"".join(parts), ends)
