"""Changes that somebody wants, one a line, each with a reason and a day after which it counts no more.

    # until      alert                  what changes  where             why
    2026-12-31   PodRestartingTooMuch   now-fires     pods/crash-loop   It could not fire with its old window.
    2027-01-31   Kubediff*              *             *                 The team moves them to another route.

What changes is a word of `Kind`. Patterns are those of file names. Where is a case: a recording's scenario,
or `rules` for what the files themselves say.
"""

import datetime as dt
import fnmatch
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from alertdrill.errors import InputError
from alertdrill.gate.values import Change, Gated, Kind
from alertdrill.model import Value
from alertdrill.rules.files import text_of

FIELDS = 5
RULES = "rules"  # where the rules themselves say what changed


class Approval(Value, frozen=True, kw_only=True):
    """One line of the file."""

    until: dt.date
    alert: str
    kind: str
    case: str
    reason: str
    place: str

    def covers(self, change: Change) -> bool:
        """Say whether this is the change that somebody wants."""
        return all(
            fnmatch.fnmatchcase(value, pattern)
            for value, pattern in (
                (change.alert, self.alert),
                (change.kind, self.kind),
                (change.case or RULES, self.case),
            )
        )


def read(path: Path) -> tuple[Approval, ...]:
    """Return the lines of a file; one that can't be understood is an InputError."""
    return tuple(
        _approval(line, str(path), number)
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if line.strip() and not line.lstrip().startswith("#")
    )


def _approval(line: str, file: str, number: int) -> Approval:
    words = line.split(maxsplit=FIELDS - 1)
    if len(words) < FIELDS:
        raise InputError(
            f"this approval has {len(words)} of {FIELDS} parts; write: until alert kind case reason",
            file=file,
            line=number,
        )
    until, alert, kind, case, reason = words
    try:
        day = dt.date.fromisoformat(until)
    except ValueError:
        raise InputError(
            f"{until!r} is no day until which this is approved; write it like 2026-12-31",
            file=file,
            line=number,
        ) from None
    if not fnmatch.filter([one.value for one in Kind], kind):
        there = ", ".join(one.value for one in Kind)
        raise InputError(f"{kind!r} is no kind of change; there are: {there}", file=file, line=number)
    return Approval(
        until=day, alert=alert, kind=kind, case=case, reason=reason.strip(), place=f"{file}:{number}"
    )


def approved(gated: Gated, approvals: Sequence[Approval], today: dt.date) -> Gated:
    """Return the same with a reason at each change that is approved, and what is to be said of approvals."""
    changes: list[Change] = []
    used: set[str] = set()
    for change in gated.changes:
        those = [one for one in approvals if one.covers(change)]
        used.update(one.place for one in those)
        valid = next((one for one in those if one.until >= today), None)
        changes.append(change if valid is None else msgspec.structs.replace(change, approved=valid.reason))
    notes = (*gated.notes, *_notes(approvals, used, today))
    return msgspec.structs.replace(gated, changes=tuple(changes), notes=notes)


def _notes(approvals: Sequence[Approval], used: set[str], today: dt.date) -> Iterator[str]:
    for one in approvals:
        if one.until < today:
            yield f"{one.place}: this approval expired on {one.until}; remove it, or say why it is needed"
        elif one.place not in used:
            yield f"{one.place}: this approval approves nothing that changed; remove it"
