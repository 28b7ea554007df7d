"""The track record: every recording in the repository still gives the verdict it gave."""

import re
from pathlib import Path

import pytest

from alertdrill import data, incident, judge, rules
from alertdrill.model import Verdict
from alertdrill.replay import replay
from alertdrill.scenario import files as scenario_files

FOLDER = data.path("fixtures", "incidents")
OBJECTIONS = data.path("fixtures", "objections")
RECORDINGS = sorted(path for folder in (FOLDER, OBJECTIONS) for path in folder.iterdir() if path.is_dir())
PAGE = (FOLDER / "README.md").read_text()
ROW = re.compile(
    r"^\| \[(?P<name>[^]]+)\]\((?P<link>[^)]+)\) \|.*"
    r"\| `(?P<command>.+)` \| (?P<verdict>pass|fail|unknown) \|$",
    re.MULTILINE,
)
RECORD = {row["name"]: row for row in ROW.finditer(PAGE)}
MENDED = re.compile(r"^\| ([a-z-]+/[a-z -]+) \|", re.MULTILINE)
KIBIBYTES_MAX = 100


def test_the_track_record_lists_every_recording() -> None:
    """The table has a row for each folder, and no other; what did not pass is kept apart."""
    assert {path.name for path in RECORDINGS} == set(RECORD)
    passed = {path.name for path in RECORDINGS if path.parent == FOLDER}
    assert passed == {name for name, row in RECORD.items() if row["verdict"] == "pass"}


@pytest.mark.parametrize("folder", RECORDINGS, ids=lambda path: path.name)
def test_a_row_of_the_track_record_leads_to_its_recording(folder: Path) -> None:
    """By its link, and by a command that can be pasted."""
    row = RECORD[folder.name]
    assert folder.resolve() == (FOLDER / row["link"]).resolve()
    assert f"alertdrill replay {folder.relative_to(data.CHECKOUT)}" == row["command"]


@pytest.mark.parametrize("folder", RECORDINGS, ids=lambda path: path.name)
def test_a_recording_gives_the_verdict_of_the_track_record(folder: Path) -> None:
    """Judged again, it is what the table says."""
    assert RECORD[folder.name]["verdict"] == judge.judge(incident.read(folder)).verdict.value


@pytest.mark.parametrize("folder", sorted(OBJECTIONS.iterdir()), ids=lambda path: path.name)
def test_an_objection_is_one_at_real_durations_too(folder: Path) -> None:
    """Replayed by the rules it was made with, it is what the table says."""
    assert RECORD[folder.name]["verdict"] == replay(incident.read(folder)).judgement.verdict.value


@pytest.mark.parametrize("name", ["deployments-none-available", "kubediff-never-applied"])
def test_the_rules_of_today_mend_what_others_missed(name: str) -> None:
    """On what was recorded by a damaged rule, or by that of yesterday, all comes as the scenario says."""
    recorded = incident.read(OBJECTIONS / name)
    today = rules.load([data.path("rules")])
    assert Verdict.PASS is replay(recorded, today).judgement.verdict


@pytest.mark.parametrize("folder", RECORDINGS, ids=lambda path: path.name)
def test_a_recording_is_small(folder: Path) -> None:
    """It was cut down to what it is about before it was kept."""
    assert sum(file.stat().st_size for file in folder.iterdir()) <= KIBIBYTES_MAX * 1024


def test_what_was_mended_is_still_played() -> None:
    """The scenarios of the second table are there."""
    found = MENDED.findall(PAGE)
    assert found
    assert {*found} <= {one.name for one in scenario_files.load(scenario_files.shipped())}
