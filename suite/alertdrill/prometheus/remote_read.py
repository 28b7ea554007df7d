"""Series as Prometheus' remote read gives them: protobuf (prometheus.ReadRequest, version 1) in snappy.

ReadRequest  { repeated Query queries = 1; repeated ResponseType accepted_response_types = 2; }
Query        { int64 start_timestamp_ms = 1; int64 end_timestamp_ms = 2; repeated LabelMatcher matchers = 3; }
LabelMatcher { Type type = 1; string name = 2; string value = 3; }  (Type: 0 is =, 1 !=, 2 =~, 3 !~)

A server that streams answers frames: a varint that counts bytes, their CRC-32C in four, then these, which are
ChunkedReadResponse { repeated ChunkedSeries chunked_series = 1; int64 query_index = 2; }
ChunkedSeries       { repeated Label labels = 1; repeated Chunk chunks = 2; }
Chunk               { int64 min_time_ms = 1; int64 max_time_ms = 2; Encoding type = 3; bytes data = 4; }
Nobody looks into the chunks here: they go into a block of the engine as they came, markers and all.

A server that does not stream answers snappy of ReadResponse { repeated QueryResult results = 1; }, where
QueryResult { repeated TimeSeries timeseries = 1; }, as remote write has them.
"""

import functools
import re
import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import cramjam
import google_crc32c

from alertdrill.errors import LabError
from alertdrill.incident import STALE, Series

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Read-Version": "0.1.0",
}
STREAMED = "application/x-streamed-protobuf"
SAMPLED = "application/x-protobuf"
ACCEPTED = b"\x12\x02\x01\x00"  # a stream of chunks, else samples
TYPES = {"=": 0, "!=": 1, "=~": 2, "!~": 3}
FRAME_BYTES_MAX = 256 * 1024 * 1024
VARINT, DOUBLE, BYTES = 0, 1, 2  # how a field's content is written
STALE_BITS = 0x7FF0000000000002
LARGEST = 2**63
TRUNCATED = "it broke off half-way"
SAID_MAX = 300  # characters of a server's last words
LABEL, SHORT = 0x0A, 0x80  # the tag of a label in a series; lengths below are one byte
NUMBER = rb"([\x80-\xff]{0,9}[\x00-\x7f])"  # a varint
# A chunk in its series as Prometheus writes it, up to its data.
USUAL = re.compile(rb"\x12%s\x08%s\x10%s\x18%s\x22%s" % ((NUMBER,) * 5))


class GaveUpError(LabError):
    """A stream that ends in words: the server met trouble when it had said already that all is well."""


class Matcher(NamedTuple):
    """One condition on a label: `op` is =, !=, =~ or !~."""

    name: str
    op: str
    value: str


class Chunk(NamedTuple):
    """Samples as Prometheus packs them; times in milliseconds, `encoding` as its database writes it."""

    first: int
    last: int
    encoding: int
    data: memoryview


class ChunkedSeries(NamedTuple):
    """A series, or a part of one, in chunks."""

    labels: tuple[tuple[str, str], ...]
    chunks: tuple[Chunk, ...]


def request(matchers: Iterable[Matcher], first: int, last: int) -> bytes:
    """Return the body of a request for all samples from `first` to `last`, in milliseconds and inclusive."""
    return requests([matchers], first, last)


def requests(several: Iterable[Iterable[Matcher]], first: int, last: int) -> bytes:
    """Return the body of a request with several queries: what comes says by `query` to which it belongs."""
    queries = (_field(b"\x0a", _query(matchers, first, last)) for matchers in several)
    return bytes(cramjam.snappy.compress_raw(b"".join(queries) + ACCEPTED))


def _query(matchers: Iterable[Matcher], first: int, last: int) -> bytes:
    query = b"".join((b"\x08", _varint(first), b"\x10", _varint(last)))
    for one in matchers:
        kind = b"\x08" + _varint(TYPES[one.op])
        matcher = kind + _field(b"\x12", one.name.encode()) + _field(b"\x1a", one.value.encode())
        query += _field(b"\x1a", matcher)
    return query


