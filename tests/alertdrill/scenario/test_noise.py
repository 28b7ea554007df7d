"""What is known to fire in a lab: read with its reason and its end, told of when over or not needed."""

from datetime import date
from pathlib import Path

import pytest

from alertdrill.errors import ScenarioError
from alertdrill.scenario import noise

FULL = """\
noise:
  - alert: NodeDiskLow
    labels: {mountpoint: /var.*}
    reason: The machines of the CI have small disks.
    until: 2027-03-01
  - {alert: Other, reason: Nobody knows., until: 2026-11-28}
"""
TODAY = date(2026, 11, 29)


@pytest.fixture
def lines(tmp_path: Path) -> tuple[noise.Noise, ...]:
    """The lines of FULL."""
    (tmp_path / noise.FILE).write_text(FULL)
    return noise.beside([tmp_path, tmp_path, tmp_path / "none"])


def test_a_line_is_about_instances_that_have_its_labels(lines: tuple[noise.Noise, ...]) -> None:
    """Each label is a pattern for the whole value; a line without is about all of its alert."""
    disk, other = lines
    assert disk.matches("NodeDiskLow", {"mountpoint": "/var/lib", "node": "a"})
    assert not disk.matches("NodeDiskLow", {"mountpoint": "/"})
    assert not disk.matches("NodeDiskLow", {})
    assert not disk.matches("Other", {"mountpoint": "/var"})
    assert other.matches("Other", {"a": "b"})


def test_a_line_that_is_over_counts_no_more(lines: tuple[noise.Noise, ...]) -> None:
    """Until the day that it names, and on that day, it does."""
    disk, other = lines
    assert (disk,) == noise.in_force(lines, TODAY)
    assert (disk, other) == noise.in_force(lines, date(2026, 11, 28))


def test_what_is_over_and_what_nobody_needed_are_told(lines: tuple[noise.Noise, ...]) -> None:
    """A list that nobody looks after hides what it was not made for."""
    disk, _ = lines
    over = "known noise Other is over since 2026-11-28: look again, then remove it"
    assert [over] == noise.remarks(lines, [disk], TODAY)
    unused = "known noise NodeDiskLow{mountpoint=~/var.*} was not needed: remove it"
    assert [over, unused] == noise.remarks(lines, [], TODAY)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("noise: [{alert: A, until: 2027-01-01}]", "missing required field `reason`"),
        ("noise: [{alert: A, reason: x, until: soon}]", "Invalid RFC3339"),
        ("noise: [{alert: A, reason: x, until: 2027-01-01, labels: {a: '('}}]", "missing \\)"),
        ("noice: []", "it has one field, `noise`, and here are: noice"),
        ("- a", "Expected `object`"),
        ("{", "expected"),
    ],
)
def test_a_file_that_is_wrong_is_one_sentence(text: str, said: str, tmp_path: Path) -> None:
    """Nothing is played by half a list."""
    (tmp_path / noise.FILE).write_text(text)
    with pytest.raises(ScenarioError, match=f"noise.yaml: .*{said}"):
        noise.beside([tmp_path])
