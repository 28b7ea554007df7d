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
# As Go's: 2^63 nanoseconds, which is also the longest that a thread can wait.
SECONDS_MAX = 2**63 // 10**9
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d|w)")


def seconds(text: str) -> float:
    """Return the seconds of "1h30m", "1.5s", "500ms" or "0"; anything else is a ValueError that says so."""
    if text == "0":
        return 0.0
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is not a duration; write 90s, 1m30s or 500ms")
    found = sum(float(number) * UNITS[unit] for number, unit in parts)
    if found > SECONDS_MAX:
        raise ValueError(f"{text!r} is a longer duration than can be waited for; 292 years are the most")
    return found


def written(duration: float) -> str:
    """Write seconds the way people read them: "40ms", "2.5s", "45s", "1h30m"."""
    if duration < 1:
        return f"{duration * 1000:.0f}ms" if duration else "0s"
    if round(duration, 1) < 10:  # noqa: PLR2004  # from here on a tenth tells nothing
        return f"{duration:.1f}".removesuffix(".0") + "s"
    whole = round(duration)
    found = []
    for unit in ("d", "h", "m", "s"):
        count, whole = divmod(whole, int(UNITS[unit]))
        if count:
            found.append(f"{count}{unit}")
    return "".join(found[:2])
