"""Where in an object a number stands, and so what its family and labels are called.

A place is a node in the tree of all paths seen in one kind. It is made once and kept, so that names
cost nothing per object, and the compiled renderer and the generic walk can't disagree on them.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from kube_api_exporter import text
from kube_api_exporter.telling import WORDS_MAX

ELEMENT = None
ANNOTATIONS = ("metadata", "annotations")
Step = str | None  # the name of a field, or ELEMENT: into a list
# A map keyed by, say, pod names would make a family per pod; past this the object is refused.
FAMILIES_MAX = 20_000
# Deeper is no API, but an attempt on our memory: every place knows its whole path.
DEPTH_MAX = 100
# Why a value is not told, though its object is.
LOSSES = ("budget", "condition", "duration", "quantity", "time")


class TooManyFamilies(Exception):  # noqa: N818  # says what is wrong with the object
    """An object would add a family past the cap, or one too deep."""


class Claims:
    """Which kind a family name belongs to, among all kinds: no name may be exposed twice."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}

    def claim(self, family: str, kind: str) -> bool:
        """Return whether the name is now, or was already, this kind's."""
        return self._owners.setdefault(family, kind) == kind


class Families:
    """The families of one kind: their names, what they stand for, and how two paths share or not."""

    def __init__(
        self,
        tag: str,
        *,
        kind: str = "",
        keep: Callable[[str], bool] = lambda _path: True,
        claims: Claims | None = None,
        words_max: int = WORDS_MAX,
    ) -> None:
        self.tag = tag
        self.words_max = words_max
        self.lost: Counter[str] = Counter()
        self.units: dict[str, str] = {}
        self._kind = kind or tag
        self.paths: dict[str, list[str]] = {}
        self.utf8: dict[str, str] = {}
        self.conflicts = 0
        self._raws: set[str] = set()
        self.keep = keep
        self._claims = claims or Claims()
        self._taken: dict[tuple[str, tuple[str, ...]], tuple[Step, ...]] = {}
        self._lock = threading.Lock()
        self.root = Place(self, (), ())

    @property
    def full(self) -> bool:
        """Whether there is no room for another; what has gone meanwhile still takes its place."""
        return len(self.paths) >= FAMILIES_MAX

    def kept(self, place: "Place") -> bool:
        """Return whether the user wants what stands there."""
        return self.keep(dotted(place.steps, mark=""))

    def family(self, place: "Place") -> str | None:
        """Return the family of a place, or None where the user does not want it."""
        return self._named(place, place.words) if self.kept(place) else None

    def info(self, place: "Place") -> str:
        """Return the family of the texts that stand in an object, or a list's elements: it says the list."""
        if place.steps == ANNOTATIONS:
            return self._named(place, ["annotations"])
        return self._named(place, [*(place.listed or place).words, "info"])

    def _named(self, place: "Place", words: list[str]) -> str:
        path = dotted(place.steps)
        with self._lock:
            if self.full:
                raise TooManyFamilies(f"more than {FAMILIES_MAX} families, the next from {path}")
            name = self._free("_".join(["k8s", self.tag, *map(text.name_part, words)]), place)
            raw = "_".join(["k8s", self.tag, *words])
            if text.name_part(raw) != raw and raw not in self._raws:
                self._raws.add(raw)
                self.utf8[name] = raw
            self.paths.setdefault(name, []).append(path)
        return name

    def special(self, word: str, path: str) -> str | None:
        """Return a family that is not a number of the object, such as its labels."""
        if not self.keep(path):
            return None
        name = f"k8s_{self.tag}_{word}"
        with self._lock:
            name = self._free(name, Place(self, (path,), ()))
            self.paths.setdefault(name, []).append(path)
        return name

    def _free(self, base: str, place: "Place") -> str:
        """Let places share a name only if their lists' index labels tell their series apart.

        The other label of a list is no help: an element need not have a name.
        """
        name, nth, indexes = base, 1, tuple(sorted(place.labels[::2]))
        while self._taken.setdefault((name, indexes), place.steps) != place.steps or not self._claims.claim(
            name, self._kind
        ):
            nth += 1
            name = f"{base}_conflict{nth}"
        self.conflicts += nth > 1
        return name


class Plan(Protocol):
    """What is told of the value at a place beside its numbers."""

    def tell(self, value: Any, labels: str, lines: Any) -> None:
        """Append a line for every state in the value."""


class Place:
    """One path: its family if a number stands there, its labels if it leads through lists."""

    __slots__ = (
        "_children",
        "_element",
        "_families",
        "_family",
        "index_label",
        "labels",
        "listed",
        "name_label",
        "named",
        "plan",
        "steps",
    )

    def __init__(self, families: Families, steps: tuple[Step, ...], labels: tuple[str, ...]) -> None:
        if len(steps) > DEPTH_MAX:
            raise TooManyFamilies(f"nested deeper than {DEPTH_MAX} at {dotted(steps[:3])}")
        self._families = families
        self.steps = steps
        self.labels = labels
        self.index_label = self.name_label = ""
        self.listed: Place | None = None  # of an element, the list
        self.named = True  # of an element: it may have a name
        self.plan: Plan | None = None
        self._children: dict[str, Place] = {}
        self._element: Place | None = None
        self._family: str | None = ""

    @property
    def family(self) -> str | None:
        """The metric's name, or None where the user does not want it."""
        if self._family == "":
            self._family = self._families.family(self)
        return self._family

    @property
    def families(self) -> Families:
        """The families of its kind."""
        return self._families

    @property
    def kept(self) -> bool:
        """Whether the user wants what stands here."""
        return self._families.kept(self)

    @property
    def words(self) -> list[str]:
        """The path without the lists on it: they are labels."""
        following = (*self.steps[1:], "")
        return [
            step for step, after in zip(self.steps, following, strict=True) if step and after is not ELEMENT
        ]

    def child(self, name: str) -> "Place":
        """Go to a field of an object, or a key of a map."""
        found = self._children.get(name)
        if found is None:
            if len(self._children) >= FAMILIES_MAX:
                raise TooManyFamilies(f"more than {FAMILIES_MAX} keys at {dotted(self.steps)}")
            found = self._children[name] = Place(self._families, (*self.steps, name), self.labels)
        return found

    def element(self) -> "Place":
        """Go to any element of a list; its index, and its name if it has one, become labels."""
        if self._element is None:
            list_name = next((step for step in reversed(self.steps) if step is not ELEMENT), "items")
            used = ["namespace", "name", *self.labels]
            index = text.unused(text.label_name(list_name), used)
            single = text.singular(list_name)
            named = text.label_name(single) if single else f"{index}_name"
            if named == index:
                named = f"{index}_name"
            element = Place(
                self._families, (*self.steps, ELEMENT), (*self.labels, index, text.unused(named, used))
            )
            element.index_label, element.name_label = element.labels[-2:]
            element.listed = self
            self._element = element
        return self._element


def dotted(steps: Iterable[Step], *, mark: str = "[]") -> str:
    """Write a path as people do: `status.containerStatuses[].restartCount`."""
    written = ""
    for step in steps:
        written += mark if step is ELEMENT else f".{step}" if written else str(step)
    return written
