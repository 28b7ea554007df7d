"""Reports of a gate that were asked for."""

from pathlib import Path

import pytest

from alertdrill.cli.gate import write
from alertdrill.errors import LabError
from alertdrill.gate import Gated


def test_a_report_that_can_not_be_written_costs_no_other(tmp_path: Path) -> None:
    """What failed is told in the end, with the file."""
    with pytest.raises(LabError, match=r"writing the report /dev/null/a.txt: Not a directory") as caught:
        write(Gated(changes=(), cases=(), same=()), [Path("/dev/null/a.txt"), tmp_path / "b.txt"])
    assert (1, ["b.txt"]) == (len(str(caught.value).splitlines()), [one.name for one in tmp_path.iterdir()])
