"""What is found, as values that every report is made of. All texts in them are masked already."""

from collections import Counter
from typing import Literal

import msgspec

from kubediff.owners import Author

State = Literal["differs", "missing", "extra"]
What = Literal[
    "changed", "missing", "added", "order", "no longer in git", "perhaps no longer in git", "foreign"
]
NONE = "(none)"


class Subject(msgspec.Struct, frozen=True, order=True):
    """An object, by what names it."""

    kind: str
    namespace: str
    name: str
    api_version: str = ""

    def __str__(self) -> str:
        """Write it as people say it."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class Place(msgspec.Struct, frozen=True):
    """A line of a manifest."""

    file: str
    line: int

    def __str__(self) -> str:
        """Write it so that editors find it."""
        return f"{self.file}:{self.line}"


class Difference(msgspec.Struct, frozen=True):
    """One value that is not as git says, or that somebody else added."""

    path: str
    what: What
    want: str
    have: str
    place: Place | None = None
    author: Author | None = None


class Item(msgspec.Struct):
    """One object that drifted, or that others added to."""

    subject: Subject
    state: State
    place: Place | None = None
    differences: list[Difference] = []
    foreign: list[Difference] = []


class Trouble(msgspec.Struct, frozen=True, order=True):
    """What kept something from being compared: where, and a sentence."""

    where: str
    sentence: str

    def __str__(self) -> str:
        """Write it as one line."""
        return f"{self.where}: {self.sentence}"


class Verdict(msgspec.Struct):
    """Everything that a run found out."""

    checked: int = 0
    drift: list[Item] = []
    foreign: list[Item] = []
    ignored: list[Item] = []
    troubles: list[Trouble] = []
    hits: Counter[str] = msgspec.field(default_factory=Counter)

    @property
    def unused(self) -> list[str]:
        """The ignore rules that took nothing."""
        return [rule for rule, hits in self.hits.items() if not hits]

    @property
    def code(self) -> int:
        """The exit code: 0 same, 2 differs, 1 could not tell."""
        if self.troubles:
            return 1
        return 2 if self.drift else 0
