"""What a command prints: all of it if it is short, else its beginning and its end."""

import codecs

import msgspec

from exporter_kit.masks import REACH, Masks

HEAD_BYTES = 64 * 1024
TAIL_BYTES = 64 * 1024


class Output(msgspec.Struct, frozen=True):
    """Output as text, masked; `missing_bytes` were left out between head and tail."""

    head: str = ""
    tail: str = ""
    total_bytes: int = 0
    missing_bytes: int = 0

    @property
    def truncated(self) -> bool:
        """Whether anything was left out."""
        return self.missing_bytes > 0

    def text(self) -> str:
        """Return it in one piece, with a line that says how much is missing."""
        if not self.truncated:
            return self.head + self.tail
        return f"{self.head}\n… {self.missing_bytes:,} bytes left out …\n{self.tail}"


class Recorder:
    """Takes bytes as they come and keeps a bounded number of them.

    It keeps a little more than it shows, so that a secret across a cut is recognised (masks.REACH).
    """

    def __init__(self, head_bytes: int = HEAD_BYTES, tail_bytes: int = TAIL_BYTES) -> None:
        self._head_shown, self._tail_shown = head_bytes, tail_bytes
        self._head = bytearray()
        # Everything past the head that is shown goes round this ring.
        self._ring = bytearray(tail_bytes + REACH)
        self._in_ring = 0
        self.total = 0

    def feed(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""
        view = memoryview(data)
        room = self._head_shown + REACH - len(self._head)
        if room > 0:
            self._head += view[:room]
        past = max(0, self._head_shown - self.total)
        self.total += len(view)
        self._round(view[past:])

    def _round(self, view: memoryview) -> None:
        size = len(self._ring)
        skipped = max(0, len(view) - size)
        at = (self._in_ring + skipped) % size
        kept = view[skipped:]
        first = min(len(kept), size - at)
        self._ring[at : at + first] = kept[:first]
        self._ring[: len(kept) - first] = kept[first:]
        self._in_ring += len(view)

    def _ring_bytes(self) -> bytes:
        size = len(self._ring)
        if self._in_ring <= size:
            return bytes(self._ring[: self._in_ring])
        at = self._in_ring % size
        return bytes(self._ring[at:] + self._ring[:at])

    def output(self, masks: Masks, *, ended: bool = True) -> Output:
        """Return what there is. While a run is in progress its last, unfinished line is held back."""
        ring = self._ring_bytes()
        missing = max(0, self.total - self._head_shown - self._tail_shown)
        if not missing:
            whole = bytes(self._head[: self._head_shown]) + ring
            if not ended:
                whole = whole[: whole.rfind(b"\n") + 1]
            return Output(head=masks.hide(whole.decode(errors="replace")), total_bytes=self.total)
        head = bytes(self._head)
        # Until the ring has gone round, what came before it is the head: a secret may begin there.
        joined = ring if self._in_ring > len(self._ring) else head[: self._head_shown] + ring
        before = _aligned(joined, len(joined) - self._tail_shown)
        if not ended:
            joined = joined[: joined.rfind(b"\n") + 1]
        first = _aligned(joined, 0)
        return Output(
            head=masks.hide(head.decode(errors="replace"), end=_chars(head[: self._head_shown])),
            tail=masks.hide(joined[first:].decode(errors="replace"), start=_chars(joined[first:before])),
            total_bytes=self.total,
            missing_bytes=missing,
        )


def _chars(prefix: bytes) -> int:
    """Return how many characters of a text lie wholly within its first bytes."""
    return len(codecs.getincrementaldecoder("utf-8")("replace").decode(prefix))


def _aligned(raw: bytes, at: int) -> int:
    """Return the next place where a character can begin: UTF-8 has at most three bytes that continue one."""
    for _ in range(3):
        if at < len(raw) and raw[at] & 0xC0 == 0x80:  # noqa: PLR2004  # the bits of a continuing byte
            at += 1
    return at
