"""What the cluster has beyond a manifest: no longer in git, or put there by somebody else.

What a manifest said once is known for certain from the last-applied annotation, or from the fields of a
manager that applies. A manager that updates (create, replace, Helm) owns the server's defaults too: there a
field counts only where it differs from these.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

import msgspec

from kubediff import path
from kubediff.compare import keys_of
from kubediff.defaults import Defaults
from kubediff.owners import APPLY, LAST_APPLIED, Author, Entry, Owners
from kubediff.path import Path, Step
from kubediff.schema import Shape

# A manifest, what the cluster has, and the shape of both.
Sides = tuple[dict[str, Any], dict[str, Any], Shape]
Whose = Literal["git once", "git perhaps", "foreign"]
# Annotations that controllers keep for themselves on objects of others, and metadata that nobody writes.
BOOKKEEPING = frozenset(
    {
        LAST_APPLIED,
        "deployment.kubernetes.io/revision",
        "deprecated.daemonset.template.generation",
        "control-plane.alpha.kubernetes.io/leader",
        # Helm's own, which no chart renders.
        "meta.helm.sh/release-name",
        "meta.helm.sh/release-namespace",
        # A label that every namespace gets.
        "kubernetes.io/metadata.name",
    }
)
HELM_LABEL = ("app.kubernetes.io/managed-by", "Helm")
METADATA = frozenset({"annotations", "labels", "finalizers", "ownerReferences"})


class Beyond(NamedTuple):
    """A value that the manifest does not have."""

    path: Path
    have: Any
    shape: Shape
    whose: Whose
    author: Author | None


class ThreeWay:
    """Sorts what is beyond a manifest, with what is known of the server's defaults."""

    def __init__(self, defaults: Defaults) -> None:
        self._defaults = defaults

    def beyond(
        self,
        want: dict[str, Any],
        have: dict[str, Any],
        shape: Shape,
        owners: Owners,
        last_applied: dict[str, Any] | None,
    ) -> list[Beyond]:
        """Return what is no longer in git, and what others have added; nothing twice."""
        found: dict[str, Beyond] = {}
        if last_applied is not None:
            for at, value, inner in self._said(last_applied, want, have, shape, None):
                found.setdefault(path.text(at), Beyond(at, value, inner, "git once", owners.author(at)))
        for entry in owners.ours:
            if entry.operation == APPLY:
                self._owned(found, entry, "git once", (want, have, shape))
            elif last_applied is None:
                self._owned(found, entry, "git perhaps", (want, have, shape))
        for entry in owners.others():
            self._owned(found, entry, "foreign", (want, have, shape))
        return [found[text] for text in sorted(found)]

    def _owned(self, found: dict[str, Beyond], entry: Entry, whose: Whose, sides: Sides) -> None:
        for at, value, inner, outer in self._walk(entry.fields, sides, None, certain=whose == "git once"):
            parts = [(at, value, inner)]
            if whose != "git once":
                parts = list(self._not_default(at, value, inner, outer))
            for each, said, of_shape in parts:
                text = path.text(each)
                if text not in found and not any(_is_within(text, other) for other in found):
                    found[text] = Beyond(each, said, of_shape, whose, entry.author)

    def _walk(
        self, fields: Mapping[str, Any], sides: tuple[Any, Any, Shape], at: Path, *, certain: bool
    ) -> Iterator[tuple[Path, Any, Shape, Shape]]:
        """Yield what is owned, is there, and is not in the manifest: the highest such places only.

        Unless it is certain that it was said, a list that is the server's own is passed over as a whole.
        """
        want, have, shape = sides
        for key, inner_fields in fields.items():
            if key == ".":
                continue
            step = self._step(key, want, have, shape, at)
            if step is None:
                continue
            here, mine, other, inner = step
            if _is_bookkeeping(here) or (here.key, other) == HELM_LABEL:
                continue
            within = inner_fields.keys() - {"."}
            if mine is None and (not within or key.startswith("k:")):
                # Only the mark of a map or list that others fill is nothing to tell.
                if within or not inner_fields or not (inner.is_map or isinstance(other, list)):
                    yield here, other, inner, shape
            elif within and not (
                mine is None
                and not certain
                and isinstance(other, list)
                and self._defaults.is_default(shape, key.removeprefix("f:"), other)
            ):
                parts = ({} if mine is None else mine, other, inner)
                yield from self._walk(inner_fields, parts, here, certain=certain)

    def _step(
        self, key: str, want: Any, have: Any, shape: Shape, at: Path
    ) -> tuple[Step, Any, Any, Shape] | None:
        """Follow a key of fieldsV1 in both; None where the cluster no longer has it."""
        kind, _, name = key.partition(":")
        if kind == "f" and isinstance(have, dict):
            other = have.get(name)
            mine = want.get(name) if isinstance(want, dict) else want
            return None if other is None else (path.field(at, name), mine, other, shape.field(name))
        if kind not in {"k", "v"} or not isinstance(have, list):
            return None
        try:
            said = msgspec.json.decode(name)
        except msgspec.DecodeError:
            return None
        wanted = want if isinstance(want, list) else []
        if kind == "v":
            mine = said if said in wanted else None
            return (path.value(at, said, None), mine, said, shape.items) if said in have else None
        other = self._element(have, said, shape)
        return (
            None
            if other is None
            else (path.element(at, said, None), self._element(wanted, said, shape), other, shape.items)
        )

    def _element(self, elements: list[Any], keys: Any, shape: Shape) -> Any:
        return next((each for each in elements if keys_of(each, shape, self._defaults) == keys), None)

    def _said(
        self, said: Any, want: Any, have: Any, shape: Shape, at: Path
    ) -> Iterator[tuple[Path, Any, Shape]]:
        """Yield what was applied last, is still there, and is no longer in the manifest."""
        for key, value in said.items():
            other = have.get(key)
            if value is None or other is None:
                continue
            here, inner = path.field(at, key), shape.field(key)
            mine = want.get(key)
            if _is_bookkeeping(here):
                continue
            if (
                isinstance(value, dict)
                and (mine is None or isinstance(mine, dict))
                and isinstance(other, dict)
            ):
                if inner.atomic and mine is not None:
                    continue  # all of it is compared
                if value and not inner.atomic:
                    yield from self._said(value, mine or {}, other, inner, here)
                elif mine is None and not self._defaults.is_default(shape, key, other):
                    yield here, other, inner
            elif mine is None:
                yield here, other, inner
            elif isinstance(value, list) and isinstance(mine, list) and isinstance(other, list):
                yield from self._said_in_list(value, mine, other, inner, here)

    def _said_in_list(
        self, said: list[Any], want: list[Any], have: list[Any], shape: Shape, at: Path
    ) -> Iterator[tuple[Path, Any, Shape]]:
        if shape.list_type == "set":
            gone = (each for each in said if each in have and each not in want)
            yield from ((path.value(at, each, None), each, shape.items) for each in gone)
        for each in said if shape.list_type == "map" else ():
            keys = keys_of(each, shape, self._defaults)
            other = self._element(have, keys, shape) if keys else None
            if keys is None or other is None:
                continue
            mine = self._element(want, keys, shape)
            if mine is None:
                yield path.element(at, keys, None), other, shape.items
            else:
                yield from self._said(each, mine, other, shape.items, path.element(at, keys, None))

    def _not_default(
        self, at: Path, value: Any, shape: Shape, outer: Shape
    ) -> Iterator[tuple[Path, Any, Shape]]:
        """Yield the parts of a value that the server does not put there by itself."""
        if at is not None and at.kind == "field":
            if self._defaults.is_default(outer, at.key, value):
                return
            if isinstance(value, dict) and value and shape.fields is not None:
                for key, each in value.items():
                    yield from self._not_default(path.Step(at, "field", key), each, shape.field(key), shape)
                return
        yield at, value, shape


def _is_within(text: str, other: str) -> bool:
    return text.startswith((f"{other}.", f"{other}["))


def _is_bookkeeping(at: Path) -> bool:
    """Return whether a place is the API server's or a controller's own affair."""
    if at is None or at.kind != "field":
        return False
    if at.up is None:
        return at.key in {"status", "apiVersion", "kind"}
    if at.up.up is None:
        return at.up.key == "metadata" and at.key not in METADATA
    return at.up.up.up is None and at.up.key in ("annotations", "labels") and at.key in BOOKKEEPING