class Frame(NamedTuple):
    """A frame of a stream: its message, and the whole as it came."""

    body: memoryview
    whole: memoryview


class Frames:
    """Takes a stream's bytes as they come, and gives its frames, each whole and checked."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> Iterator[Frame]:
        """Yield the frames that are whole by now."""
        whole = memoryview(self._rest + piece)
        place = 0
        while (end := _end_of_frame(whole, place)) is not None and end[1] <= len(whole):
            start, stop = end
            body = whole[start:stop]
            if google_crc32c.value(bytes(body)) != int.from_bytes(whole[start - 4 : start], "big"):
                _check_words(whole[place:])
                raise LabError("a frame of it is damaged: its check sum is another one")
            yield Frame(body, whole[place:stop])
            place = stop
        self._rest = bytes(whole[place:])

    def end(self) -> None:
        """Take in that nothing follows; a frame that has only begun is a LabError."""
        if self._rest:
            _check_words(memoryview(self._rest))
            raise LabError(TRUNCATED)


def _check_words(rest: memoryview) -> None:
    """Raise what a server says in place of a frame."""
    words = str(rest[:SAID_MAX], "ascii", "replace").strip()
    if words.isprintable() and words.isascii() and " " in words:
        raise GaveUpError(f"it gave up half-way: {words}")


def frames(stored: memoryview) -> Iterator[memoryview]:
    """Yield the frames of a stream that has been checked."""
    place = 0
    while place < len(stored):
        end = _end_of_frame(stored, place)
        if end is None or end[1] > len(stored):
            raise LabError(TRUNCATED)
        yield stored[end[0] : end[1]]
        place = end[1]


def query(frame: memoryview, queries: int) -> int:
    """Return to which of so many queries of its request a frame belongs, by number."""
    found = 0
    for number, content in _fields(frame):
        if number == 2:  # noqa: PLR2004  # a field's number
            found = _signed(content)
    if not 0 <= found < queries:
        raise LabError(f"it answers the query number {found}, and {queries} were asked")
    return found


def chunked(frame: memoryview) -> Iterator[ChunkedSeries]:
    """Yield the series of a frame."""
    for number, content in _fields(frame):
        if number == 1:
            series = _bytes(content)
            yield _as_usual(series) or _chunked(series)


def _as_usual(content: memoryview) -> ChunkedSeries | None:
    """Return a series that is written as Prometheus does it, None for any other; there are many chunks."""
    chunks = []
    place, length = 0, len(content)
    while place + 1 < length and content[place] == LABEL and content[place + 1] < SHORT:
        place += 2 + content[place + 1]
    labels = bytes(content[:place])
    while place < length:
        head = USUAL.match(content, place)
        if head is None:
            return None
        size, first, last, encoding, data = head.groups()
        begin = head.end()
        place = begin + _number(data)
        if not begin <= place <= length or place != head.end(1) + _number(size):
            return None
        chunks.append(Chunk(_number(first), _number(last), _number(encoding), content[begin:place]))
    return ChunkedSeries(_labels(labels), tuple(chunks)) if place == length else None


def _chunked(content: memoryview) -> ChunkedSeries:
    labels, chunks = [], []
    for number, part in _fields(content):
        if number == 1:
            labels.append(_label(_bytes(part)))
        elif number == 2:  # noqa: PLR2004  # a field's number
            chunks.append(_chunk(_bytes(part)))
    return ChunkedSeries(tuple(labels), tuple(chunks))


@functools.lru_cache(maxsize=2**15)  # a series comes again with each piece
def _labels(content: bytes) -> tuple[tuple[str, str], ...]:
    return _chunked(memoryview(content)).labels


def sampled(body: bytes) -> Iterator[Series]:
    """Yield the series of an answer that is no stream."""
    try:
        response = memoryview(bytes(cramjam.snappy.decompress_raw(body)))
    except cramjam.DecompressionError as error:
        raise LabError(f"it is no snappy: {error}") from error
    for _, result in _fields(response):
        for number, content in _fields(_bytes(result)):
            if number == 1:
                yield _series(_bytes(content))


def _series(content: memoryview) -> Series:
    labels: dict[str, str] = {}
    times: list[int] = []
    values = []
    for number, part in _fields(content):
        if number == 1:
            name, value = _label(_bytes(part))
            labels[name] = value
        elif number == 2:  # noqa: PLR2004  # a field's number
            sample = dict(_fields(_bytes(part)))
            bits = sample.get(1, 0)
            stale = bits == STALE_BITS
            values.append(STALE if stale else struct.unpack("<d", struct.pack("<Q", bits))[0])
            times.append(_signed(sample.get(2, 0)))
    return Series(labels=labels, timestamps=tuple(times), values=tuple(values))


def _label(content: memoryview) -> tuple[str, str]:
    found = {number: str(_bytes(part), "utf-8", "replace") for number, part in _fields(content)}
    return found.get(1, ""), found.get(2, "")


def _chunk(content: memoryview) -> Chunk:
    found = dict(_fields(content))
    first, last, encoding = (_signed(found.get(number, 0)) for number in (1, 2, 3))
    return Chunk(first, last, encoding, _bytes(found.get(4, b"")))


def _bytes(content: int | memoryview | bytes) -> memoryview:
    if isinstance(content, int):
        raise LabError("it is no answer of a remote read: a number stands where a message was expected")
    return memoryview(content)


def _signed(content: int | memoryview | bytes) -> int:
    if not isinstance(content, int):
        raise LabError("it is no answer of a remote read: a message stands where a number was expected")
    return content - 2 * LARGEST if content >= LARGEST else content


def _fields(content: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield number and content of each field of a message."""
    place, length = 0, len(content)
    try:
        while place < length:
            tag, place = _read_varint(content, place)
            kind = tag & 7
            if kind == BYTES:
                size, place = _read_varint(content, place)
                if place + size > length:
                    raise LabError(TRUNCATED)
                yield tag >> 3, content[place : place + size]
                place += size
            elif kind == VARINT:
                value, place = _read_varint(content, place)
                yield tag >> 3, value
            elif kind == DOUBLE:
                yield tag >> 3, int.from_bytes(content[place : place + 8], "little")
                place += 8
            else:
                raise LabError("it is no answer of a remote read: a field of it is of no known type")
    except IndexError as error:
        raise LabError(TRUNCATED) from error


