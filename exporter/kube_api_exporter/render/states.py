"""What is told of an object beside its numbers: a plan for every place where there is something to tell.

A plan has the names and knows what is left to be counted. The generic renderer lets it tell; the
compiled one is written by it. What is no quantity, time or condition is lost alone, and counted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kube_api_exporter import text
from kube_api_exporter.render import values
from kube_api_exporter.render.places import Families, Place
from kube_api_exporter.render.shapes import STATES, TEXTS, Array, Leaf, Map, Object, Shape
from kube_api_exporter.render.walk import Lines
from kube_api_exporter.telling import Tell

TRUTH = {"True": "1", "False": "0", "Unknown": "-1"}
WORD_MAX = 120
TEXT_MAX = 1024
OTHER = "other"
# How a word becomes a number, by the kind of its leaf.
READ: dict[str, Callable[[str], str]] = {
    "quantity": values.quantity,
    "int-or-quantity": values.quantity,
    "time": values.time,
    "duration": values.duration,
}
UNITS = {
    "quantity": "a quantity in base units",
    "int-or-quantity": "a quantity in base units",
    "time": "seconds since the epoch",
    "duration": "seconds",
}
ONE = "always 1, the word is a label"
INFO = "always 1, for joins"


def told(word: str) -> str:
    """Return a text as a label's value; a long one is cut."""
    return text.label_value(word[:TEXT_MAX])


def flag(value: bool) -> str:  # noqa: FBT001  # as Python code is written that calls it
    """Return a boolean as a label's value."""
    return "true" if value else "false"


class Words(dict[str, str]):
    """Words of one family as label values; past the budget a new one is `other`, and counted as lost."""

    def __init__(self, families: Families, *, other: str = OTHER) -> None:
        super().__init__()
        self._families = families
        self._other = other

    def __missing__(self, word: str) -> str:
        """Take a word that was not seen before, or is a long one."""
        kept = word[: WORD_MAX + 1]
        if kept in self:
            return self[kept]
        if len(self) >= self._families.words_max:
            self._families.lost["budget"] += 1
            return self._other
        self[kept] = spelled = text.label_value(word[:WORD_MAX])
        return spelled


@dataclass(slots=True)
class Sample:
    """A field that is a number once it is read."""

    field: str
    kind: str
    family: str


@dataclass(slots=True)
class Word:
    """A field whose word is the label."""

    field: str
    family: str
    label: str
    words: Words


@dataclass(slots=True)
class Info:
    """Fields that are labels, booleans among them."""

    family: str
    labels: list[tuple[str, str, bool]]


@dataclass(slots=True)
class Fields:
    """What an object tells of itself."""

    families: Families
    samples: list[Sample] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    info: Info | None = None
    percents: dict[str, Place] = field(default_factory=dict)
    choice: tuple[str, str, list[str]] | None = None  # family, label, fields

    def tell(self, value: Any, labels: str, lines: Lines) -> None:
        """Append its lines."""
        if not isinstance(value, Mapping):
            return
        for sample in self.samples:
            if isinstance(said := value.get(sample.field), str):
                say(self.families, sample, said, labels, lines)
        for word in self.words:
            if isinstance(said := value.get(word.field), str) and said:
                lines[word.family].append(f'{word.family}{{{labels},{word.label}="{word.words[said]}"}} 1\n')
        for name, place in self.percents.items():
            if isinstance(said := value.get(name), str):
                percent(said, place, labels, lines)
        if self.info:
            self._tell_info(self.info, value, labels, lines)
        if self.choice:
            family, label, fields = self.choice
            lines[family] += [
                f'{family}{{{labels},{label}="{text.label_value(name)}"}} 1\n'
                for name in fields
                if value.get(name) is not None
            ]

    def _tell_info(self, info: Info, value: Mapping[str, Any], labels: str, lines: Lines) -> None:
        more = ""
        for name, label, is_flag in info.labels:
            said = value.get(name)
            if is_flag and isinstance(said, bool):
                more += f',{label}="{flag(said)}"'
            elif isinstance(said, str) and said:
                more += f',{label}="{told(said)}"'
        if more:
            lines[info.family].append(f"{info.family}{{{labels}{more}}} 1\n")


def say(families: Families, sample: Sample, said: str, labels: str, lines: Lines) -> None:
    """Append the line of a word that is a number, or count it."""
    if number := READ[sample.kind](said):
        lines[sample.family].append(f"{sample.family}{{{labels}}} {number}\n")
    else:
        families.lost[sample.kind.removeprefix("int-or-")] += 1


def percent(said: str, place: Place, labels: str, lines: Lines) -> None:
    """Append the line of a percentage where there might be a number; other words there are names of ports."""
    if said.endswith("%") and (number := values.percent(said)) and (family := place.child("percent").family):
        lines[family].append(f"{family}{{{labels}}} {number}\n")


