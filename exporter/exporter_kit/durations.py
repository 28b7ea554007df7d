"""Durations as Go and Prometheus write them, as seconds."""

import re

UNITS = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d|w)")


def seconds(text: str) -> float:
    """Return the seconds of "1h30m", "1.5s", "500ms" or "0"; anything else is a ValueError that says so."""
    if text == "0":
        return 0.0
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is not a duration; write 90s, 1m30s or 500ms")
    return sum(float(number) * UNITS[unit] for number, unit in parts)


def written(duration: float) -> str:
    """Write seconds the way people read them: "1h30m", "45s", "0.25s"."""
    if duration < 60:  # noqa: PLR2004  # seconds in a minute
        return f"{duration:.3g}s" if duration < 10 else f"{duration:.0f}s"  # noqa: PLR2004  # fewer digits
    whole = round(duration)
    found = []
    for unit in ("d", "h", "m", "s"):
        count, whole = divmod(whole, int(UNITS[unit]))
        if count:
            found.append(f"{count}{unit}")
    return "".join(found[:2])
