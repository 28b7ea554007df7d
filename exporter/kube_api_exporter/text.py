"""Spelling: metric names, label names, label values and numbers as the exposition formats want them."""

import re
from collections.abc import Container

NOT_IN_NAME = re.compile(r"[^a-zA-Z0-9_]")
NAME_MAX = 1024
NO_PLURAL = ("ss", "us", "is")  # access, status, analysis
# Within these an int is written digit by digit; beyond, readers keep a float64 anyway.
INT_MIN, INT_MAX = -(2**63), 2**64


def name_part(text: str) -> str:
    """Return a piece of a metric or label name: every other character becomes an underscore."""
    return NOT_IN_NAME.sub("_", text)


def label_name(text: str) -> str:
    """Return a legal label name that no reader takes for one of its own."""
    clean = name_part(text)
    return f"field_{clean}" if not clean or clean[0].isdigit() or clean[0] == "_" else clean


def label_value(text: str) -> str:
    """Escape a label's value; nearly all are DNS names, so look before replacing."""
    if "\\" in text or '"' in text or "\n" in text:
        return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return text


def element_name(text: str) -> str:
    """Escape the name of a list's element; ValueError if it is no name: it stands in all its samples."""
    if len(text) > NAME_MAX:
        raise ValueError(f"the name of a list's element has {len(text)} characters")
    if "\\" in text or '"' in text or "\n" in text:
        return label_value(text)
    return text


def number(value: float) -> str:
    """Write a number; booleans are 0 and 1. OverflowError if no float64 can hold it."""
    if not isinstance(value, int):
        return repr(value)
    return str(int(value)) if INT_MIN <= value < INT_MAX else repr(float(value))


def unused(label: str, used: Container[str], mark: str = "_") -> str:
    """Return the label, with a mark and a number after it if it is taken."""
    candidate, nth = label, 1
    while candidate in used:
        nth += 1
        candidate = f"{label}{mark}{nth}"
    return candidate


def singular(list_name: str) -> str | None:
    """Return the label for the name of a list's element, or None where English is no help.

    All lists of containers say `container`: initContainers, containerStatuses, ephemeralContainers …
    """
    if re.fullmatch(r"(?:\w*c|C|\w*C)ontainer(?:s|Statuses)", list_name):
        return "container"
    if list_name.endswith(NO_PLURAL):
        return None
    for plural, single in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("s", "")):
        if list_name.endswith(plural) and len(list_name) > len(plural) + 1:
            return list_name.removesuffix(plural) + single
    return None