@dataclass(slots=True)
class Conditions:
    """What a list of conditions tells; a type that is there twice counts once."""

    families: Families
    family: str
    words: Words
    samples: list[Sample]
    reasons: list[Word]

    def tell(self, value: Any, labels: str, lines: Lines) -> None:
        """Append its lines."""
        if not isinstance(value, list):
            return
        seen: set[str] = set()
        for one in value:
            if isinstance(one, Mapping):
                self._tell_one(one, labels, lines, seen)

    def _tell_one(self, one: Mapping[str, Any], labels: str, lines: Lines, seen: set[str]) -> None:
        kind, status = one.get("type"), one.get("status")
        kind = kind if isinstance(kind, str) else ""
        typed = self.words[kind] if kind else ""
        truth = TRUTH.get(status, "") if isinstance(status, str) else ""
        if not typed or not truth or typed in seen:
            # A type past the budget was counted when it was looked up.
            self.families.lost["condition"] += bool(typed) or not kind
            return
        seen.add(typed)
        labels = f'{labels},type="{typed}"'
        lines[self.family].append(f"{self.family}{{{labels}}} {truth}\n")
        for sample in self.samples:
            if isinstance(said := one.get(sample.field), str):
                say(self.families, sample, said, labels, lines)
        for word in self.reasons:
            if isinstance(said := one.get(word.field), str) and said:
                lines[word.family].append(f'{word.family}{{{labels},{word.label}="{word.words[said]}"}} 1\n')


@dataclass(slots=True)
class Items:
    """What a list of words tells: which there are."""

    family: str
    label: str
    spell: Callable[[str], str]

    def tell(self, value: Any, labels: str, lines: Lines) -> None:
        """Append its lines."""
        if not isinstance(value, list):
            return
        spelled = [self.spell(one) for one in value if isinstance(one, str) and one]
        lines.spend(len(spelled) * (len(labels) + len(self.family)))
        lines[self.family] += [
            f'{self.family}{{{labels},{self.label}="{word}"}} 1\n' for word in dict.fromkeys(spelled)
        ]


@dataclass(slots=True)
class Keyed:
    """What a map of quantities, times or words tells: one family, the key is a label."""

    families: Families
    sample: Sample
    label: str
    keys: Words
    word: Word | None

    def tell(self, value: Any, labels: str, lines: Lines) -> None:
        """Append its lines."""
        if not isinstance(value, Mapping):
            return
        lines.spend(len(value) * (len(labels) + len(self.sample.family)))
        seen: set[str] = set()
        for key, said in value.items():
            spelled = self.keys[key] if key and said is not None and not isinstance(said, bool) else ""
            if not spelled or spelled in seen:
                continue
            seen.add(spelled)
            labelled = f'{labels},{self.label}="{spelled}"'
            self._tell_value(said, labelled, lines)

    def _tell_value(self, said: object, labels: str, lines: Lines) -> None:
        family = self.sample.family
        if isinstance(said, int | float):
            if self.sample.kind == "int-or-quantity":
                lines[family].append(f"{family}{{{labels}}} {text.number(said)}\n")
        elif isinstance(said, str) and self.word is None:
            say(self.families, self.sample, said, labels, lines)
        elif isinstance(said, str) and self.word and said:
            lines[family].append(f'{family}{{{labels},{self.word.label}="{self.word.words[said]}"}} 1\n')


@dataclass(slots=True)
class Labelled:
    """What a map of texts tells: one series, its keys are labels as an object's labels are."""

    family: str
    prefix: str
    wanted: Callable[[str], bool]
    used: tuple[str, ...]

    def tell(self, value: Any, labels: str, lines: Lines) -> None:
        """Append its line."""
        if not isinstance(value, Mapping):
            return
        taken, more = set(self.used), ""
        for key, said in sorted(value.items()):
            if isinstance(said, str) and said and self.wanted(key):
                label = text.unused(f"{self.prefix}_{text.name_part(key)}", taken, "_conflict")
                taken.add(label)
                more += f',{label}="{told(said)}"'
        if more:
            lines[self.family].append(f"{self.family}{{{labels}{more}}} 1\n")


def lay(shape: Shape, place: Place, tell: Tell) -> None:
    """Lay a plan wherever a shape has states."""
    if isinstance(shape, Object):
        place.plan = _fields(shape, place)
        for name, inner in shape.fields.items():
            lay(inner, place.child(name), tell)
    elif isinstance(shape, Array):
        place.plan = _conditions(shape, place) if shape.conditions else _items(shape, place)
        if not isinstance(shape.element, Leaf):
            inside = shape.element
            place.element().named = not isinstance(inside, Object) or "name" in inside.fields
            if shape.conditions and isinstance(inside, Object):
                inside = Object({name: one for name, one in inside.fields.items() if not _is_state(one)})
            lay(inside, place.element(), tell)
    elif isinstance(shape, Map):
        place.plan = _map(shape, place, tell)


