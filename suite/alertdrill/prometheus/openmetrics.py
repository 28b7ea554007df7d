"""What a Prometheus has, as OpenMetrics: `promtool tsdb create-blocks-from openmetrics` makes data of it.

Staleness markers are not among what the API tells.
"""

import math
import re
from collections.abc import Iterator

from alertdrill.incident import Series
from alertdrill.prometheus.api import Prometheus

PLAIN = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


def lines(server: Prometheus, *, start: float, end: float) -> Iterator[bytes]:
    """Yield all samples between two times (seconds since the epoch), one metric after another."""
    for name in server.names():
        for series in server.samples(f"{{__name__={_quoted(name)}}}", start=start, end=end):
            yield from _series(name, series)
    yield b"# EOF\n"


def _series(name: str, series: Series) -> Iterator[bytes]:
    labels = [f"{_name(key)}={_quoted(value)}" for key, value in series.labels.items() if key != "__name__"]
    head = f"{name}{{{','.join(labels)}}}"
    if not PLAIN.fullmatch(name):
        head = f"{{{','.join([_quoted(name), *labels])}}}"
    for ms, value in zip(series.timestamps, series.values, strict=True):
        yield f"{head} {_number(float(value))} {ms / 1000:.3f}\n".encode()


def _name(label: str) -> str:
    return label if PLAIN.fullmatch(label) else _quoted(label)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'"{escaped}"'


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return "NaN" if math.isnan(value) else repr(value)
