"""Chunks of one Prometheus, found by another in a block: sample by sample what the first one has."""

import itertools
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alertdrill import engine
from alertdrill.engine import Engine
from alertdrill.engine.block import Blocks
from alertdrill.errors import LabError
from alertdrill.incident import STALE, Series
from alertdrill.prometheus import remote_read
from alertdrill.prometheus.remote_read import Chunk, ChunkedSeries, Matcher

T0 = 1_600_000_000_000  # ms
STEP = 15_000
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def source() -> Iterator[Engine]:
    """Start the Prometheus whose history is read."""
    with engine.started() as one:
        yield one


def read(source: Engine, name: str, first: int = T0 - 10**9, last: int = T0 + 10**10) -> list[ChunkedSeries]:
    """Return what the source's remote read gives of a metric, in chunks."""
    body = remote_read.request([Matcher("__name__", "=", name)], first, last)
    url = f"{source.url}/api/v1/read"
    with requests.post(url, body, headers=remote_read.HEADERS, stream=True, timeout=30) as reply:
        assert reply.headers["Content-Type"].startswith(remote_read.STREAMED), reply.text
        taken, found = remote_read.Frames(), []
        for piece in reply.iter_content(1000):
            found += [one for frame in taken.feed(piece) for one in remote_read.chunked(frame.body)]
        taken.end()
    return found


def copied(found: list[ChunkedSeries], name: str) -> list[Series]:
    """Return what an engine has of a metric whose chunks are put into its folder."""

    def fill(folder: Path) -> None:
        blocks = Blocks(folder)
        for one in found:
            for chunk in one.chunks:
                blocks.add(one.labels, chunk)
        blocks.close()

    with engine.started(fill) as one:
        return samples(one, name)


def samples(running: Engine, name: str) -> list[Series]:
    """Return every sample an engine has of a metric; one that marks an end is seen by its gap."""
    found = running.prometheus.samples(name, start=T0 / 1000 - 10**6, end=T0 / 1000 + 10**7)
    return sorted(found, key=lambda one: sorted(one.labels.items()))


VALUES = st.floats(allow_nan=False) | st.integers(0, 5).map(float) | st.just(STALE)


@given(st.lists(st.lists(VALUES, min_size=1, max_size=300), min_size=1, max_size=4))
@settings(max_examples=8, suppress_health_check=list(HealthCheck))
def test_a_copy_has_every_sample(source: Engine, values: list[list[float]]) -> None:
    """Whatever the values are, however many chunks they fill, the engine answers what the source answers."""
    metric = f"m{next(NUMBERS)}"
    source.write(
        Series(
            labels={"__name__": metric, "é": f'"{number}\n'},
            timestamps=tuple(T0 + STEP * place for place in range(len(those))),
            values=tuple(those),
        )
        for number, those in enumerate(values)
    )
    assert samples(source, metric) == copied(read(source, metric), metric)


def test_a_marker_comes_along(source: Engine) -> None:
    """Where a series ended, the copy ends at once, and not after five minutes."""
    times = tuple(T0 + STEP * place for place in range(3))
    source.write([Series(labels={"__name__": "ended"}, timestamps=times, values=(1.0, 2.0, STALE))])
    found = read(source, "ended")

    def fill(folder: Path) -> None:
        blocks = Blocks(folder)
        blocks.add(found[0].labels, found[0].chunks[0])
        blocks.close()

    with engine.started(fill) as one:
        (answer,) = one.ask("ended", start=T0 / 1000, end=T0 / 1000 + 60, step=15)
    assert (1.0, 2.0) == answer.values


def test_chunks_may_come_in_any_order_and_twice_and_overlap(source: Engine) -> None:
    """Pieces of one history, read one by one and again, come to the same history."""
    many = 2_000
    times = tuple(T0 + STEP * place for place in range(many))
    source.write(
        [Series(labels={"__name__": "long"}, timestamps=times, values=tuple(map(math.sin, range(many))))]
    )
    cut = T0 + STEP * 700
    parts = [*read(source, "long", first=cut, last=cut + 10**10), *read(source, "long", last=cut - 1)]
    whole = read(source, "long")
    expected = samples(source, "long")
    assert expected == copied(parts, "long")
    assert expected == copied([*parts, *whole, *parts], "long")
    assert many == len(expected[0].values)


def test_a_chunk_that_nobody_here_knows_is_refused(tmp_path: Path) -> None:
    """A later Prometheus may pack samples otherwise; what can't be read is not passed on as if it could."""
    with pytest.raises(LabError, match="of the encoding 9, which is not known here"):
        Blocks(tmp_path).add((("__name__", "m"),), Chunk(1, 2, 9, memoryview(b"")))
