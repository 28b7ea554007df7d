"""Metrics that commands write."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from prom_run.runs import textfile

GOOD = """# HELP drift What differs.
# TYPE drift gauge
drift{address="a",command="mine"} 1
drift{address="b"} 2
"""


def test_samples_get_the_label_of_their_command(tmp_path: Path) -> None:
    """What a command writes is told apart by command; a label it had is kept under another name."""
    file = tmp_path / "x.prom"
    file.write_text(GOOD)
    found = textfile.read(str(file), "tf", None)
    assert ("", "gauge", "What differs.") == (
        found.error,
        found.metrics[0].type,
        found.metrics[0].documentation,
    )
    assert [
        {"address": "a", "exported_command": "mine", "command": "tf"},
        {"address": "b", "command": "tf"},
    ] == [sample.labels for sample in found.metrics[0].samples]


def test_old_news_is_no_news(tmp_path: Path) -> None:
    """A file that a run did not write anew is not reported as if it had."""
    file = tmp_path / "x.prom"
    file.write_text(GOOD)
    before = textfile.stamp(str(file))
    assert "did not write" in textfile.read(str(file), "tf", before).error
    os.utime(file, ns=(1, 1))
    assert "" == textfile.read(str(file), "tf", before).error


def test_a_file_of_before_a_restart_is_restored(tmp_path: Path) -> None:
    """At the start the last file counts, and none is no mistake yet."""
    file = tmp_path / "x.prom"
    assert textfile.Textfile() == textfile.restored(str(file), "tf")
    assert textfile.Textfile() == textfile.restored("", "tf")
    file.write_text(GOOD)
    assert textfile.restored(str(file), "tf").metrics


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("drift 1\ndrift 2\n", "drift is there twice with the same labels"),
        ("promrun_x 1\n", "promrun_x is a name that a command can't use"),
        ("command_exit_code 0\n", "command_exit_code is a name that a command can't use"),
        ("drift{a=b} 1\n", "is no Prometheus text"),
        ("drift one\n", "is no Prometheus text"),
        ("x" * (textfile.BYTES_MAX + 1), "bytes; 4,194,304 are the most"),
    ],
)
def test_a_bad_file_is_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    """A file that would break a scrape is left out whole, with the reason."""
    file = tmp_path / "x.prom"
    file.write_text(text)
    found = textfile.read(str(file), "tf", None)
    assert sentence in found.error
    assert () == found.metrics


def test_a_folder_is_a_sentence(tmp_path: Path) -> None:
    """What can't be read is said."""
    assert "can't read" in textfile.read(str(tmp_path), "tf", None).error


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(
    raw=st.binary()
    | st.lists(
        st.sampled_from(["a", "{", "}", '"', "=", " 1", "\n", "# TYPE ", "# HELP ", "\\", ",", "NaN"])
    ).map(lambda parts: "".join(parts).encode())
)
def test_no_bytes_break_a_scrape(tmp_path: Path, raw: bytes) -> None:
    """Any file is either refused or can be exposed."""
    file = tmp_path / "x.prom"
    file.write_bytes(raw)
    found = textfile.read(str(file), "tf", None)

    class Collected:
        """What a scrape would yield."""

        def collect(self) -> tuple[object, ...]:
            """Yield it."""
            return found.metrics

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collected())  # type: ignore[arg-type]
    assert isinstance(generate_latest(registry), bytes)


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe that nobody writes to and a device without an end are refused at once."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "endless").symlink_to("/dev/zero")
    for name in ("pipe", "endless"):
        path = str(tmp_path / name)
        assert f"{path} is no Prometheus text: it is no regular file" == textfile.read(path, "tf", None).error
        assert "" != textfile.restored(path, "tf").error


def test_a_path_that_cannot_be_is_no_file() -> None:
    """A NUL is no traceback."""
    assert textfile.stamp("a\0b") is None
