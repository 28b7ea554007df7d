"""Who wrote which field, and when, as an object's managedFields tell."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

import msgspec

from kubediff.path import Path, in_managed_fields

APPLY = "Apply"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
Fields = Mapping[str, Any]


class Author(msgspec.Struct, frozen=True, omit_defaults=True):
    """A field manager, what it did, and when; an entry may lack its time.

    Who takes a field away leaves no trace but by what else it wrote: such a name is a guess.
    """

    manager: str
    operation: str = ""
    time: str = ""
    subresource: str = ""
    guess: bool = False

    def __str__(self) -> str:
        """Write it as people read it."""
        by = f"{self.manager} ({self.subresource})" if self.subresource else self.manager
        return f"{'perhaps ' if self.guess else ''}{by}{' ' if self.time else ''}{self.time}"


class Entry(msgspec.Struct, dict=True):
    """One entry of managedFields."""

    manager: str = ""
    operation: str = ""
    time: str = ""
    subresource: str = ""
    raw: msgspec.Raw = msgspec.field(name="fieldsV1", default=msgspec.Raw(b"{}"))

    @cached_property
    def fields(self) -> Fields:
        """The fields it owns."""
        found: Fields = msgspec.json.decode(self.raw)
        return found

    @property
    def author(self) -> Author:
        """Who that is."""
        return Author(self.manager, self.operation, self.time, self.subresource)

    def owns(self, path: Path) -> bool:
        """Return whether it owns a field, or something whole that the field is part of."""
        node = self.fields
        for key in in_managed_fields(path):
            if key not in node:
                return bool(path) and not node
            node = node[key]
        return True


_DECODER = msgspec.json.Decoder(list[Entry])


def entries(raw: bytes | msgspec.Raw) -> list[Entry]:
    """Read an object's managedFields; what can't be read tells nobody's name."""
    try:
        return _DECODER.decode(raw) if bytes(raw) else []
    except (msgspec.MsgspecError, RecursionError):
        return []


class Owners:
    """All managers of one object, and which of them brings what git says."""

    def __init__(self, found: list[Entry], *, applier: str = "", leaves: Iterable[Path] = ()) -> None:
        self.entries = found
        self.ours = _ours(found, applier, list(leaves))

    def author(self, path: Path) -> Author | None:
        """Return who wrote a field last, None if nobody owns it."""
        owning = [entry for entry in self.entries if entry.owns(path)]
        # Who is not the applier has changed it; an entry without a time is a controller's, by a subresource.
        owning.sort(key=lambda entry: (entry not in self.ours, entry.time), reverse=True)
        return owning[0].author if owning else None

    def remover(self) -> Author | None:
        """Return who may have taken something away: who else wrote to the object last, and after us."""
        since = max((entry.time for entry in self.ours), default="")
        later = [entry for entry in self.others() if entry.time >= since]
        found = max(later, key=lambda entry: entry.time, default=None)
        return msgspec.structs.replace(found.author, guess=True) if found else None

    def others(self) -> Iterator[Entry]:
        """Yield the entries of everybody else who changed what is no status."""
        return (entry for entry in self.entries if entry not in self.ours and entry.subresource != "status")


def _ours(found: list[Entry], applier: str, leaves: list[Path]) -> list[Entry]:
    """Return the entries of the manager that brings what git says: the named one, or who owns most of that.

    One that applies comes before any that updates: it owns what it said and nothing else.
    """
    whole = [entry for entry in found if not entry.subresource]
    if applier:
        return [entry for entry in whole if entry.manager == applier]
    for operation in (APPLY, "Update"):
        candidates = [entry for entry in whole if entry.operation == operation]
        counted = [(sum(map(entry.owns, leaves)), -place) for place, entry in enumerate(candidates)]
        if counted and max(counted)[0] > 0:
            return [candidates[-max(counted)[1]]]
    return []
