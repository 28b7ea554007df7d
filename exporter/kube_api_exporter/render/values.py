"""Words that are numbers: quantities, times, durations and percentages, each as a sample shows it.

A word that is none of them is the empty string here: a caller loses that value and counts it.
"""

import re
from datetime import datetime
from fractions import Fraction
from functools import lru_cache

from kube_api_exporter import text

QUANTITY = re.compile(
    r"([+-]?)(?=\.?[0-9])([0-9]*)(?:\.([0-9]*))?(?:([KMGTPE]i|[numkMGTPE]?)|[eE]([+-]?[0-9]+))"
)
TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})",
)
DURATION = re.compile(r"([+-]?)((?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|[smhdw]))+|0)")
DURATION_PART = re.compile(r"([0-9.]+)([a-zµμ]+)")
PERCENT = re.compile(r"([0-9]{1,9})%")
DECIMAL = {suffix: 3 * power for power, suffix in enumerate("num", -3)} | {
    suffix: 3 * power for power, suffix in enumerate(("", "k", "M", "G", "T", "P", "E"))
}
BINARY = {f"{suffix}i": 10 * power for power, suffix in enumerate("KMGTPE", 1)}
SECONDS = {
    "ns": Fraction(1, 10**9),
    "us": Fraction(1, 10**6),
    "µs": Fraction(1, 10**6),
    "μs": Fraction(1, 10**6),  # Go reads both signs
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "m": Fraction(60),
    "h": Fraction(3600),
    "d": Fraction(86400),
    "w": Fraction(604800),
}
# No float64 is bigger or smaller, and nobody shall have us work out a power of ten with a billion digits.
EXPONENT_MAX = 400
WORD_MAX = 1000
KEPT = 8192  # of most values there are few, and a cluster says them again and again


@lru_cache(maxsize=KEPT)
def quantity(word: str) -> str:
    """Return a quantity in base units: `100m` is 0.1, `1Gi` is 1073741824."""
    found = QUANTITY.fullmatch(word) if len(word) <= WORD_MAX else None
    if found is None:
        return ""
    sign, whole, part, suffix, exponent = found.groups()
    digits = int(sign + whole + (part or ""))
    tens = (int(exponent) if exponent else DECIMAL.get(suffix or "", 0)) - len(part or "")
    return _spelled(digits << BINARY.get(suffix or "", 0), tens)


def _spelled(digits: int, tens: int) -> str:
    """Return digits times a power of ten: every digit of an integer, of others the nearest float64."""
    if abs(tens) > EXPONENT_MAX + WORD_MAX:
        return "" if digits and tens > 0 else "0"
    return _number(Fraction(digits * 10 ** max(tens, 0), 10 ** max(-tens, 0)))


def _number(value: Fraction) -> str:
    try:
        return text.number(value.numerator if value.denominator == 1 else float(value))
    except OverflowError:
        return ""


@lru_cache(maxsize=KEPT)
def time(word: str) -> str:
    """Return an RFC 3339 time as seconds since the epoch."""
    if not TIME.fullmatch(word):
        return ""
    try:
        seconds = datetime.fromisoformat(word.upper()).timestamp()
    except ValueError:
        return ""
    return text.number(int(seconds) if seconds.is_integer() else seconds)


@lru_cache(maxsize=KEPT)
def duration(word: str) -> str:
    """Return a duration as Go writes it, or in days and weeks, in seconds: `1h30m` is 5400."""
    found = DURATION.fullmatch(word) if len(word) <= WORD_MAX else None
    if found is None:
        return ""
    parts = DURATION_PART.findall(found[2])
    seconds = sum((Fraction(number) * SECONDS[unit] for number, unit in parts), Fraction())
    return _number(-seconds if found[1] == "-" else seconds)


def percent(word: str) -> str:
    """Return `25%` as 25."""
    found = PERCENT.fullmatch(word)
    return str(int(found[1])) if found else ""
