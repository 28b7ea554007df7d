"""YAML as Kubernetes reads it: documents with the line of every value; what can't be read has a line too.

The events of libyaml are put together here: that is three times as fast as PyYAML's own constructor, which is
written in Python, knows of other scalars than Kubernetes does, and forgets where things stood.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from kubediff import scalars

# Deeper than any manifest, and shallow enough for what compares it.
DEPTH_MAX = 200
# Values of one document once every alias is written out: an alias may stand for a million others.
VALUES_MAX = 1_000_000
SEPARATOR = re.compile(rb"^---(?=\s|\Z)", re.MULTILINE)
# What stands behind these words in libyaml's sentences is taken from the file.
QUOTED = re.compile(r"(?<=alias|nchor) .*|(?<=the tag) .*")
CORE_TAG = "tag:yaml.org,2002:"
MERGE = "<<"

_Parser: Any = getattr(
    getattr(yaml, "cyaml", None), "CParser", yaml.SafeLoader
)  # the latter where it lacks libyaml


class UnreadableError(ValueError):
    """A document that is no YAML, or that no manifest may be; `line` counts from 1 within the text."""

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(sentence)
        self.line = line
        self.sentence = sentence


@dataclass
class Lines:
    """Where the values of a document stand: for each mapping or list, the line of each of its entries."""

    of: dict[int, dict[Any, int]] = field(default_factory=dict)

    def at(self, root: Any, steps: tuple[Any, ...], otherwise: int) -> int:
        """Return the line of what these keys and indices lead to, or of the nearest that is there."""
        line = otherwise
        for step in steps:
            line = self.of.get(id(root), {}).get(step, line)
            try:
                root = root[step]
            except (LookupError, TypeError):
                break
        return line


@dataclass(frozen=True)
class Document:
    """One document: its value, and the line it begins at."""

    value: Any
    line: int
    lines: Lines


def split(text: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each document's first line and its text, as kubectl does: a bad one costs only itself."""
    starts = [0, *(match.start() for match in SEPARATOR.finditer(text))]
    line = 1
    for begin, end in zip(starts, [*starts[1:], len(text)], strict=True):
        part = text[begin:end]
        yield line, part
        line += part.count(b"\n")


def read(text: bytes, first_line: int = 1) -> Document | None:
    """Return the document in a text, None if there is nothing in it; UnreadableError says what is wrong."""
    builder = _Builder(first_line)
    try:
        parser = _Parser(text)
        while parser.check_event():
            builder.take(parser.get_event())
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        said = ", ".join(QUOTED.sub("", part) for part in (error.context, error.problem) if part)
        raise UnreadableError(first_line + (at.line if at else 0), f"not YAML: {said}") from None
    except yaml.reader.ReaderError as error:
        line = text[: max(error.position, 0)].count(b"\n") if isinstance(error.position, int) else 0
        raise UnreadableError(first_line + line, "not YAML: it holds bytes that are no text") from None
    except (yaml.YAMLError, UnicodeError):
        raise UnreadableError(first_line, "not YAML: it holds bytes that are no text") from None
    return builder.document


