"""Raw samples over the query API, from servers that serve no remote read: a range, asked for at its end."""

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import cramjam
import msgspec

from alertdrill.backtest.selector import Selector
from alertdrill.backtest.server import LIMIT, TooMuchError
from alertdrill.errors import LabError
from alertdrill.incident import STALE, Series

# What VictoriaMetrics appends to an answer that it can't end; the status was sent before.
FAILURE = b'{"status":"error"'
FAILURE_BYTES_MAX = 16 * 1024
# Thanos: as it was scraped, and all or nothing. VictoriaMetrics: all, and not what it remembers.
WHOLE = {
    "max_source_resolution": "0s",
    "partial_response": "false",
    "deny_partial_response": "1",
    "nocache": "1",
}


class _Row(msgspec.Struct):
    metric: dict[str, str]
    values: list[tuple[float, str]] = []
    histograms: list[object] = []


class _Matrix(msgspec.Struct, rename="camel"):
    result_type: str
    result: list[_Row]


class _Reply(msgspec.Struct):
    status: str
    data: _Matrix | None = None


# Made once, and here: two threads that are the first to decode a type end the process (msgspec 0.22).
REPLY = msgspec.json.Decoder(_Reply)


def query(selector: Selector, first: int, last: int) -> dict[str, str]:
    """Return what is asked of the API; the first millisecond is in it, the one before is not."""
    return {
        "query": f"{selector}[{last - first + 1}ms]",
        "time": f"{last / 1000:.3f}",
        **WHOLE,
    }


def checked(what: str, body: bytes, first: int, last: int) -> bytes:
    """Return an answer as it is kept, after a look at whether it is one, and of the time that was asked."""
    for one in _rows(what, body):
        try:
            times = [round(t * 1000) for t, _ in one.values]
            for _, text in one.values:
                float(text)
        except (ValueError, OverflowError):
            raise LabError(f"{what}: the answer has a sample whose time or value is no number") from None
        check_times(what, times, first - 1, last)
        if one.histograms:
            name = one.metric.get("__name__", "")
            raise LabError(f"{what}: {name} has native histograms, which only come by remote read")
    return bytes(cramjam.zstd.compress(body, 3))


def series(what: str, stored: bytes, first: int, *, marked: bool) -> Iterator[Series]:
    """Yield the series of an answer that was kept; where they are `marked`, NaN is a staleness marker."""
    for one in _rows(what, bytes(cramjam.zstd.decompress(stored))):
        # Prometheus before 3.0 also gives the sample at the very beginning of a range.
        samples = [(ms, float(text)) for t, text in one.values if (ms := round(t * 1000)) >= first]
        if marked:
            samples = _once(samples)
        if samples:
            yield Series(
                labels=one.metric,
                timestamps=tuple(ms for ms, _ in samples),
                values=tuple(STALE if marked and math.isnan(value) else value for _, value in samples),
            )


def _once(samples: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return one sample of each time; VictoriaMetrics keeps what was written twice, in no order.

    It is the largest, and a marker only where there is nothing else: so VictoriaMetrics itself decides.
    """
    found: dict[int, float] = {}
    for ms, value in samples:
        if ms not in found or math.isnan(found[ms]) or value > found[ms]:
            found[ms] = value
    return list(found.items())


def _rows(what: str, body: bytes) -> list[_Row]:
    try:
        reply = REPLY.decode(body)
    except msgspec.DecodeError as error:
        _, failed, why = body[-FAILURE_BYTES_MAX:].partition(FAILURE)
        if failed:
            kind = TooMuchError if LIMIT.search(str(why, "utf-8", "replace")) else LabError
            raise kind(f"{what}: it gave up half-way: {str(why[:300], 'utf-8', 'replace')}") from error
        raise LabError(f"{what}: the answer is not one of Prometheus' API: {error}") from error
    except RecursionError as error:
        raise LabError(f"{what}: the answer is not one of Prometheus' API: it is nested too deep") from error
    if reply.status != "success" or reply.data is None or reply.data.result_type != "matrix":
        raise LabError(f"{what}: the answer has no raw samples")
    return reply.data.result


def check_times(what: str, times: Sequence[int], first: int, last: int) -> None:
    """Refuse samples of a time that nobody asked for: whoever gives them can't be trusted with the rest."""
    if times and (times[0] < first or times[-1] > last):
        wrong = times[0] if times[0] < first else times[-1]
        raise LabError(f"{what}: the answer has a sample of {moment(wrong)}, which was not asked for")


def span(first: int, last: int) -> str:
    """Return a time in words."""
    return f"from {moment(first)} to {moment(last)}"


def moment(ms: float) -> str:
    """Return a moment in words; UTC."""
    try:
        return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):  # a server's word, and beyond any calendar
        return f"{ms / 1000:g} s after 1970"
