"""Durations as Go writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter_kit.durations import seconds, written


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("60s", 60),
        ("1h30m", 5400),
        ("500ms", 0.5),
        ("1.5s", 1.5),
        ("0", 0),
        ("1m0s", 60),
        (".5s", 0.5),
        ("2d", 172800),
    ],
)
def test_a_duration_is_its_seconds(text: str, expected: float) -> None:
    """Units add up."""
    assert expected == seconds(text)


@pytest.mark.parametrize("text", ["", "60", "s", "-1s", "1 s", "1x", "1h-3m", "one"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """A number without a unit, a sign or a word is refused with an example."""
    with pytest.raises(ValueError, match="is not a duration; write 90s"):
        seconds(text)


@pytest.mark.parametrize("text", ["106752d", "9" * 400 + "s"], ids=["centuries", "infinity"])
def test_what_nobody_can_wait_for_is_refused(text: str) -> None:
    """Go has no such duration either, and a thread that was to wait for it would end."""
    with pytest.raises(ValueError, match="longer duration than can be waited for; 292 years are the most"):
        seconds(text)


@given(st.integers(0, 10**7))
def test_written_durations_are_read_back_nearly(whole: int) -> None:
    """What is shown to people is within the smallest unit shown."""
    assert seconds(written(whole)) == pytest.approx(whole, rel=0.05, abs=0.01)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *(
            (0, "0s"),
            (0.0042, "4ms"),
            (0.25, "250ms"),
            (2.04, "2s"),
            (9.5, "9.5s"),
            (9.97, "10s"),
            (59.7, "1m"),
        ),
        *((61, "1m1s"), (3600, "1h"), (90061, "1d1h"), (86399.9, "1d")),
    ],
)
def test_two_units_are_enough(value: float, expected: str) -> None:
    """A duration is shown with as much as a person wants to know."""
    assert expected == written(value)
