"""Chunks → a block of Prometheus' database, as an engine finds it when it starts: nothing is unpacked.

The formats are Prometheus' own (tsdb/docs/format: chunks version 1, index version 2), and every part of a
block carries its check sum. A block has each series once, its chunks in order of time and apart from each
other. Where two chunks of a series overlap, the later one to come goes into one more block: blocks may
overlap, and Prometheus merges what it reads of them.
"""

import json
import random
import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path

import google_crc32c

from alertdrill.errors import LabError
from alertdrill.prometheus.remote_read import Chunk

INDEX_HEAD = struct.pack(">IB", 0xBAAAD700, 2)
SEGMENT_HEAD = struct.pack(">IB3x", 0x85BD40DD, 1)
BUFFER_BYTES = 1024 * 1024
SEGMENT_BYTES_MAX = 512 * 1024 * 1024
CODES = {encoding: bytes((encoding,)) for encoding in (1, 2, 3)}  # XOR, histogram, histogram of floats
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ALL = ("", "")  # the entry under which every series is listed

Labels = tuple[tuple[str, str], ...]
# Of every chunk of a series: the first and the last time, and where it is.
Chunks = tuple["array[int]", "array[int]", "array[int]"]


class Blocks:
    """Writes chunks below a folder as they come; `close` makes blocks of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._layers: list[_Block] = []

    def add(self, labels: Labels, chunk: Chunk) -> None:
        """Add one chunk of a series; one that is there already is left out."""
        if chunk.encoding not in CODES:
            raise LabError(
                f"a chunk of {dict(labels)} is of the encoding {chunk.encoding}, which is not known here"
            )
        for layer in self._layers:
            if layer.add(labels, chunk):
                return
        self._layers.append(_Block(self._folder))
        self._layers[-1].add(labels, chunk)

    def close(self) -> None:
        """Write what is known only at the end."""
        for layer in self._layers:
            layer.close()


class _Block:
    """One block; of each chunk three numbers are kept in memory."""

    def __init__(self, folder: Path) -> None:
        digits = (random.SystemRandom().choice(CROCKFORD) for _ in range(25))
        self._ulid = "".join(("0", *digits))  # 128 bits are 25 digits of 5, and no more than 7 before
        self._path = folder / self._ulid
        (self._path / "chunks").mkdir(parents=True)
        self._series: dict[Labels, Chunks] = {}
        self._segment = 0
        self._open_segment()

    def _open_segment(self) -> None:
        self._segment += 1
        self._stream = (self._path / "chunks" / f"{self._segment:06d}").open("wb", BUFFER_BYTES)
        self._stream.write(SEGMENT_HEAD)
        self._offset = len(SEGMENT_HEAD)

    def add(self, labels: Labels, chunk: Chunk) -> bool:
        """Add a chunk, and say whether it is in here now: not if it overlaps another of its series."""
        found = self._series.get(labels)
        if found is None:
            found = self._series[labels] = (array("q"), array("q"), array("Q"))
        firsts, lasts, places = found
        # Nearly always a chunk is later than all before.
        place = len(firsts) if not lasts or lasts[-1] < chunk.first else bisect_left(firsts, chunk.first)
        if place < len(firsts) and firsts[place] <= chunk.last:
            return firsts[place] == chunk.first and lasts[place] == chunk.last
        if place and lasts[place - 1] >= chunk.first:
            return False
        firsts.insert(place, chunk.first)
        lasts.insert(place, chunk.last)
        places.insert(place, self._write(chunk))
        return True

    def _write(self, chunk: Chunk) -> int:
        content = b"".join((CODES[chunk.encoding], chunk.data))
        whole = b"".join((_uvarint(len(chunk.data)), content, _sum(content)))
        if self._offset + len(whole) > SEGMENT_BYTES_MAX:
            self._stream.close()
            self._open_segment()
        at = (self._segment - 1) << 32 | self._offset
        self._stream.write(whole)
        self._offset += len(whole)
        return at

    def close(self) -> None:
        """Write the index, and what the block is."""
        self._stream.close()
        _Index(self._path / "index", self._series).write()
        chunks = sum(len(firsts) for firsts, _, _ in self._series.values())
        meta = {
            "ulid": self._ulid,
            "minTime": min(firsts[0] for firsts, _, _ in self._series.values()),
            "maxTime": max(lasts[-1] for _, lasts, _ in self._series.values()) + 1,
            "stats": {"numSeries": len(self._series), "numChunks": chunks},
            "compaction": {"level": 1, "sources": [self._ulid]},
            "version": 1,
        }
        (self._path / "meta.json").write_text(json.dumps(meta))


class _Index:
    """The index of a block: symbols, series, postings, and where each begins."""

    def __init__(self, path: Path, series: dict[Labels, Chunks]) -> None:
        self._path = path
        self._series = sorted(series.items())
        words = {word for labels, _ in self._series for pair in labels for word in pair}
        # Prometheus sorts bytes, as Python does code points: UTF-8 keeps their order.
        self._symbols = {word: number for number, word in enumerate(sorted(words | {""}))}

    def write(self) -> None:
        """Write it, in the order of the format."""
        with self._path.open("wb") as stream:
            stream.write(INDEX_HEAD)
            symbols = b"".join(_text(word) for word in self._symbols)
            stream.write(_section(struct.pack(">I", len(self._symbols)) + symbols))
            series_at = stream.tell()
            postings: dict[tuple[str, str], list[int]] = {ALL: []}
            for labels, those in self._series:
                stream.write(b"\0" * (-stream.tell() % 16))
                reference = stream.tell() // 16
                content = self._entry(labels, those)
                stream.write(_uvarint(len(content)) + content + _sum(content))
                for pair in (ALL, *labels):
                    postings.setdefault(pair, []).append(reference)
            stream.write(b"\0" * (-stream.tell() % 4))
            postings_at = stream.tell()
            table = []
            for (name, value), references in sorted(postings.items()):
                table.append(b"\x02" + _text(name) + _text(value) + _uvarint(stream.tell()))
                listed = struct.pack(f">I{len(references)}I", len(references), *references)
                stream.write(_section(listed))
            table_at = stream.tell()
            stream.write(_section(struct.pack(">I", len(table)) + b"".join(table)))
            contents = struct.pack(">6Q", len(INDEX_HEAD), series_at, 0, 0, postings_at, table_at)
            stream.write(contents + _sum(contents))

    def _entry(self, labels: Labels, those: Chunks) -> bytes:
        symbols = (_uvarint(self._symbols[word]) for pair in labels for word in pair)
        return b"".join((_uvarint(len(labels)), *symbols, _uvarint(len(those[0])), *_chunks(*those)))


def _chunks(firsts: Sequence[int], lasts: Sequence[int], places: Sequence[int]) -> Iterator[bytes]:
    """Yield where each chunk is and when it begins and ends, as steps from the one before."""
    last, place = 0, 0
    for number, (first, end, at) in enumerate(zip(firsts, lasts, places, strict=True)):
        if number == 0:
            yield _varint(first) + _uvarint(end - first) + _uvarint(at)
        else:
            yield _uvarint(first - last) + _uvarint(end - first) + _varint(at - place)
        last, place = end, at


def _section(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content + _sum(content)


def _sum(content: bytes) -> bytes:
    return int(google_crc32c.value(content)).to_bytes(4, "big")


def _text(word: str) -> bytes:
    raw = word.encode()
    return _uvarint(len(raw)) + raw


def _varint(number: int) -> bytes:
    """Return a number that may be negative: its sign is the last bit."""
    return _uvarint(number << 1 if number >= 0 else (-number << 1) - 1)


def _uvarint(number: int) -> bytes:
    if number < 0x80:  # noqa: PLR2004  # seven bits a byte
        return bytes((number,))
    if number < 0x4000:  # noqa: PLR2004  # and so in two bytes, as most are
        return bytes((number & 0x7F | 0x80, number >> 7))
    if number < 0x20_0000:  # noqa: PLR2004  # or three
        return bytes((number & 0x7F | 0x80, number >> 7 & 0x7F | 0x80, number >> 14))
    found = bytearray()
    while number > 0x7F:  # noqa: PLR2004  # seven bits a byte
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)
