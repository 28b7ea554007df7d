"""The history of a server, fetched piece by piece into the cache, and from there into an engine.

A piece is named by whose it is, what was asked and for which time, and checked by its content when it is used
again: a run that was stopped goes on where it was, and two runs at once share what either has. Pieces that
may still grow are not kept.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import requests

from alertdrill.backtest import plan, raw
from alertdrill.backtest.plan import Share
from alertdrill.backtest.selector import Selector
from alertdrill.backtest.server import Server, TooMuchError
from alertdrill.engine.block import Blocks
from alertdrill.errors import LabError
from alertdrill.incident import Series
from alertdrill.machine import cache
from alertdrill.prometheus import remote_read

STAGE = "history"
FILE = "piece"
SETTLED_SECONDS = 900.0  # what is older will not change any more
TOLD = 10  # times that the progress is told
SHORTEST_MS = 60_000  # a piece that can't be had in this length can't be had


@dataclass(frozen=True)
class Piece:
    """A file with the samples of a selector from `first` to `last`, in milliseconds and inclusive."""

    selector: Selector
    first: int
    last: int
    file: Path


class History:
    """Fetches; `way` is one of plan.py, `now` when this run began, `folder` for what is not kept."""

    def __init__(
        self,
        server: Server,
        way: str,
        *,
        now: float,
        folder: Path,
        concurrency: int,
        tell: Callable[[str], None],
    ) -> None:
        self._server = server
        self._way = way
        self._settled = round((now - SETTLED_SECONDS) * 1000)
        self._folder = folder
        self._concurrency = concurrency
        self._tell = tell

    def fetch(self, shares: Iterable[Share]) -> list[Piece]:
        """Return all pieces, of each selector in order of time; those that are in the cache at once."""
        asked = [(share.selector, first, last) for share in shares for first, last in share.pieces()]
        found: list[Piece] = []
        with ThreadPoolExecutor(self._concurrency) as pool:
            waiting = [pool.submit(self._pieces, *one) for one in asked]
            try:
                for number, one in enumerate(waiting, 1):
                    found += one.result()
                    if number * TOLD // len(waiting) > (number - 1) * TOLD // len(waiting):
                        mebibytes = self._server.bytes / 2**20
                        self._tell(f"{number} of {len(waiting)} pieces are here; {mebibytes:.1f} MiB came")
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return found

    def _pieces(self, selector: Selector, first: int, last: int) -> list[Piece]:
        """Return a piece, or as many as the server gives it in."""
        try:
            return [Piece(selector, first, last, self._file(selector, first, last))]
        except TooMuchError as error:
            if last - first < 2 * SHORTEST_MS:
                raise LabError(f"{error}; it can't be had in shorter pieces than a minute") from error
            middle = (first + last) // 2
            return [*self._pieces(selector, first, middle), *self._pieces(selector, middle + 1, last)]

    def _file(self, selector: Selector, first: int, last: int) -> Path:
        def make(folder: Path) -> None:
            with (folder / FILE).open("wb") as stream:
                for part in self._asked(selector, first, last):
                    stream.write(part)

        if last > self._settled:
            folder = Path(tempfile.mkdtemp(dir=self._folder))
            make(folder)
            return folder / FILE
        words = (*self._server.access.identity, self._way, str(selector), str(first), str(last))
        return cache.entry(STAGE, cache.digest(*words), make) / FILE

    def _asked(self, selector: Selector, first: int, last: int) -> Iterator[bytes]:
        what = f"asking for {selector} {raw.span(first, last)}"
        if self._way in plan.BY_QUERY:
            yield self._server.ask(
                what,
                "POST",
                "query",
                lambda reply: raw.checked(what, b"".join(self._server.pieces(what, reply)), first, last),
                data=raw.query(selector, first, last),
            )
            return
        body = remote_read.request(selector.matchers, first, last)
        take = self._stream if self._way == "chunks" else self._samples
        yield self._server.ask(
            what,
            "POST",
            "read",
            lambda reply: take(what, reply, first, last),
            data=body,
            headers=remote_read.HEADERS,
        )

    def _stream(self, what: str, reply: requests.Response, first: int, last: int) -> bytes:
        """Return a stream of frames, each checked as it comes."""
        _check_type(what, reply, remote_read.STREAMED)
        taken, whole = remote_read.Frames(), []
        try:
            for piece in self._server.pieces(what, reply):
                for frame in taken.feed(piece):
                    _check_times(what, frame, first, last)
                whole.append(piece)
            taken.end()
        except LabError as error:
            raise type(error)(f"{what}: {error}" if what not in str(error) else str(error)) from error
        return b"".join(whole)

    def _samples(self, what: str, reply: requests.Response, first: int, last: int) -> bytes:
        _check_type(what, reply, remote_read.SAMPLED)
        body = b"".join(self._server.pieces(what, reply))
        for one in remote_read.sampled(body):
            raw.check_times(what, one.timestamps, first, last)
        return body


def _check_type(what: str, reply: requests.Response, expected: str) -> None:
    kind = reply.headers.get("Content-Type", "")
    if not kind.startswith(expected):
        raise LabError(f"{what}: looked for {expected} and got {kind or 'no type at all'}")


def _check_times(what: str, frame: memoryview, first: int, last: int) -> None:
    """Refuse chunks that have nothing of the time that was asked for."""
    for one in remote_read.chunked(frame):
        for chunk in one.chunks:
            if chunk.last < first or chunk.first > last:
                raw.check_times(what, (chunk.first, chunk.last), first, last)


def fill(pieces: Iterable[Piece]) -> Callable[[Path], None]:
    """Return what puts pieces in chunks into the folder of an engine that is about to start."""

    def put(folder: Path) -> None:
        blocks = Blocks(folder)
        for piece in pieces:
            for frame in remote_read.frames(memoryview(piece.file.read_bytes())):
                for one in remote_read.chunked(frame):
                    for chunk in one.chunks:
                        blocks.add(one.labels, chunk)
        blocks.close()

    return put


def series(pieces: Iterable[Piece], way: str) -> Iterator[Series]:
    """Yield the series of pieces that are no chunks, each whole; one selector's after the other's."""
    for _, those in groupby(pieces, key=lambda piece: piece.selector):
        found: dict[tuple[tuple[str, str], ...], list[Series]] = {}
        for piece in those:
            content = piece.file.read_bytes()
            parts = (
                raw.series(f"reading {piece.file}", content, piece.first, marked=way == "marked")
                if way in plan.BY_QUERY
                else remote_read.sampled(content)
            )
            for one in parts:
                found.setdefault(tuple(sorted(one.labels.items())), []).append(one)
        for labels, parts_of_one in found.items():
            yield Series(
                labels=dict(labels),
                timestamps=tuple(ms for one in parts_of_one for ms in one.timestamps),
                values=tuple(value for one in parts_of_one for value in one.values),
            )
