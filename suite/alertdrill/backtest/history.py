"""The history of a server, fetched piece by piece into the cache, and from there into an engine.

A piece is named by whose it is, what was asked and for which time, and checked by its content when it is used
again: a run that was stopped goes on where it was, and two runs at once share what either has. Pieces that
may still grow are not kept.
"""

import tempfile
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import requests

from alertdrill.backtest import plan, raw
from alertdrill.backtest.plan import Part, Plan
from alertdrill.backtest.selector import Selector
from alertdrill.backtest.server import LIMIT, Server, TooMuchError
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
    """Fetches; `now` is when this run began, `folder` for what is not kept."""

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
        self._answers_several = False  # as far as is known: some servers may know one query in a request only
        self._unsure = threading.Lock()  # until it is known such requests come one after the other

    def fetch(self, cost: Plan) -> Generator[Piece, None, None]:
        """Yield all pieces as they come, those that are in the cache at once; once closed it asks no more."""
        number = sum(len(share.pieces()) for share in cost.shares)
        here = 0
        with ThreadPoolExecutor(self._concurrency) as pool:
            waiting = [pool.submit(self._bundle, those) for those in cost.bundles()]
            try:
                for bundle in waiting:
                    those = bundle.result()
                    yield from those
                    before, here = here, here + len(those)
                    if here * TOLD // number > before * TOLD // number:
                        mebibytes = self._server.bytes / 2**20
                        self._tell(f"{here} of {number} pieces are here; {mebibytes:.1f} MiB came")
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        self._tell("the history is here; the engine reads it")

    def _bundle(self, those: Sequence[Part]) -> list[Piece]:
        """Return pieces of one time: what is not kept is asked for at once."""
        there = {one: self._found(one) for one in those}
        found = [piece for piece in there.values() if piece is not None]
        return found + self._together([one for one, piece in there.items() if piece is None])

    def _together(self, those: Sequence[Part]) -> list[Piece]:
        if not those[1:]:
            return [piece for one in those for piece in self._pieces(one)]
        try:
            with nullcontext() if self._answers_several else self._unsure:
                parts = self._several(those)
                self._answers_several = self._answers_several or any(parts[1:])
        except TooMuchError:
            middle = len(those) // 2
            return [*self._together(those[:middle]), *self._together(those[middle:])]
        if not self._answers_several and any(one.share.series for one in those[1:]):
            return [piece for one in those for piece in self._pieces(one)]
        return [self._kept(one, [part]) for one, part in zip(those, parts, strict=True)]

    def _pieces(self, one: Part) -> list[Piece]:
        """Return a piece, or as many as the server gives it in."""
        try:
            return [self._kept(one, self._asked(one.share.selector, one.first, one.last))]
        except TooMuchError as error:
            if one.last - one.first < 2 * SHORTEST_MS:
                raise LabError(f"{error}; it can't be had in shorter pieces than a minute") from error
            middle = (one.first + one.last) // 2
            halves = (Part(one.share, one.first, middle), Part(one.share, middle + 1, one.last))
            return [piece for half in halves for piece in self._pieces(half)]

    def _found(self, one: Part) -> Piece | None:
        """Return a piece that is in the cache."""
        kept = cache.kept(STAGE, self._key(one)) if one.last <= self._settled else None
        return None if kept is None else Piece(one.share.selector, one.first, one.last, kept / FILE)

    def _kept(self, one: Part, parts: Iterable[bytes]) -> Piece:
        """Return a piece, made of the parts that came where it was not kept before."""

        def make(folder: Path) -> None:
            with (folder / FILE).open("wb") as stream:
                stream.writelines(parts)

        if one.last > self._settled:
            folder = Path(tempfile.mkdtemp(dir=self._folder))
            make(folder)
        else:
            folder = cache.entry(STAGE, self._key(one), make)
        return Piece(one.share.selector, one.first, one.last, folder / FILE)

    def _key(self, one: Part) -> str:
        words = (self._way, str(one.share.selector), str(one.first), str(one.last))
        return cache.digest(*self._server.access.identity, *words)

    def _several(self, those: Sequence[Part]) -> list[bytes]:
        """Return what came of each piece, of a server that streams."""
        first, last = those[0].first, those[0].last
        some = f"{those[0].share.selector} and {len(those) - 1} more"
        what = f"asking for {some} {raw.span(first, last)}"
        return self._server.ask(
            what,
            "POST",
            "read",
            lambda reply: self._stream(what, reply, first, last, queries=len(those)),
            data=remote_read.requests((one.share.selector.matchers for one in those), first, last),
            headers=remote_read.HEADERS,
        )

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
        yield self._server.ask(
            what,
            "POST",
            "read",
            lambda reply: (
                self._stream(what, reply, first, last, queries=1)[0]
                if self._way == "chunks"
                else self._samples(what, reply, first, last)
            ),
            data=remote_read.request(selector.matchers, first, last),
            headers=remote_read.HEADERS,
        )

    def _stream(
        self, what: str, reply: requests.Response, first: int, last: int, *, queries: int
    ) -> list[bytes]:
        """Return of each query what came of a stream of frames, each checked as it comes."""
        _check_type(what, reply, remote_read.STREAMED)
        taken, spans = remote_read.Frames(), _Spans(what, first, last)
        found: list[list[memoryview]] = [[] for _ in range(queries)]
        try:
            for piece in self._server.pieces(what, reply):
                for frame in taken.feed(piece):
                    number = remote_read.query(frame.body, queries)
                    spans.feed(number, frame.body)
                    found[number].append(frame.whole)
            taken.end()
            spans.end()
        except remote_read.GaveUpError as error:
            kind = TooMuchError if LIMIT.search(str(error)) else LabError
            raise kind(f"{what}: {error}") from error
        except LabError as error:
            raise type(error)(f"{what}: {error}" if what not in str(error) else str(error)) from error
        return [b"".join(those) for those in found]

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


