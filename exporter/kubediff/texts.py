"""The objects in a text, and on which lines of it they stand."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from kubediff import documents
from kubediff.cache import Stored
from kubediff.documents import UnreadableError
from kubediff.results import Place

Complain = Callable[[object, str], None]


def objects(text: bytes, name: str, trouble: Complain) -> Iterator[Stored]:
    """Yield the objects of a text; what can't be read goes to `trouble`."""
    for number, (line, part) in enumerate(documents.split(text)):
        try:
            document = documents.read(part, line)
        except UnreadableError as error:
            trouble(Place(name, error.line), error.sentence)
            continue
        if document is None or document.value is None:
            continue
        yield from _of_document(document, number, name, trouble)


def _of_document(document: documents.Document, number: int, name: str, trouble: Complain) -> Iterator[Stored]:
    value, lines = document.value, document.lines
    first = lines.at(value, _first(value), document.line)
    if not isinstance(value, dict):
        trouble(Place(name, first), "it is no mapping, so it is no manifest")
        return
    items = value.get("items")
    if not (str(value.get("kind", "")).endswith("List") and isinstance(items, list)):
        yield Stored(first, number, None, _encoded(value))
        return
    for place, item in enumerate(items):
        at = lines.at(value, ("items", place), first)
        if isinstance(item, dict):
            kind = str(value["kind"]).removesuffix("List")
            implied = {"apiVersion": value.get("apiVersion"), "kind": kind} if kind else {}
            yield Stored(at, number, place, _encoded({**implied, **item}))
        else:
            trouble(Place(name, at), "it is no mapping, so it is no manifest")


def _first(value: Any) -> tuple[Any, ...]:
    return (next(iter(value)),) if isinstance(value, dict) and value else ()


def _encoded(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value)
    except (UnicodeEncodeError, msgspec.MsgspecError):
        return json.dumps(value).encode()
