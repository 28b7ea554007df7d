"""When two ways of writing a value mean the same to Kubernetes."""

import base64
import binascii
import datetime as dt
import math
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from kubediff.schema import Form

SUFFIXES = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "": Fraction(1),
    **{letter: Fraction(1000**power) for power, letter in enumerate("kMGTPE", 1)},
    **{f"{letter}i": Fraction(1024**power) for power, letter in enumerate("KMGTPE", 1)},
}
QUANTITY = re.compile(
    r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(?:[eE]([+-]?[0-9]{1,3})|([numkMGTPE]|[KMGTPE]i)?)"
)
# A quantity knows nothing smaller: the API server rounds up.
NANO = 10**9
UNITS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
DURATION = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(\.\d+)?(Z|z|[+-]\d{2}:\d{2})")


def same(want: Any, have: Any, form: Form) -> bool:
    """Return whether two values that are no mappings or lists mean the same."""
    if want == have:
        # To Python True is 1.
        return isinstance(want, bool) == isinstance(have, bool)
    if not form or isinstance(want, bool) or isinstance(have, bool):
        return False
    meaning = MEANINGS.get(form)
    if meaning is None:
        return False
    first, second = meaning(want), meaning(have)
    return first is not None and first == second


def quantity(value: Any) -> Fraction | None:
    """Return what a quantity amounts to, None if it is none."""
    found = QUANTITY.fullmatch(str(value))
    if not found:
        return None
    number, exponent, suffix = found.groups()
    scale = Fraction(10) ** int(exponent) if exponent else SUFFIXES[suffix or ""]
    exact = Fraction(number) * scale
    nanos = exact * NANO
    return Fraction(math.ceil(nanos) if exact > 0 else math.floor(nanos), NANO)


def duration(value: Any) -> Fraction | None:
    """Return the nanoseconds of a duration as Go writes it, None if it is none."""
    text = str(value)
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if digits == "0":
        return Fraction(0)
    parts = DURATION.findall(digits)
    if not parts or "".join(number + unit for number, unit in parts) != digits:
        return None
    return sign * sum((Fraction(number) * UNITS[unit] for number, unit in parts), Fraction(0))


def time(value: Any) -> tuple[dt.datetime, Fraction] | None:
    """Return the moment that a time of RFC 3339 names, None if it is none."""
    found = TIME.fullmatch(str(value))
    if not found:
        return None
    day, clock, fraction, zone = found.groups()
    try:
        moment = dt.datetime.fromisoformat(f"{day}T{clock}{'+00:00' if zone in 'Zz' else zone}")
    except ValueError:
        return None
    return moment.astimezone(dt.UTC), Fraction(f"0{fraction or ''}")


def octets(value: Any) -> bytes | None:
    """Return what base64 holds, None if it is none; line ends within it count for nothing."""
    try:
        return base64.b64decode(str(value).replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        return None


# No field takes both 80 and "80": what looks like a number is one, however it was written.
MEANINGS: dict[Form, Callable[[Any], object]] = {
    "quantity": quantity,
    "int-or-string": str,
    "duration": duration,
    "time": time,
    "bytes": octets,
}


def is_zero(value: Any) -> bool:
    """Return whether a value is what Go has where nothing was said: 0, false, nothing within."""
    return not value and value is not None
