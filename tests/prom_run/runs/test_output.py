"""Output is bounded, masked, and never lies about what is missing."""

from hypothesis import given
from hypothesis import strategies as st

from exporter_kit.masks import HIDDEN, REACH, Masks
from prom_run.runs.output import Recorder

NONE = Masks()
TOKEN = Masks.of(["tok_[a-z]+"])


def fed(chunks: list[bytes], head: int = 10, tail: int = 10) -> Recorder:
    """Return a recorder that took these chunks."""
    recorder = Recorder(head, tail)
    for chunk in chunks:
        recorder.feed(chunk)
    return recorder


@given(st.lists(st.binary(max_size=30)))
def test_short_output_is_kept_whole(chunks: list[bytes]) -> None:
    """What fits is shown as it was, however it came in pieces."""
    output = fed(chunks, 5000, 5000).output(NONE)
    assert b"".join(chunks).decode(errors="replace") == output.text()
    assert not output.truncated


@given(st.lists(st.text("abc\n\0", max_size=40)), st.integers(0, 60), st.integers(0, 60))
def test_long_output_keeps_its_ends(chunks: list[str], head: int, tail: int) -> None:
    """Past the limits, head and tail are the first and last bytes, and the gap is counted."""
    text = "".join(chunks)
    output = fed([chunk.encode() for chunk in chunks], head, tail).output(NONE)
    assert len(text) == output.total_bytes
    assert max(0, len(text) - head - tail) == output.missing_bytes
    if output.truncated:
        assert (text[:head], text[len(text) - tail :]) == (output.head, output.tail)


@given(st.lists(st.binary(max_size=40)), st.integers(0, 60), st.integers(0, 60))
def test_any_bytes_are_text(chunks: list[bytes], head: int, tail: int) -> None:
    """Bytes that are no text are shown as replacement marks, and can be sent."""
    output = fed(chunks, head, tail).output(NONE)
    assert output.text().encode().decode() == output.text()


@given(st.text(alphabet="aé漢🎉\n", max_size=80), st.integers(0, 30), st.integers(0, 30), st.integers(1, 9))
def test_a_cut_inside_a_character_makes_no_rubbish(text: str, head: int, tail: int, step: int) -> None:
    """Half a character at a cut is left out, not shown as a replacement mark in the head."""
    raw = text.encode()
    output = fed([raw[at : at + step] for at in range(0, len(raw), step)], head, tail).output(NONE)
    assert text.startswith(output.head) or not output.truncated
    assert text.endswith(output.tail)
    assert "\ufffd" not in output.text()


@given(st.integers(0, 200), st.integers(0, 200), st.integers(1, 60), st.integers(0, 40), st.integers(0, 40))
def test_no_part_of_a_secret_is_shown(before: int, after: int, length: int, head: int, tail: int) -> None:
    """Wherever the limits cut, a secret is hidden whole."""
    raw = b"." * before + b"tok_" + b"s" * length + b"\n" + b"." * after
    output = fed([raw], head, tail).output(TOKEN)
    assert "s" not in output.head + output.tail
    assert "tok" not in output.head + output.tail


def test_a_gigabyte_is_a_few_kilobytes() -> None:
    """Memory is bounded by the limits, whatever is fed; a chunk larger than the ring too."""
    recorder = Recorder(1000, 1000)
    chunk = bytes(range(256)) * 4096
    for _ in range(1024):
        recorder.feed(chunk)
    output = recorder.output(NONE)
    assert 1024 * len(chunk) == output.total_bytes
    assert len(output.head) + len(output.tail) <= 2000
    assert len(recorder._head) + len(recorder._ring) <= 2000 + 2 * REACH  # noqa: SLF001  # the promise itself


def test_a_run_in_progress_shows_whole_lines_only() -> None:
    """A line that may become a secret is held back until it ends."""
    recorder = fed([b"first\ntok_abc\npassw"], 1000, 1000)
    assert f"first\n{HIDDEN}\n" == recorder.output(TOKEN, ended=False).text()
    assert f"first\n{HIDDEN}\npassw" == recorder.output(TOKEN).text()


def test_the_gap_is_shown_where_it_is() -> None:
    """A reader sees how much is missing, between head and tail."""
    output = fed([b"begin " + b"x" * 5000 + b" end"], 6, 4).output(NONE)
    assert "begin \n… 5,000 bytes left out …\n end" == output.text()
