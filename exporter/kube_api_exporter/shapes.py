"""The part of a kind's schema that holds numbers: what is worth decoding, as a tree of values."""

import re
from dataclasses import dataclass, field
from typing import Literal

import msgspec

LeafKind = Literal["integer", "number", "boolean", "int-or-string", "string", "strings"]


@dataclass(frozen=True)
class Leaf:
    """A value; a string, or a map of them, is decoded for labels and is never a sample."""

    kind: LeafKind


@dataclass(frozen=True, eq=False)
class Object:
    """Named fields, only those that lead to a number or a label."""

    fields: "dict[str, Shape]"


@dataclass(frozen=True, eq=False)
class Array:
    """A list."""

    element: "Shape"


@dataclass(frozen=True)
class Anything:
    """What the schema leaves open: decoded to plain values and walked."""


Shape = Leaf | Object | Array | Anything
STRING, STRINGS = Leaf("string"), Leaf("strings")
# A string is no number, so nothing is decoded there.
LEAVES: "dict[str | None, Leaf | None]" = {
    "integer": Leaf("integer"),
    "number": Leaf("number"),
    "boolean": Leaf("boolean"),
    "string": None,
}
ANYTHING = Anything()
PREFIX = "#/components/schemas/"
# A quantity may be written as a number, but the API server always answers with a string.
NEVER_NUMBERS = ("io.k8s.apimachinery.pkg.api.resource.Quantity",)
# The decoder takes no type that has a field of such a name; JSON may.
UNDECODABLE = re.compile(r"[\x00-\x1f\"\\]")
METADATA_STRINGS = ("name", "namespace", "uid", "resourceVersion")


class Node(msgspec.Struct, kw_only=True, gc=False):
    """An OpenAPI schema, as far as it matters here."""

    ref: str | None = msgspec.field(name="$ref", default=None)
    type: str | None = None
    properties: "dict[str, Node] | None" = None
    items: "Node | None" = None
    additional: "Node | bool | None" = msgspec.field(name="additionalProperties", default=None)
    all_of: "list[Node] | None" = msgspec.field(name="allOf", default=None)
    any_of: "list[Node] | None" = msgspec.field(name="anyOf", default=None)
    one_of: "list[Node] | None" = msgspec.field(name="oneOf", default=None)
    format: str | None = None
    int_or_string: bool = msgspec.field(name="x-kubernetes-int-or-string", default=False)
    preserve: bool | None = msgspec.field(name="x-kubernetes-preserve-unknown-fields", default=None)


class _Named(msgspec.Struct):
    gvk: list[dict[str, str]] = msgspec.field(name="x-kubernetes-group-version-kind", default=[])


class _Components(msgspec.Struct):
    schemas: dict[str, msgspec.Raw] = {}


class _Document(msgspec.Struct):
    components: _Components = msgspec.field(default_factory=_Components)


@dataclass
class Schemas:
    """One group's OpenAPI document: schemas are decoded when somebody asks for them."""

    raw: dict[str, msgspec.Raw]
    _shapes: "dict[str, Shape | None]" = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)

    @classmethod
    def parse(cls, document: bytes) -> "Schemas":
        """Take a document as the API server serves it below /openapi/v3."""
        return cls(msgspec.json.decode(document, type=_Document).components.schemas)

    def of_kind(self, group: str, version: str, kind: str) -> Object | None:
        """Return the shape of a kind, or None if the document does not describe it."""
        wanted = {"group": group, "version": version, "kind": kind}
        for name, raw in self.raw.items():
            if name.endswith(f".{kind}") and wanted in msgspec.json.decode(raw, type=_Named).gvk:
                shape = self._of_name(name)
                return with_identity(shape, pod=(group, kind) == ("", "Pod")) if shape else None
        return None

    def _of_name(self, name: str) -> "Shape | None":
        """Return a named schema's shape; one that holds itself is left open where it comes round."""
        if name in self._open:
            return ANYTHING
        if name not in self._shapes:
            self._open.add(name)
            raw = self.raw.get(name)
            self._shapes[name] = (
                None
                if raw is None or name in NEVER_NUMBERS
                else self._of(msgspec.json.decode(raw, type=Node))
            )
            self._open.discard(name)
        return self._shapes[name]

    def _of(self, node: Node) -> "Shape | None":
        """Return the shape of a schema, None if no number can be in it."""
        if node.ref:
            return self._of_name(node.ref.removeprefix(PREFIX))
        if node.all_of and len(node.all_of) == 1 and not node.properties:
            return self._of(node.all_of[0])
        if node.int_or_string or node.format == "int-or-string":
            return Leaf("int-or-string")
        if node.type == "array":
            element = self._of(node.items) if node.items else ANYTHING
            return Array(element) if element else None
        return LEAVES[node.type] if node.type in LEAVES else self._of_object(node)

    def _of_object(self, node: Node) -> "Shape | None":
        """Return the shape of an object, a map, or of what says neither."""
        if node.preserve or not (node.properties or node.additional):
            return ANYTHING
        if any(UNDECODABLE.search(name) for name in node.properties or ()):
            return ANYTHING
        if not node.properties:
            numbers = self._of(node.additional) if isinstance(node.additional, Node) else ANYTHING
            return ANYTHING if numbers else None
        fields = {name: shape for name, inner in node.properties.items() if (shape := self._of(inner))}
        if fields and _is_string(node.properties.get("name")):
            fields["name"] = STRING
        return Object(fields) if fields else None


def _is_string(node: Node | None) -> bool:
    return node is not None and node.type == "string"


def with_identity(shape: "Shape", *, pod: bool) -> Object | None:
    """Add what every object is known by, and a pod's images."""
    if not isinstance(shape, Object):
        return None
    fields = {
        name: inner for name, inner in shape.fields.items() if name not in {"apiVersion", "kind", "name"}
    }
    metadata = fields.get("metadata")
    known = dict(metadata.fields) if isinstance(metadata, Object) else {}
    known.pop("managedFields", None)
    known |= dict.fromkeys(METADATA_STRINGS, STRING)
    known["labels"] = STRINGS
    fields["metadata"] = Object(known)
    if pod:
        fields["spec"] = _with_images(fields["spec"])
    return Object(fields)


def _with_images(spec: "Shape") -> "Shape":
    """Add `image` to the elements of the lists of containers."""
    assert isinstance(spec, Object)
    fields = dict(spec.fields)
    for listed in ("containers", "ephemeralContainers", "initContainers"):
        containers = fields.get(listed)
        if isinstance(containers, Array) and isinstance(containers.element, Object):
            fields[listed] = Array(Object({**containers.element.fields, "name": STRING, "image": STRING}))
    return Object(fields)
