"""An object in parts: of a field such as `spec` or `status` that is as it was, what is shown stays.

Most events change one of them. The others are known by a fingerprint of their JSON: they are neither decoded
nor rendered, nor compared with what is held. A part in which a value was lost is never known again, so that
losses are counted at every event.
"""

from collections.abc import Collection, Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from kube_api_exporter.render.shapes import RAW, Anything, Array, Map, Object, Shape

Pieces = dict[str, bytes]
METADATA = "metadata"


class Part(NamedTuple):
    """What is remembered of a part that was rendered."""

    mark: int
    spent: int  # of the room an object's lines have
    families: int
    series: int


class Read(NamedTuple):
    """A part of an object: decoded, or known to be as it was held."""

    mark: int
    value: Any
    held: Part | None


Parts = tuple[Part | None, ...]


@dataclass(slots=True)
class Rendered:
    """What is to be shown of an object: `pieces` are all of it but the families in `kept`, which stay."""

    pieces: Pieces
    series: int
    parts: Parts = ()
    kept: Container[str] = ()


def whole(pieces: Pieces) -> Rendered:
    """Return an object that is rendered at once."""
    return Rendered(pieces, sum([piece.count(10) for piece in pieces.values()]))  # 10 is a newline


def separable(shape: Object) -> dict[str, Object]:
    """Return the fields of a kind that can be rendered by themselves.

    None where something beside them is walked: a walk counts the families of the object so far.
    """
    found = {
        name: inner for name, inner in shape.fields.items() if isinstance(inner, Object) and name != METADATA
    }
    return {} if shape.choice or any(map(_is_walked, _inside(head(shape, found)))) else found


def head(shape: Object, apart: Collection[str]) -> Object:
    """Return the shape of what is left; the fields stay in their places, unread."""
    return Object({name: RAW if name in apart else inner for name, inner in shape.fields.items()})


def overlap(families: Sequence[dict[str, None]]) -> bool:
    """Say whether any two have a family in common."""
    return len(set[str]().union(*families)) < sum(map(len, families))


def _is_walked(shape: Shape) -> bool:
    return isinstance(shape, Anything) or (isinstance(shape, Map) and shape.numbers)


def _inside(shape: Shape) -> Iterator[Shape]:
    """Yield a shape and all that is in it, each once."""
    seen: set[int] = set()
    waiting = [shape]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, Object):
            waiting += one.fields.values()
        elif isinstance(one, Array):
            waiting.append(one.element)