class _Spans:
    """Refuses series of which nothing is of the time that was asked for; one may come in several frames.

    Single chunks of it may be earlier or later: Mimir packs anew what is in a chunk of the right time, and
    gives all of that.
    """

    def __init__(self, what: str, first: int, last: int) -> None:
        self._what, self._first, self._last = what, first, last
        self._series: object = None
        self._span: tuple[int, int] | None = None  # of that series, as far as it has come

    def feed(self, query: int, frame: memoryview) -> None:
        """Take in what a frame has of a query."""
        for one in remote_read.chunked(frame):
            if (query, one.labels) != self._series:
                self.end()
                self._series = query, one.labels
            known = self._span or ()
            firsts, lasts = [chunk.first for chunk in one.chunks], [chunk.last for chunk in one.chunks]
            if one.chunks:
                self._span = min([*known[:1], *firsts]), max([*known[1:], *lasts])

    def end(self) -> None:
        """Take in that nothing more comes of a series."""
        if self._span and (self._span[1] < self._first or self._span[0] > self._last):
            raw.check_times(self._what, self._span, self._first, self._last)
        self._span = None


def fill(pieces: Iterable[Piece]) -> Callable[[Path], None]:
    """Return what puts pieces in chunks, as they come, into the folder of an engine before it starts."""

    def put(folder: Path) -> None:
        blocks = Blocks(folder)
        for piece in pieces:
            for frame in remote_read.frames(memoryview(piece.file.read_bytes())):
                for one in remote_read.chunked(frame):
                    for chunk in one.chunks:
                        if chunk.first <= piece.last and chunk.last >= piece.first:
                            blocks.add(one.labels, chunk)
        blocks.close()

    return put


def series(pieces: Iterable[Piece], way: str) -> Iterator[Series]:
    """Yield the series of pieces that are no chunks, each whole; one selector's after the other's."""
    in_time = sorted(pieces, key=attrgetter("selector", "first"))
    for _, those in groupby(in_time, key=attrgetter("selector")):
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