def _end_of_frame(whole: memoryview, place: int) -> tuple[int, int] | None:
    """Return where the content of a frame begins and ends, None where its head is not whole."""
    try:
        size, start = _read_varint(whole, place)
    except IndexError:
        return None
    if size > FRAME_BYTES_MAX:
        raise LabError(f"it is no stream of a remote read: a frame of {size} bytes begins in it")
    return start + 4, start + 4 + size


@functools.lru_cache(maxsize=2**16)  # many series have the times of one scrape
def _number(varint: bytes) -> int:
    return _signed(_read_varint(memoryview(varint), 0)[0])


def _read_varint(content: memoryview, place: int) -> tuple[int, int]:
    byte = content[place]
    place += 1
    if byte < 0x80:  # noqa: PLR2004  # seven bits a byte
        return byte, place
    value, shift = byte & 0x7F, 7
    while True:
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004  # seven bits a byte
            return value, place
        shift += 7
        if shift > 63:  # noqa: PLR2004  # bits
            raise LabError("it is no answer of a remote read: a number of it has no end")


def _varint(number: int) -> bytes:
    rest = number & 0xFFFF_FFFF_FFFF_FFFF  # a negative number is written as its complement of two
    found = bytearray()
    while rest > 0x7F:  # noqa: PLR2004  # seven bits a byte
        found.append(rest & 0x7F | 0x80)
        rest >>= 7
    found.append(rest)
    return bytes(found)


def _field(tag: bytes, content: bytes) -> bytes:
    return tag + _varint(len(content)) + content