class _Open:
    """A mapping or list whose end has not come yet."""

    __slots__ = ("anchor", "key", "key_line", "lines", "merged", "value", "values")

    def __init__(self, value: Any, anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.key: str | None = None
        self.key_line = 0
        self.lines: dict[Any, int] = {}
        self.values = 1
        self.merged: set[str] = set()


class _Builder:
    """Puts events together; a stack in place of recursion, so that no depth is too much for us."""

    def __init__(self, first_line: int) -> None:
        self._first = first_line
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._lines = Lines()
        self.document: Document | None = None

    def take(self, event: Any) -> None:
        """Take the next event."""
        name = type(event)
        if name is yaml.ScalarEvent:
            self._scalar(event)
        elif name is yaml.MappingStartEvent or name is yaml.SequenceStartEvent:
            if len(self._open) >= DEPTH_MAX:
                raise UnreadableError(self._line(event), f"it nests deeper than {DEPTH_MAX} levels")
            opened = _Open({} if name is yaml.MappingStartEvent else [], event.anchor)
            self._require_value(event)
            opened.key_line = self._line(event)
            self._open.append(opened)
        elif name is yaml.MappingEndEvent or name is yaml.SequenceEndEvent:
            self._close(event)
        elif name is yaml.AliasEvent:
            self._alias(event)

    def _line(self, event: Any) -> int:
        return self._first + int(event.start_mark.line)

    def _require_value(self, event: Any) -> None:
        """Refuse a mapping or list where a key must stand."""
        parent = self._open[-1] if self._open else None
        if parent is not None and isinstance(parent.value, dict) and parent.key is None:
            raise UnreadableError(self._line(event), "a key is a mapping or a list; write a text")

    def _scalar(self, event: Any) -> None:
        parent = self._open[-1] if self._open else None
        if parent is not None and isinstance(parent.value, dict) and parent.key is None:
            self._key(parent, event)
            return
        found = self._value(event)
        if event.anchor:
            self._anchors[event.anchor] = (found, 1)
        self._put(found, 1, self._line(event))

    def _key(self, parent: _Open, event: Any) -> None:
        plain = event.implicit[0]
        text = scalars.key(event.value) if plain and event.value != MERGE else event.value
        line = self._line(event)
        if event.anchor:
            self._anchors[event.anchor] = (text, 1)
        if text in parent.lines and not (plain and text == MERGE):
            first = parent.lines[text]
            raise UnreadableError(line, f"the key {text!r} is there twice, first in line {first}")
        parent.key, parent.key_line = text, line

    def _value(self, event: Any) -> Any:
        try:
            if event.implicit[0]:
                return scalars.value(event.value)
            if event.tag is None or event.tag == CORE_TAG + "str" or not event.tag.startswith(CORE_TAG):
                return event.value
            return _tagged(event.tag.removeprefix(CORE_TAG), event.value)
        except ValueError as error:
            raise UnreadableError(self._line(event), str(error)) from None

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            raise UnreadableError(self._line(event), "an alias has no anchor before it")
        found, values = self._anchors[event.anchor]
        parent = self._open[-1] if self._open else None
        if parent is not None and isinstance(parent.value, dict) and parent.key is None:
            if not isinstance(found, str):
                raise UnreadableError(self._line(event), "a key is a mapping or a list; write a text")
            parent.key, parent.key_line = found, self._line(event)
            return
        self._put(found, values, self._line(event))

    def _close(self, event: Any) -> None:
        done = self._open.pop()
        if done.key is not None:
            raise UnreadableError(self._line(event), f"the key {done.key!r} has no value")
        self._lines.of[id(done.value)] = done.lines
        if done.anchor:
            self._anchors[done.anchor] = (done.value, done.values)
        self._put(done.value, done.values, done.key_line)

    def _put(self, found: Any, values: int, line: int) -> None:
        if not self._open:
            self.document = Document(found, line, self._lines)
            return
        parent = self._open[-1]
        parent.values += values
        if parent.values > VALUES_MAX:
            raise UnreadableError(line, f"its aliases stand for more than {VALUES_MAX} values")
        if isinstance(parent.value, list):
            parent.lines[len(parent.value)] = line
            parent.value.append(found)
            return
        key, parent.key = parent.key, None
        if key == MERGE:
            self._merge(parent, found, line)
            return
        parent.merged.discard(str(key))
        parent.lines[key] = parent.key_line
        parent.value[key] = found

    def _merge(self, parent: _Open, found: Any, line: int) -> None:
        """Take over the entries of another mapping, or of several; those of this one come before them."""
        for each in found if isinstance(found, list) else [found]:
            if not isinstance(each, dict):
                raise UnreadableError(line, "<< is followed by what is no mapping")
            for key, value in each.items():
                if key not in parent.value:
                    parent.value[key] = value
                    parent.merged.add(key)


def _tagged(tag: str, text: str) -> Any:
    """Return a scalar whose type is said."""
    if tag == "binary":
        try:
            return base64.b64decode(text).decode()
        except (binascii.Error, UnicodeError):
            raise ValueError("what is tagged !!binary is not base64 of a text") from None
    found = scalars.value(text)
    kinds: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "bool": (bool,)}
    wanted = kinds.get(tag)
    if tag == "timestamp" or (tag == "null" and found is None):
        return text if tag == "timestamp" else None
    if wanted is None or not isinstance(found, wanted) or (tag == "int" and isinstance(found, bool)):
        raise ValueError(f"a value is not what its tag !!{tag} says")
    return found
