"""What a backtest will ask of the server, told before it is asked: series, samples, requests."""

from dataclasses import dataclass

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
        """Return how many pieces are asked for."""
        return sum(len(share.pieces()) for share in self.shares)

    @property
    def bytes(self) -> float:
        """Return how many bytes may come."""
        return self.samples * BYTES[self.way]


def share(server: Server, way: str, selector: Selector, first: int, last: int) -> Share:
    """Return what a selector will cost, by looking at ten minutes of it here and there."""
    series, samples = 0, 0.0
    span = (last - first) / 1000
    for look in LOOKS:
        at = max(first / 1000 + span * look, first / 1000 + PROBE_SECONDS)
        try:
            seen, rate = _counted(server, selector, at)
        except TooMuchError:
            return Share(selector, first, last, UNTOLD, -1, -1)
        series, samples = max(series, seen), max(samples, rate)
    # Whole pieces are asked for, also the first one: short ones where little is wanted.
    wanted = min(PIECE_SAMPLES_MAX[way] / samples if samples else LENGTHS[0], span / PIECES_MIN)
    length = next((one for one in LENGTHS if one <= wanted), LENGTHS[-1])
    return Share(selector, first, last, length, series, round(samples * span))


def _counted(server: Server, selector: Selector, at: float) -> tuple[int, float]:
    """Return the series of a selector in the ten minutes before a time, and its samples in a second."""
    counted = f"count_over_time({selector}[{PROBE_SECONDS}s])"
    said = 'label_replace({}({}), "is", "{}", "", "")'
    query = " or ".join(said.format(how, counted, how) for how in ("count", "sum"))
    what = f"asking how much there is of {selector}"
    data = server.json(what, "query", {"query": query, "time": f"{at:.3f}"})
    try:
        found = {one["metric"]["is"]: float(one["value"][1]) for one in data["result"]}
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise LabError(f"{what}: the answer is not understood ({error!r})") from error
    return round(found.get("count", 0)), found.get("sum", 0) / PROBE_SECONDS


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
        raise LabError(f"{what}: the answer is not understood ({error!r})") from error


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
