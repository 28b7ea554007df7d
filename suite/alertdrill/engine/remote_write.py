"""Series as Prometheus' remote write takes them: protobuf (prometheus.WriteRequest, version 1) in snappy.

WriteRequest { repeated TimeSeries timeseries = 1; }
TimeSeries   { repeated Label labels = 1; repeated Sample samples = 2; }
Label        { string name = 1; string value = 2; }
Sample       { double value = 1; int64 timestamp = 2; }
"""

import functools
import struct
from collections.abc import Iterable, Iterator
from itertools import pairwise

import cramjam

from alertdrill.errors import LabError
from alertdrill.incident import STALE, Series

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
# The NaN by which Prometheus marks that a series has ended.
STALE_BITS = 0x7FF0000000000002
FIRST_LENGTH, SECOND_LENGTH = b"\x0a", b"\x12"  # fields 1 and 2, each of a length
DOUBLE, TIMESTAMP = b"\x09", b"\x10"  # field 1, of eight bytes; field 2, a varint
SAMPLES_MAX = 50_000  # in one request; a series is never cut


def requests(series: Iterable[Series]) -> Iterator[bytes]:
    """Yield the bodies of as many requests as the series need."""
    parts: list[bytes] = []
    samples = 0
    for one in series:
        if not one.timestamps:
            continue
        _check(one)
        if samples and samples + len(one.timestamps) > SAMPLES_MAX:
            yield _body(parts)
            parts, samples = [], 0
        parts.append(_field(FIRST_LENGTH, _time_series(one)))
        samples += len(one.timestamps)
    if parts:
        yield _body(parts)


def _check(series: Series) -> None:
    """Refuse what Prometheus would leave out without a word."""
    if not series.labels.get("__name__") or not all(series.labels):
        raise LabError(f"writing samples into the engine: {series.labels} is no series, which has a name")
    if any(later <= earlier for earlier, later in pairwise(series.timestamps)):
        raise LabError(f"writing samples into the engine: the times of {series.labels} don't ascend")


def _body(parts: list[bytes]) -> bytes:
    return bytes(cramjam.snappy.compress_raw(b"".join(parts)))


def _time_series(series: Series) -> bytes:
    labels = [
        _field(FIRST_LENGTH, _field(FIRST_LENGTH, name.encode()) + _field(SECOND_LENGTH, value.encode()))
        for name, value in sorted(series.labels.items())
    ]
    values = b"".join(map(_double, series.values))
    samples = [
        head + values[place : place + 8] + tail
        for place, (head, tail) in zip(range(0, len(values), 8), _frames(series.timestamps), strict=True)
    ]
    return b"".join(labels + samples)


@functools.lru_cache(maxsize=16)  # many series have the times of one scrape
def _frames(timestamps: tuple[int, ...]) -> tuple[tuple[bytes, bytes], ...]:
    """Return what stands before and behind the eight bytes of each sample's value."""
    tails = [TIMESTAMP + _varint(ms) for ms in timestamps]
    return tuple((SECOND_LENGTH + _varint(len(DOUBLE) + 8 + len(tail)) + DOUBLE, tail) for tail in tails)


def _double(value: float | str) -> bytes:
    return struct.pack("<Q", STALE_BITS) if value == STALE else struct.pack("<d", value)


def _field(tag: bytes, content: bytes) -> bytes:
    return tag + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    rest = number & 0xFFFF_FFFF_FFFF_FFFF  # a negative number is written as its complement of two
    found = bytearray()
    while rest > 0x7F:  # noqa: PLR2004  # seven bits a byte
        found.append(rest & 0x7F | 0x80)
        rest >>= 7
    found.append(rest)
    return bytes(found)
