"""Words that are numbers, against parsers that share nothing with ours."""

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_api_exporter.render import values

SUFFIXES = {
    "": Fraction(1),
    "n": Fraction(1, 1_000_000_000),
    "u": Fraction(1, 1_000_000),
    "m": Fraction(1, 1_000),
    "k": Fraction(1_000),
    "M": Fraction(1_000_000),
    "G": Fraction(1_000_000_000),
    "T": Fraction(1_000_000_000_000),
    "P": Fraction(1_000_000_000_000_000),
    "E": Fraction(1_000_000_000_000_000_000),
    "Ki": Fraction(1024),
    "Mi": Fraction(1024**2),
    "Gi": Fraction(1024**3),
    "Ti": Fraction(1024**4),
    "Pi": Fraction(1024**5),
    "Ei": Fraction(1024**6),
}
digits = st.text("0123456789", min_size=1, max_size=30)
suffixes = st.sampled_from(sorted(SUFFIXES)) | st.builds(
    "{}{}".format, st.sampled_from("eE"), st.integers(-60, 60)
)


def slow(sign: str, whole: str, part: str, suffix: str) -> float:
    """Return what a quantity is worth, digit by digit."""
    value = Fraction(0)
    for digit in whole:
        value = value * 10 + int(digit)
    weight = Fraction(1)
    for digit in part:
        weight /= 10
        value += int(digit) * weight
    scale = SUFFIXES[suffix] if suffix in SUFFIXES else Fraction(10) ** int(suffix[1:])
    return float(value * scale * (-1 if sign == "-" else 1))


@given(sign=st.sampled_from(["", "+", "-"]), whole=digits, part=digits | st.just(""), suffix=suffixes)
def test_a_quantity_is_worth_what_its_digits_and_suffix_say(
    sign: str, whole: str, part: str, suffix: str
) -> None:
    """All suffixes, exponents and signs, below a milli and beyond 2^63: the nearest float64."""
    word = f"{sign}{whole}{'.' if part else ''}{part}{suffix}"
    assert slow(sign, whole, part, suffix) == float(values.quantity(word))


@pytest.mark.parametrize(
    ("word", "number"),
    [
        ("100m", "0.1"),
        ("1Gi", "1073741824"),
        ("1E", "1000000000000000000"),
        ("1E3", "1000"),
        ("9223372036854775807", "9223372036854775807"),
        (".5", "0.5"),
        ("5.", "5"),
        ("0", "0"),
        ("-1500m", "-1.5"),
        ("1e-999", "0.0"),
        ("0e999999999", "0"),
    ],
)
def test_quantities_people_write(word: str, number: str) -> None:
    """An integer keeps every digit."""
    assert number == values.quantity(word)


@given(st.text(max_size=5).filter(lambda word: not word[:1].isdigit() and word[:1] not in "+-."))
@pytest.mark.parametrize("read", [values.quantity, values.duration, values.percent])
def test_what_begins_with_no_number_is_none(read: object, word: str) -> None:
    """It is lost, and nothing is raised."""
    assert callable(read)
    assert "" == read(word)


@pytest.mark.parametrize(
    "word",
    ["", ".", "+", "1x", "1 ", " 1", "1Kii", "1KI", "1e", "1e400", "--1", "1.2.3", "1\n", "٣", "9" * 9999],
)
def test_what_is_no_quantity_is_the_empty_string(word: str) -> None:
    """Whatever the API server let through."""
    assert "" == values.quantity(word)


@given(
    st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(-14 * 60, 14 * 60),
)
def test_a_time_is_seconds_since_the_epoch(moment: datetime, minutes: int) -> None:
    """In whichever zone and with whatever part of a second it is written."""
    written = moment.astimezone(timezone(timedelta(minutes=minutes))).isoformat()
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    expected = Fraction((moment - epoch) // timedelta(microseconds=1), 1_000_000)
    assert float(expected) == pytest.approx(float(values.time(written)), abs=1e-4, rel=0)
    assert values.time(moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")).lstrip("-").isdigit()


@pytest.mark.parametrize(
    "word",
    [
        "",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-13-01T00:00:00Z",
        "2026-W01-1T00:00:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01T00:00:00Z\n",
        "tomorrow",
    ],
)
def test_what_is_no_time_is_the_empty_string(word: str) -> None:
    """A date alone and a time of no zone are none either."""
    assert "" == values.time(word)


@pytest.mark.parametrize(
    ("word", "seconds"),
    [
        ("1h30m", "5400"),
        ("1.5h", "5400"),
        ("300ms", "0.3"),
        ("-5s", "-5"),
        ("1d", "86400"),
        ("0", "0"),
        ("15µs", "1.5e-05"),
        ("5", ""),
        ("s", ""),
        ("1h 5m", ""),
        ("1..5s", ""),
    ],
)
def test_durations_as_go_writes_them(word: str, seconds: str) -> None:
    """And in days, as people write them."""
    assert seconds == values.duration(word)


def test_a_percentage_is_its_number() -> None:
    """No other word is one."""
    assert ["25", "", "", "100"] == [values.percent(word) for word in ("25%", "%", "http", "100%")]
