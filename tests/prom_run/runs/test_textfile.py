"""Metrics that commands write."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics

from prom_run.runs import textfile

WORDS = ("_total", "_info", " counter\n", " info\n", " gauge\n", "# EOF\n")
GOOD = """# HELP drift What differs.
# TYPE drift gauge
drift{address="a",command="mine"} 1
drift{address="b"} 2
"""


def collected(found: textfile.Textfile) -> CollectorRegistry:
    """Return what a scrape is made of."""

    class Collected:
        def collect(self) -> tuple[object, ...]:
            return found.metrics

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collected())  # type: ignore[arg-type]
    return registry


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
        ("queue 1 1700000000000\n", "queue has a timestamp; leave it out, a scrape has its own"),
        ("queue 1 1700000000\n# EOF\n", "queue has a timestamp; leave it out, a scrape has its own"),
        ('q{command="a",exported_command="b"} 1\n', "q has both command and exported_command for labels"),
        ("# TYPE a info\na_info 1\n", "a_info is there twice, and not of one type"),
        ("# TYPE a_total counter\na_total 3\n# TYPE a gauge\na 1\n", "a is there twice, and not of one type"),
        ("# TYPE a_count gauge\na_count 3\n# TYPE a summary\na_count 1\n", "a_count is there twice"),
        ("a 1\nb\n# EOF\n", "is no Prometheus text"),
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


BACKUP = """# TYPE backup_runs{0} {1}\nbackup_runs{0}{{command="tf"}} 5.0\n"""
JOBS = """# TYPE jobs_build info
jobs_build_info 1
# TYPE jobs_done counter
jobs_done_total 3
jobs_done_created 1.7e9
# EOF
"""
JOBS_PAGE = """# TYPE jobs_build_info gauge
jobs_build_info{command="tf"} 1.0
# TYPE jobs_done_total counter
jobs_done_total{command="tf"} 3.0
# TYPE jobs_done_created gauge
jobs_done_created{command="tf"} 1.7e+09
"""


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("# TYPE backup_runs counter\nbackup_runs 5\n", BACKUP.format("", "untyped")),
        ("# TYPE backup_runs_total counter\nbackup_runs_total 5\n", BACKUP.format("_total", "counter")),
        (JOBS, JOBS_PAGE),
    ],
    ids=["a counter without _total", "a counter", "OpenMetrics"],
)
def test_metrics_keep_the_names_they_were_written_with(tmp_path: Path, text: str, page: str) -> None:
    """Rules know those; a family of OpenMetrics is read as what it is."""
    file = tmp_path / "x.prom"
    file.write_text(text)
    found = textfile.read(str(file), "tf", None)
    lines = generate_latest(collected(found)).decode().splitlines(keepends=True)
    shown = "".join(line for line in lines if not line.startswith("# HELP"))
    assert ("", page) == (found.error, shown)


def test_a_folder_is_a_sentence(tmp_path: Path) -> None:
    """What can't be read is said."""
    assert "can't read" in textfile.read(str(tmp_path), "tf", None).error


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(
    raw=st.binary()
    | st.lists(
        st.sampled_from(["a", "{", "}", '"', "=", " 1", "\n", "# TYPE ", "# HELP ", "\\", ",", "NaN", *WORDS])
    ).map(lambda parts: "".join(parts).encode())
)
def test_no_bytes_break_a_scrape(tmp_path: Path, raw: bytes) -> None:
    """Any file is either refused or can be exposed, each name once."""
    file = tmp_path / "x.prom"
    file.write_bytes(raw)
    found = textfile.read(str(file), "tf", None)

    for encode in (generate_latest, openmetrics):
        page = encode(collected(found)).decode()
        types = [line.split(" ")[2] for line in page.split("\n") if line.startswith("# TYPE ")]
        assert sorted(set(types)) == sorted(types)


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
