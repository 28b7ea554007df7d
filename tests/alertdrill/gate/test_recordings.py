"""A recording that can't be read costs none of the others, and never lets a change pass."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from alertdrill import data
from alertdrill.cli.main import cli

SILENT = ("[10m]) > 0", "[1m]) > 1/300")
SAME = ("", "")


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """Return a folder of two recordings, one of which was cut short."""
    for name in ("whole", "cut"):
        shutil.copytree(data.path("fixtures", "incidents", "pods-crash-loop"), tmp_path / "incidents" / name)
    events = tmp_path / "incidents" / "cut" / "events.jsonl"
    events.write_bytes(events.read_bytes()[:100])
    return tmp_path / "incidents"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (SAME, 2, "UNKNOWN: 1 unknown"),
        (SILENT, 1, "no-longer-fires PodRestartingTooMuch (warning)  [pods/crash-loop]"),
    ],
)
def test_the_others_are_gated_all_the_same(
    damaged: Path, tmp_path: Path, words: tuple[str, str], code: int, says: str
) -> None:
    """What they show is told, and of that one that nothing is; without a change it is bad input."""
    old = data.path("rules", "pods.rules.yaml")
    new = tmp_path / "new.yaml"
    new.write_text(old.read_text().replace(*words))
    done = CliRunner().invoke(cli, ["gate", str(old), str(new), "--incidents", str(damaged)])
    unread = f"nothing can be told of {damaged / 'cut'}: "
    assert (code, True, True) == (done.exit_code, says in done.output, unread in done.output)
