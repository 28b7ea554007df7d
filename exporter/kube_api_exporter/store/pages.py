"""A page: a few hundred neighbouring objects, kept as one run of bytes per family.

Changes wait beside the page and are worked in when somebody asks for its bytes, so that a burst of
changes costs one pass; a family in which nothing changed keeps its bytes and their compressed forms.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate, groupby, islice, pairwise

from kube_api_exporter.render.renderer import Key, Pieces
from kube_api_exporter.store.chunks import Chunk

PAGE_OBJECTS = 256
# What a page is laid of: a run of objects that stay as they are, or objects that are new.
Step = tuple[int, int] | list[Pieces]


class Page:
    """Objects in order, and what has changed in them since their bytes were joined."""

    __slots__ = ("chunks", "keys", "pending")

    def __init__(self, keys: list[Key], chunks: dict[str, Chunk]) -> None:
        self.keys = keys
        self.chunks = chunks
        self.pending: dict[Key, Pieces | None] = {}

    @property
    def is_full(self) -> bool:
        """Whether it has the usual size and nothing waits to be worked in."""
        return len(self.keys) >= PAGE_OBJECTS and not self.pending

    def merge(self) -> None:
        """Work in the changes."""
        if not self.pending:
            return
        slots = {key: bisect_left(self.keys, key) for key in self.pending}
        known = {key for key, slot in slots.items() if slot < len(self.keys) and self.keys[slot] == key}
        replaced = {
            slots[key]: pieces for key, pieces in self.pending.items() if key in known and pieces is not None
        }
        if len(replaced) == len(self.pending):
            self._replace(replaced)
        else:
            self._rebuild({key for key in known if self.pending[key] is None})
        self.pending = {}

    def _replace(self, replaced: dict[int, Pieces]) -> None:
        """Put new lines in the place of old ones, where they differ."""
        families = self.chunks.keys() | {family for pieces in replaced.values() for family in pieces}
        for family in families:
            chunk = self.chunks.get(family)
            changed = {
                slot: new
                for slot, pieces in replaced.items()
                if (new := pieces.get(family, b"")) != (chunk.piece(slot) if chunk else b"")
            }
            if changed:
                self._set(family, _spliced(chunk or Chunk(b"", [0] * len(self.keys)), changed))

    def _rebuild(self, gone: set[Key]) -> None:
        """Lay the page anew: objects came or went."""
        put = {key: pieces for key, pieces in self.pending.items() if pieces is not None}
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
