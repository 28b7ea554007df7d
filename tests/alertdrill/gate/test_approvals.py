"""Approvals are lines with a reason and a day; what no longer counts, or never did, is said."""

import datetime as dt
from pathlib import Path

import pytest

from alertdrill.errors import InputError
from alertdrill.gate import Change, Gated, Kind, approvals
from alertdrill.model import Verdict

TODAY = dt.date(2026, 11, 29)
GATED = Gated(
    changes=(
        Change(alert="A", kind=Kind.NOW_FIRES, case="pods/crash-loop", sentence="A fires now"),
        Change(alert="B", kind=Kind.REMOVED, sentence="B is gone"),
    )
)


def read(folder: Path, text: str) -> tuple[approvals.Approval, ...]:
    """Read a file of approvals."""
    (folder / "gate.txt").write_text(text)
    return approvals.read(folder / "gate.txt")


def test_an_approved_change_passes_with_its_reason(tmp_path: Path) -> None:
    """Alert, kind and case decide, and patterns do; one change that nobody wants fails the gate."""
    lines = "# why\n2026-12-01 A now-fires pods/* It must.\n"
    told = approvals.approved(GATED, read(tmp_path, lines), TODAY)
    assert (["It must.", ""], Verdict.FAIL, ()) == (
        [one.approved for one in told.changes],
        told.verdict,
        told.notes,
    )
    told = approvals.approved(
        GATED, read(tmp_path, f"{lines}2026-11-29 * removed rules It is replaced by A."), TODAY
    )
    assert (Verdict.PASS, "It is replaced by A.") == (told.verdict, told.changes[1].approved)


def test_what_expired_approves_nothing_and_is_said(tmp_path: Path) -> None:
    """A day too late is too late."""
    told = approvals.approved(GATED, read(tmp_path, "2026-11-28 * * * All of it."), TODAY)
    assert (Verdict.FAIL, ["", ""]) == (told.verdict, [one.approved for one in told.changes])
    assert f"{tmp_path}/gate.txt:1: this approval expired on 2026-11-28; remove it" in told.notes[0]


def test_an_approval_that_nothing_needs_is_said(tmp_path: Path) -> None:
    """What is left over would approve the next one."""
    told = approvals.approved(GATED, read(tmp_path, "\n2027-01-01 C new rules Soon."), TODAY)
    assert (f"{tmp_path}/gate.txt:2: this approval approves nothing that changed; remove it",) == told.notes


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("2026-12-01 A new rules", "has 4 of 5 parts; write: until alert kind case reason"),
        ("tomorrow A new rules Soon.", "'tomorrow' is no day until which this is approved"),
        ("2026-12-01 A fires rules Soon.", "'fires' is no kind of change; there are: always, now-fires"),
    ],
)
def test_a_line_that_is_none_is_told_with_its_place(line: str, why: str, tmp_path: Path) -> None:
    """A typing error approves nothing unseen."""
    with pytest.raises(InputError, match=f"gate.txt:2: .*{why}"):
        read(tmp_path, f"# approvals\n{line}\n")
