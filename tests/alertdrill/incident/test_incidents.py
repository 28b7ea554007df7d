"""The track record: every recording in the repository still gives the verdict it gave."""

import re
from pathlib import Path

import pytest

from alertdrill import data, incident, judge

FOLDER = data.path("fixtures", "incidents")
RECORDINGS = sorted(path for path in FOLDER.iterdir() if path.is_dir())
ROW = re.compile(r"^\| \[([^]]+)\]\([^)]+\) \|.*\| (pass|fail|unknown) \|$", re.MULTILINE)
RECORD = dict(ROW.findall((FOLDER / "README.md").read_text()))


def test_the_track_record_lists_every_recording() -> None:
    """The table has a row for each folder, and no other."""
    assert {path.name for path in RECORDINGS} == set(RECORD)


@pytest.mark.parametrize("folder", RECORDINGS, ids=lambda path: path.name)
def test_a_recording_gives_the_verdict_of_the_track_record(folder: Path) -> None:
    """Judged again, it is what the table says."""
    assert RECORD[folder.name] == judge.judge(incident.read(folder)).verdict.value
