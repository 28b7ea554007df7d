"""Durations as Prometheus writes them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertdrill import durations
from alertdrill.errors import UsageError

MILLISECONDS = st.integers(0, durations.MAX_MS)


@given(MILLISECONDS)
def test_what_is_written_reads_back(milliseconds: int) -> None:
    """Any duration of whole milliseconds survives being written and read."""
    seconds = milliseconds / 1000
    assert seconds == pytest.approx(durations.seconds(durations.text(seconds)), rel=1e-15)


@given(st.text(max_size=12) | st.from_regex(r"[0-9]{0,30}[ywdhms]{0,3}[0-9]*s?", fullmatch=True))
def test_any_text_is_a_duration_or_a_usage_error(text: str) -> None:
    """Nothing but a UsageError comes out of a text that is no duration."""
    with contextlib.suppress(UsageError):
        assert 0 <= durations.seconds(text) <= durations.MAX_MS / 1000


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1h30m", 5400), ("0", 0), ("0s", 0), ("1y2w3d4h5m6s7ms", 33_019_506.007), ("90s", 90), ("750ms", 0.75)],
)
def test_known_durations(text: str, seconds: float) -> None:
    """Durations read as Prometheus reads them."""
    assert seconds == durations.seconds(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1.5h",
        "h",
        "5m1h",
        "1m1m",
        "-5m",
        " 5m",
        "5m\n",
        "\u0665m",
        "293y",
        "9" * 5000 + "s",
        "1" * 19 + "y",
    ],
)
def test_no_durations(text: str) -> None:
    """What Prometheus refuses is refused here, with a sentence."""
    with pytest.raises(UsageError, match=r"no duration|292 years"):
        durations.seconds(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (0.0004, "0s"), (5400, "1h30m"), (86_400, "1d"), (0.75, "750ms")]
)
def test_texts_are_short(seconds: float, text: str) -> None:
    """A duration is written with the largest units it has."""
    assert text == durations.text(seconds)
