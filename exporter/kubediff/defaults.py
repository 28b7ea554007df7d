"""What the API server fills in by itself, as it was learnt from one: `nox -s defaults` writes the table."""

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from kubediff.normalise import same
from kubediff.schema import Shape

TABLE = "defaults.json"
# Stands for what differs from object to object: an address, a port, a name.
ANY = "*"
OBJECT = frozenset({"metadata", "spec"})


class Defaults(msgspec.Struct, frozen=True):
    """By type and field: what the server puts there when nothing is said, and where zero is a value."""

    version: str = ""
    values: dict[str, dict[str, list[Any]]] = {}
    # Fields in which 0, false or "" is kept; in all others it is the same as nothing.
    kept: dict[str, list[str]] = {}
    # Objects that are dropped when they are empty, which most are not.
    dropped: dict[str, list[str]] = {}

    def of(self, shape: Shape, key: str) -> list[Any]:
        """Return what the server may put into a field, [] where it puts nothing."""
        known = self.values.get(shape.name, {}).get(key, []) if shape.name else []
        return [*known, shape.defaults[key]] if key in shape.defaults else known

    def keeps_zero(self, shape: Shape, key: str, value: Any) -> bool:
        """Return whether nothing in a field differs from the field's absence."""
        inner = shape.field(key)
        if isinstance(value, list) or inner.is_map:
            return False
        if isinstance(value, dict):
            return key not in self.dropped.get(shape.name, ())
        if inner.is_anything and shape.fields is not None and key in shape.fields:
            return True
        # Whoever defines a custom resource keeps what it was given.
        return not shape.name or shape.is_map or key in self.kept.get(shape.name, ())

    def is_default(self, shape: Shape, key: str, value: Any) -> bool:
        """Return whether the server may have put this there by itself, and nobody need have said it."""
        if is_servers(shape, key):
            return True
        inner = shape.field(key)
        known = self.of(shape, key)
        if ANY in known or any(_alike(each, value, inner) for each in known):
            return True
        if value is None or (not value and not self.keeps_zero(shape, key, value)):
            return True
        if isinstance(value, dict) and {} in known:
            return all(self.is_default(inner, name, said) for name, said in value.items())
        return False


def is_servers(shape: Shape, key: str) -> bool:
    """Return whether a field of an object, or of one within it, is the server's own."""
    if key == "status":
        return shape.fields is not None and shape.fields.keys() >= OBJECT
    return key == "creationTimestamp" and shape.name.endswith("ObjectMeta")


def _alike(first: Any, second: Any, shape: Shape) -> bool:
    if isinstance(first, dict | list) or isinstance(second, dict | list):
        return bool(first == second)
    return same(first, second, shape.form)


@cache
def table() -> Defaults:
    """Return the table that is shipped."""
    return msgspec.json.decode(files(__package__).joinpath(TABLE).read_bytes(), type=Defaults)
