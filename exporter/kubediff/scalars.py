"""What a plain YAML scalar means to Kubernetes, whose parser (go-yaml 2) knows neither YAML 1.1 nor 1.2.

`y` and `on` are booleans, 1e3 is a number, 12:30 is not, 0o17 is 15 and so is 017, and a date is a text.
"""

import re
from typing import Any

WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
}
# Numbers that JSON does not have.
NOT_JSON = frozenset(f"{sign}.{word}" for sign in ("", "+", "-") for word in ("inf", "Inf", "INF")) | {
    ".nan",
    ".NaN",
    ".NAN",
}
MAY_BE_NUMBER = frozenset("0123456789+-.")
INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]*|0[bB][01]+|[1-9][0-9]*)")
FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
INT_MAX = 2**64
BASES = {"x": 16, "o": 8, "b": 2}


def value(text: str) -> Any:
    """Return what a scalar without quotes stands for; a number that JSON lacks is a ValueError."""
    if text in WORDS:
        return WORDS[text]
    if text[0] not in MAY_BE_NUMBER:
        return text
    if text in NOT_JSON:
        raise ValueError(f"{text} is a number that JSON does not have")
    plain = text.replace("_", "") if text[0] != "." else text
    if INTEGER.fullmatch(plain):
        found = _integer(plain)
        if -(INT_MAX >> 1) <= found < INT_MAX:
            return found
    if FLOAT.fullmatch(plain):
        return float(plain)
    return text


def _integer(plain: str) -> int:
    digits = plain.lstrip("+-")
    sign = -1 if plain.startswith("-") else 1
    if digits[0] == "0" and len(digits) > 1:
        base = BASES.get(digits[1].lower())
        return sign * (int(digits[2:], base) if base else int(digits, 8))
    return sign * int(digits)


def key(text: str) -> str:
    """Return a mapping's key as the JSON that Kubernetes makes of it: always a text."""
    found = value(text)
    if found is None:
        return "null"
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, float):
        return repr(found).removesuffix(".0")
    return str(found)
