"""Where a value stands: as people read it, as the manifest is walked, and as managedFields name it."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

# The keys of a list's element, the index of one in a list without keys, a value of a set.
Element = Mapping[str, Any]


class Step(NamedTuple):
    """One step down. `want` is the key or index in the manifest, None where that has no such thing."""

    up: "Step | None"
    kind: str  # "field", "element", "index" or "value"
    key: Any
    want: Any = None


Path = Step | None


def field(up: Path, key: str) -> Step:
    """Go down to a field."""
    return Step(up, "field", key, key)


def element(up: Path, keys: Element, want: int | None) -> Step:
    """Go down to the element of a list that has these keys."""
    return Step(up, "element", keys, want)


def index(up: Path, at: int, want: int | None) -> Step:
    """Go down to an element by its place."""
    return Step(up, "index", at, want)


def value(up: Path, of_set: Any, want: int | None) -> Step:
    """Go down to a value of a set."""
    return Step(up, "value", of_set, want)


def steps(path: Path) -> list[Step]:
    """Return the steps from the top."""
    found: list[Step] = []
    while path is not None:
        found.append(path)
        path = path.up
    return found[::-1]


def text(path: Path) -> str:
    """Write a path as rules and people do: spec.template.spec.containers[name=app].image."""
    written = ""
    for step in steps(path):
        if step.kind == "field":
            written += f".{step.key}" if written else str(step.key)
        elif step.kind == "element":
            written += f"[{','.join(f'{key}={_plain(said)}' for key, said in step.key.items())}]"
        elif step.kind == "value":
            written += f"[{_plain(step.key)}]"
        else:
            written += f"[{step.key}]"
    return written


def in_manifest(path: Path) -> tuple[Any, ...]:
    """Return the keys and indices that lead to it in the manifest, as far as that goes."""
    found: list[Any] = []
    for step in steps(path):
        if step.want is None:
            break
        found.append(step.want)
    return tuple(found)


def in_managed_fields(path: Path) -> Iterator[str]:
    """Yield the keys of fieldsV1; a list without keys is owned as a whole, so the rest says nothing."""
    for step in steps(path):
        if step.kind == "index":
            return
        yield managed_key(step)


def managed_key(step: Step) -> str:
    """Return one step as fieldsV1 writes it."""
    if step.kind == "field":
        return f"f:{step.key}"
    if step.kind == "element":
        return "k:" + msgspec.json.encode(step.key, order="sorted").decode()
    return "v:" + msgspec.json.encode(step.key).decode()


def _plain(said: Any) -> str:
    return said if isinstance(said, str) else msgspec.json.encode(said).decode()
