"""Spelling."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_api_exporter import text


@given(st.text())
def test_a_name_part_is_always_legal(word: str) -> None:
    """Whatever a field is called, its part of a metric's name has only legal characters, one for one."""
    assert re.fullmatch(r"[a-zA-Z0-9_]*", text.name_part(word))
    assert len(word) == len(text.name_part(word))


@given(st.text())
def test_a_label_name_is_always_legal(word: str) -> None:
    """Whatever a list is called, its label is legal and not one of Prometheus' own."""
    assert re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", text.label_name(word))
    assert not text.label_name(word).startswith("__")


@given(st.text())
def test_an_escaped_value_reads_back(value: str) -> None:
    """Escaping loses nothing and leaves neither a bare quote nor a line feed."""
    escaped = text.label_value(value)
    assert "\n" not in escaped
    assert value == re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), escaped)


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans())
def test_a_number_reads_back(value: float) -> None:
    """What is written is the same float64."""
    assert float(value) == float(text.number(value))


@pytest.mark.parametrize(
    ("value", "written"),
    [(True, "1"), (False, "0"), (2**63, "9223372036854775808"), (0.5, "0.5"), (10**30, "1e+30")],
)
def test_numbers_are_written_plainly(value: float, written: str) -> None:
    """Booleans are 0 and 1, whole numbers have no point, huge ones an exponent."""
    assert written == text.number(value)


def test_a_number_no_reader_could_take_is_refused() -> None:
    """An integer beyond every float64 is an OverflowError, not a sample that breaks the scrape."""
    with pytest.raises(OverflowError):
        text.number(10**400)
    assert math.isinf(1e400)


@pytest.mark.parametrize(
    ("listed", "label"),
    [
        ("containers", "container"),
        ("initContainerStatuses", "container"),
        ("ephemeralContainers", "container"),
        ("volumes", "volume"),
        ("policies", "policy"),
        ("addresses", "address"),
        ("status", None),
        ("access", None),
        ("matrix", None),
        ("s", None),
    ],
)
def test_a_list_names_its_elements(listed: str, label: str | None) -> None:
    """The label of an element's name is the list's singular, and `container` for all lists of containers."""
    assert label == text.singular(listed)


def test_a_taken_label_gets_a_number() -> None:
    """The first free number is taken, starting with 2."""
    assert "a_3" == text.unused("a", {"a", "a_2"})
