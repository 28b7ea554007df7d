"""Durations as rules and scenarios write them: `"1h30m"` ⇄ seconds."""

import re

from alertdrill.errors import UsageError

UNITS_MS = {
    "y": 31_536_000_000,
    "w": 604_800_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1_000,
    "ms": 1,
}
PATTERN = re.compile(
    r"(?:(?P<y>\d+)y)?(?:(?P<w>\d+)w)?(?:(?P<d>\d+)d)?(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m)?(?:(?P<s>\d+)s)?(?:(?P<ms>\d+)ms)?",
    re.ASCII,
)
MAX_MS = 2**63 // 1_000_000  # Prometheus counts a duration in nanoseconds of 64 bits: 292 years
DIGITS_MAX = 19  # more can't be in range, and int() refuses to read very many


def seconds(text: str) -> float:
    """Return the seconds of a Prometheus duration; `"0"` is one, `""` and `"1.5h"` are UsageErrors."""
    if text == "0":
        return 0.0
    found = PATTERN.fullmatch(text)
    if not text or not found:
        raise UsageError(f"{text!r} is no duration; write it like 1h30m, 45s or 750ms")
    counts = {unit: count.lstrip("0") or "0" for unit, count in found.groupdict().items() if count}
    if any(len(count) > DIGITS_MAX for count in counts.values()):
        raise UsageError(f"{text[:40]!r}… is longer than any duration may be, 292 years")
    total_ms = sum(int(count) * UNITS_MS[unit] for unit, count in counts.items())
    if total_ms > MAX_MS:
        raise UsageError(f"{text!r} is longer than any duration may be, 292 years")
    return total_ms / 1000


def text(duration: float) -> str:
    """Return the shortest Prometheus duration for so many seconds (≥ 0), rounded to whole milliseconds."""
    rest = round(duration * 1000)
    words = []
    for unit in ("d", "h", "m", "s", "ms"):
        count, rest = divmod(rest, UNITS_MS[unit])
        if count:
            words.append(f"{count}{unit}")
    return "".join(words) or "0s"
