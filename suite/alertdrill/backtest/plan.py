"""What a backtest will ask of the server, told before it is asked: series, samples, requests."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from alertdrill import durations
from alertdrill.backtest.selector import Selector
from alertdrill.backtest.server import NotServedError, Server, TooMuchError
from alertdrill.errors import LabError

PROBE_SECONDS = 600
LOOKS = (1.0, 0.5, 0.0)  # at the end, in the middle and at the start of the time
# How long a piece may be. They begin at whole multiples of their length, so that tomorrow's are today's.
LENGTHS = (21_600, 10_800, 7_200, 3_600, 1_800, 600, 300, 60)
PIECE_SAMPLES_MAX = {"chunks": 4_000_000, "samples": 1_000_000, "query": 500_000, "marked": 500_000}
BYTES = {"chunks": 2.5, "samples": 18.0, "query": 26.0, "marked": 26.0}  # of one sample on its way to us
BY_QUERY = frozenset({"query", "marked"})
PIECES_MIN = 4
QUERIES_MAX = 100  # of remote read in one request
COUNTED_MAX, WORDS_MAX = 25, 6_000  # selectors in one question, and its characters
UNTOLD = 1_800  # the length of pieces whose size the server does not tell


@dataclass(frozen=True)
class Share:
    """What one selector costs: from `first` to `last` (milliseconds), in pieces of `length` seconds.

    `series` and `samples` are estimates, -1 where the server can't tell.
    """

    selector: Selector
    first: int
    last: int
    length: int
    series: int
    samples: int

    def pieces(self) -> list[tuple[int, int]]:
        """Return the first and the last millisecond of each piece."""
        step = self.length * 1000
        begins = range(self.first - self.first % step, self.last + 1, step)
        return [(begin, min(begin + step - 1, self.last)) for begin in begins]


@dataclass(frozen=True)
class Part:
    """One piece of a share, `first` and `last` as above."""

    share: Share
    first: int
    last: int

    @property
    def samples(self) -> float:
        """Return how many there may be; any number, where that is not known."""
        share = self.share
        if share.samples < 0:
            return math.inf
        return share.samples * (self.last - self.first) / max(share.last - share.first, 1)


@dataclass(frozen=True)
class Plan:
    """The whole cost; `way` is how the samples come."""

    way: str
    shares: tuple[Share, ...]

    @property
    def samples(self) -> int:
        """Return how many samples there may be, as far as is known."""
        return sum(max(share.samples, 0) for share in self.shares)

    @property
    def requests(self) -> int:
        """Return how often the server is asked for pieces."""
        return len(list(self.bundles()))

    def bundles(self) -> Iterator[list[Part]]:
        """Yield pieces that are asked for at once: of one time, and together no larger than one may be.

        The newest come first: of them there is something.
        """
        parts = [Part(share, *piece) for share in self.shares for piece in share.pieces()]
        time = attrgetter("last", "first")
        most = QUERIES_MAX if self.way == "chunks" else 1
        for _, those in groupby(sorted(parts, key=time, reverse=True), key=time):
            bundle: list[Part] = []
            samples = 0.0
            for one in those:
                samples += one.samples
                if bundle and (samples > PIECE_SAMPLES_MAX[self.way] or len(bundle) == most):
                    yield bundle
                    bundle, samples = [], one.samples
                bundle.append(one)
            yield bundle

    @property
    def bytes(self) -> float:
        """Return how many bytes may come."""
        return self.samples * BYTES[self.way]


def shares(
    server: Server, way: str, firsts: Mapping[Selector, int], last: int, concurrency: int
) -> tuple[Share, ...]:
    """Return what each selector will cost from a time of its own to the last, so many questions at once."""
    latest = max(firsts.values(), default=last)

    def hours(selector: Selector) -> int:
        return (latest - firsts[selector]) // 3_600_000

    batches = [
        batch for _, those in groupby(sorted(firsts, key=hours), key=hours) for batch in _batches(those)
    ]
    with ThreadPoolExecutor(concurrency) as pool:
        looked = pool.map(
            lambda batch: _looked(server, batch, max(firsts[one] for one in batch), last), batches
        )
        seen = {selector: size for batch in looked for selector, size in batch.items()}
    return tuple(_share(way, selector, first, last, seen[selector]) for selector, first in firsts.items())


def _batches(selectors: Iterable[Selector]) -> Iterator[list[Selector]]:
    """Yield selectors that are counted by one question."""
    batch: list[Selector] = []
    for one in selectors:
        if batch and (len(batch) == COUNTED_MAX or sum(len(str(each)) for each in (*batch, one)) > WORDS_MAX):
            yield batch
            batch = []
        batch.append(one)
    yield batch


def _looked(
    server: Server, selectors: Sequence[Selector], first: int, last: int
) -> dict[Selector, tuple[int, float] | None]:
    """Return series and samples in a second of each, by a look at ten minutes here and there.

    None is what the server can't tell.
    """
    span = (last - first) / 1000
    times = [max(first / 1000 + span * look, first / 1000 + PROBE_SECONDS) for look in LOOKS]
    try:
        looks = [_counted(server, selectors, at) for at in times]
    except TooMuchError:
        if len(selectors) == 1:
            return {selectors[0]: None}
        middle = len(selectors) // 2
        halves = (selectors[:middle], selectors[middle:])
        return {one: size for half in halves for one, size in _looked(server, half, first, last).items()}
    return {
        one: (max(series for series, _ in sizes), max(samples for _, samples in sizes))
        for one, *sizes in zip(selectors, *looks, strict=True)
    }


def _share(way: str, selector: Selector, first: int, last: int, size: tuple[int, float] | None) -> Share:
    if size is None:
        return Share(selector, first, last, UNTOLD, -1, -1)
    series, samples = size
    span = (last - first) / 1000
    # Whole pieces are asked for, also the first one: short ones where little is wanted.
    wanted = min(PIECE_SAMPLES_MAX[way] / samples if samples else LENGTHS[0], span / PIECES_MIN)
    length = next((one for one in LENGTHS if one <= wanted), LENGTHS[-1])
    return Share(selector, first, last, length, series, round(samples * span))


def _counted(server: Server, selectors: Sequence[Selector], at: float) -> list[tuple[int, float]]:
    """Return of each selector its series in the ten minutes before a time, and its samples in a second."""
    parts = (
        f'label_replace({how}(count_over_time({selector}[{PROBE_SECONDS}s])), "is", "{how} {number}", "", "")'
        for number, selector in enumerate(selectors)
        for how in ("count", "sum")
    )
    others = f" and {len(selectors) - 1} more" if selectors[1:] else ""
    what = f"asking how much there is of {selectors[0]}{others}"
    data = server.json(what, "query", {"query": " or ".join(parts), "time": f"{at:.3f}"})
    try:
        found = {one["metric"]["is"]: float(one["value"][1]) for one in data["result"]}
        counts = [
            (round(found.get(f"count {number}", 0)), found.get(f"sum {number}", 0) / PROBE_SECONDS)
            for number in range(len(selectors))
        ]
        _ = [round(each) for _, each in counts]  # neither is it infinite, nor NaN
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise LabError(f"{what}: looked for a `result` of counts, each with its label `is`") from error
    return counts


def way(server: Server, probe: bytes, headers: dict[str, str], streamed: str) -> str:
    """Return how the server gives samples: chunks or samples by remote read, else by queries.

    `marked` are queries whose samples have the staleness markers among them.
    """

    def kind(reply: object) -> str:
        content_type = str(getattr(reply, "headers", {}).get("Content-Type", ""))
        if content_type.startswith(streamed):
            return "chunks"
        return "samples" if content_type.startswith("application/x-protobuf") else "query"

    try:
        found = server.ask(
            "asking whether it serves remote read", "POST", "read", kind, data=probe, headers=headers
        )
    except NotServedError:
        found = "query"
    return "marked" if found == "query" and _gives_markers(server) else found


def _gives_markers(server: Server) -> bool:
    """Say whether raw samples have markers among them: where NaN is no value, a NaN is one.

    So it is in VictoriaMetrics, which keeps no other NaN than the marker; for all others NaN is a value.
    """
    what = "asking whether NaN is a value to it"
    data = server.json(what, "query", {"query": "count(vector(NaN))"})
    try:
        return not data["result"]
    except (KeyError, TypeError) as error:
        raise LabError(f"{what}: looked for a `result` of series, or of none") from error


def told(plan: Plan) -> list[str]:
    """Return the plan in lines: what costs most comes first."""
    how = {
        "chunks": "remote read, in chunks as the server has them",
        "samples": "remote read, in samples",
        "query": "queries for raw samples, since the server serves no remote read",
        "marked": "queries for raw samples with their staleness markers, since it serves no remote read",
    }[plan.way]
    series = sum(max(one.series, 0) for one in plan.shares)
    size = f"about {_count(plan.samples)} samples of {_count(series)} series, {plan.bytes / 2**20:.1f} MiB"
    lines = [f"{size}, in {plan.requests} requests by {how}"]
    for one in sorted(plan.shares, key=lambda one: one.samples, reverse=True):
        size = "of a size the server can't tell" if one.samples < 0 else f"{_count(one.samples)} samples"
        length = durations.text(one.length)
        lines.append(f"  {size:>16}, {len(one.pieces())} pieces of {length}: {one.selector}")
    return lines


def _count(number: float) -> str:
    """Return a number as people say it."""
    for size, word in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{word}"
    return f"{number:.0f}"
