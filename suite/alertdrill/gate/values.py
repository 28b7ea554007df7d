"""What a gate has to say, as plain data."""

import enum
from dataclasses import dataclass

from alertdrill.model import Life, Value, Verdict
from alertdrill.rules import RuleSet


class Kind(enum.StrEnum):
    """What has become of an alert, those first that will wake people, or will not when they must.

    The words are those of the file of approvals.
    """

    ALWAYS = "always"  # fires all the time, with or without a fault
    NOW_FIRES = "now-fires"
    MORE = "more"
    EARLIER = "earlier"
    NO_LONGER_FIRES = "no-longer-fires"
    REMOVED = "removed"
    LESS = "less"
    LATER = "later"
    BREAKS = "breaks"  # a scenario that passed does not any more
    LABELS = "labels"  # may be routed elsewhere
    TEXT = "text"
    NEW = "new"
    UNKNOWN = "unknown"  # what it does now can't be told
    UNSEEN = "unseen"  # it was changed, and nothing at hand makes it move


class Change(Value, frozen=True, kw_only=True):
    """One alert that does something else now, in one case; `case` is "" where the rules themselves say so.

    `place` is the rule's file and line. `approved` is the reason somebody gave, "" where nobody did.
    """

    alert: str
    kind: Kind
    case: str = ""
    severity: str = ""
    sentence: str
    details: tuple[str, ...] = ()
    place: str = ""
    approved: str = ""


class CaseVerdict(Value, frozen=True, kw_only=True):
    """What a scenario's verdict is by the old and by the new rules."""

    case: str
    old: Verdict
    new: Verdict


class Gated(Value, frozen=True, kw_only=True):
    """Everything that changed, in the order of its kinds, and on what that rests.

    `same` are the alerts whose rule was changed and that behave as before wherever they were active.
    """

    changes: tuple[Change, ...]
    cases: tuple[CaseVerdict, ...] = ()
    same: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Return fail for a change nobody approved, unknown for one that nobody can see."""
        kinds = {one.kind for one in self.changes if not one.approved}
        if kinds - {Kind.UNKNOWN, Kind.UNSEEN}:
            return Verdict.FAIL
        return Verdict.UNKNOWN if kinds else Verdict.PASS


@dataclass(frozen=True)
class Told:
    """What one revision's rules come to in a case; times are seconds of that case's own clock.

    `doubts` has for each alert of which nothing is known there why not.
    """

    lives: tuple[Life, ...]
    doubts: dict[str, str]
    verdict: Verdict = Verdict.PASS
    why: str = ""  # it is none: the first sentence that says so


@dataclass(frozen=True)
class Case:
    """Something both revisions were held against: a recording, or a time that is past.

    Times that are no more than `apart` seconds from each other are the same.
    """

    name: str
    start: float
    end: float
    apart: float
    old: Told
    new: Told


@dataclass(frozen=True)
class Revisions:
    """The rules before and after, and the alerts whose rules, or what these read, differ."""

    old: RuleSet
    new: RuleSet
    changed: frozenset[str]
