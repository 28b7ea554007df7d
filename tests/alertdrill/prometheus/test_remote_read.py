"""Series in chunks, in whatever way protobuf lets a server write them."""

import google_crc32c
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertdrill.errors import LabError
from alertdrill.prometheus import remote_read
from alertdrill.prometheus.remote_read import Chunk, ChunkedSeries

TIMES = st.integers(-(2**63), 2**63 - 1)
CHUNKS = st.builds(
    lambda first, last, encoding, data: (first, last, encoding, data),
    TIMES,
    TIMES,
    st.integers(1, 3),
    st.binary(max_size=300),
)
LABELS = st.lists(st.tuples(st.text(max_size=5), st.text(max_size=200)), max_size=4)


def varint(number: int) -> bytes:
    """Return a number as protobuf writes it."""
    rest, found = number % 2**64, bytearray()
    while rest > 0x7F:
        found.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes((*found, rest))


def field(number: int, content: bytes | int) -> bytes:
    """Return a field of a message."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def fields(chunk: tuple[int, int, int, bytes]) -> list[bytes]:
    """Return the fields of a chunk, in the order in which Prometheus writes them."""
    first, last, encoding, data = chunk
    return [field(1, first), field(2, last), field(3, encoding), field(4, data)]


def written(labels: list[tuple[str, str]], chunks: list[bytes], *, query: int = 0) -> memoryview:
    """Return a frame with one series."""
    named = [field(1, field(1, name.encode()) + field(2, value.encode())) for name, value in labels]
    series = field(1, b"".join((*named, *(field(2, chunk) for chunk in chunks))))
    return memoryview(series + field(2, query) if query else series)


@given(LABELS, st.lists(CHUNKS, max_size=4), st.permutations(range(4)), st.booleans())
def test_the_order_of_fields_makes_no_difference(
    labels: list[tuple[str, str]],
    chunks: list[tuple[int, int, int, bytes]],
    order: list[int],
    more: bool,  # noqa: FBT001
) -> None:
    """What Prometheus writes is read, and so is the same in another order, with fields nobody knows."""
    extra = [field(15, 7)] if more else []
    usual = [b"".join(fields(one)) for one in chunks]
    other = [b"".join([*(fields(one)[place] for place in order), *extra]) for one in chunks]
    expected = ChunkedSeries(tuple(labels), tuple(Chunk(*one[:3], memoryview(one[3])) for one in chunks))
    assert [expected] == list(remote_read.chunked(written(labels, usual)))
    assert [expected] == list(remote_read.chunked(written(labels, other)))


@given(LABELS, st.lists(CHUNKS, min_size=1, max_size=3), st.data())
def test_what_breaks_off_is_no_series(
    labels: list[tuple[str, str]], chunks: list[tuple[int, int, int, bytes]], data: st.DataObject
) -> None:
    """A chunk that claims more bytes than its series has is refused, wherever it ends."""
    whole = [b"".join(fields(one)) for one in chunks]
    content = field(2, whole[-1])
    cut = content[: data.draw(st.integers(1, len(content) - 1))]
    before = b"".join(
        [
            *(field(1, field(1, name.encode()) + field(2, value.encode())) for name, value in labels),
            *(field(2, chunk) for chunk in whole[:-1]),
        ]
    )
    with pytest.raises(LabError):
        list(remote_read.chunked(memoryview(field(1, before + cut))))


def test_a_frame_says_to_which_query_it_belongs() -> None:
    """The first one is not said; a number that was not asked is refused."""
    assert [0, 3] == [remote_read.query(written([], [], query=number), 4) for number in (0, 3)]
    for number in (4, -1):
        with pytest.raises(LabError, match=f"it answers the query number {number}, and 4 were asked"):
            remote_read.query(written([], [], query=number), 4)


@given(st.lists(st.binary(max_size=300), max_size=5), st.integers(1, 50))
def test_a_frame_comes_whole_however_it_is_cut(bodies: list[bytes], size: int) -> None:
    """What is kept of a stream is what came, byte by byte."""
    stream = b"".join(
        varint(len(one)) + int(google_crc32c.value(one)).to_bytes(4, "big") + one for one in bodies
    )
    taken = remote_read.Frames()
    found = [
        frame for place in range(0, len(stream), size) for frame in taken.feed(stream[place : place + size])
    ]
    taken.end()
    assert (bodies, stream) == ([bytes(one.body) for one in found], b"".join(one.whole for one in found))
    assert bodies == [bytes(one) for one in remote_read.frames(memoryview(stream))]