def _is_state(shape: Shape) -> bool:
    return isinstance(shape, Leaf) and shape.kind in STATES


def _family(place: Place, unit: str) -> str:
    family = place.family
    assert family is not None  # what is not wanted was pruned
    place.families.units[family] = unit
    return family


def _label(place: Place, name: str, *more: str) -> str:
    """Return a label that is free there; elements that have no name leave theirs."""
    taken = place.labels if place.named else place.labels[:-1]
    return text.unused(text.label_name(name), {"namespace", "name", *taken, *more})


def _word(place: Place, name: str, *more: str) -> Word:
    return Word(name, _family(place, ONE), _label(place, name, *more), Words(place.families))


def _fields(shape: Object, place: Place) -> Fields | None:
    """Return the plan of an object, None if it has nothing to tell."""
    plan, labels = Fields(place.families), dict[str, tuple[str, str, bool]]()
    for name, inner in shape.fields.items():
        kind = inner.kind if isinstance(inner, Leaf) else ""
        if kind in READ:
            plan.samples.append(Sample(name, kind, _family(place.child(name), UNITS[kind])))
        elif kind == "word":
            plan.words.append(_word(place.child(name), name))
        elif kind == "int-or-percent":
            plan.percents[name] = place.child(name)
        elif kind in {"text", "flag"} and not (name == "name" and place.listed):
            label = _text_label(place, name, labels)
            labels[label] = (name, label, kind == "flag")
    if labels and any(not is_flag for _, _, is_flag in labels.values()):
        family = place.families.info(place)
        place.families.units[family] = INFO
        plan.info = Info(family, list(labels.values()))
    if shape.choice:
        last = place.words[-1]
        plan.choice = (_family(place, ONE), _label(place, last), list(shape.fields))
    return plan if plan.samples or plan.words or plan.percents or plan.info or plan.choice else None


def _text_label(place: Place, name: str, used: Mapping[str, Any]) -> str:
    """Return the label of a text; a name goes by what it names: `scaleTargetRef`."""
    if name in {"name", "namespace"} and place.words:
        last = place.words[-1]
        name = last if name == "name" else f"{last}_{name}"
    return _label(place, name, *used)


def _conditions(shape: Array, place: Place) -> Conditions:
    assert isinstance(shape.element, Object)
    samples, reasons = [], []
    for name, inner in shape.element.fields.items():
        if isinstance(inner, Leaf) and inner.kind in READ and _is_state(inner):
            samples.append(Sample(name, inner.kind, _family(place.child(name), UNITS[inner.kind])))
        elif isinstance(inner, Leaf) and inner.kind in {"word", "text"}:
            reasons.append(_word(place.child(name), name, "type"))
    family = _family(place, "1 true, 0 false, -1 unknown")
    return Conditions(place.families, family, Words(place.families, other=""), samples, reasons)


def _items(shape: Array, place: Place) -> Items | None:
    if not isinstance(shape.element, Leaf) or shape.element.kind not in TEXTS:
        return None
    last = place.words[-1]
    spell = told if shape.element.kind == "text" else Words(place.families).__getitem__
    return Items(_family(place, ONE), _label(place, text.singular(last) or last), spell)


def _map(shape: Map, place: Place, tell: Tell) -> "Keyed | Labelled":
    kind, last = shape.value.kind, place.words[-1]
    if kind == "text":
        family = place.families.info(place)
        place.families.units[family] = INFO
        prefix = text.label_name(text.singular(last) or last)
        keys = _Keys(place, tell)
        return Labelled(family, prefix, keys.__getitem__, ("namespace", "name", *place.labels))
    label = _label(place, "resource" if "quantity" in kind else text.singular(last) or "key")
    word = None
    if kind == "word":
        word = _word(place, last, label)
    family = _family(place, UNITS.get(kind, ONE))
    return Keyed(place.families, Sample(last, kind, family), label, Words(place.families, other=""), word)


class _Keys(dict[str, bool]):
    """Which keys of a map are wanted, as far as they were met."""

    def __init__(self, place: Place, tell: Tell) -> None:
        super().__init__()
        self._path = ".".join(step for step in place.steps if step)
        self._whole = tell.text(self._path)
        self._tell, self._families = tell, place.families

    def __missing__(self, key: str) -> bool:
        """Decide on a key that was not met before; there is an end to what is remembered."""
        path = f"{self._path}.{key}"
        answer = (self._whole or self._tell.text(path)) and self._families.keep(path)
        if len(self) < text.NAME_MAX:
            self[key] = answer
        return answer
