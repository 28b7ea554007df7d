"""A kind's schema as a tree of values: its numbers, and the words that say a state."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import msgspec

LeafKind = Literal[
    "integer",
    "number",
    "boolean",
    "int-or-string",
    "string",
    "strings",
    "quantity",
    "int-or-quantity",
    "int-or-percent",
    "time",
    "duration",
    "word",
    "text",
    "flag",
    "raw",
]


@dataclass(frozen=True)
class Leaf:
    """A value; `string` and `strings` are decoded for the labels of every object and are never samples.

    A `word` is one of few, a `text` any, a `flag` a boolean that is a label as well as a sample;
    `int-or-quantity` is a quantity that may stand there as a number; `raw` is JSON that is looked at later.
    """

    kind: LeafKind


@dataclass(frozen=True, eq=False)
class Object:
    """Named fields; of a `choice` only one is there, and which one is a state."""

    fields: "dict[str, Shape]"
    choice: bool = False

    @cached_property
    def numbers(self) -> "Object | None":
        """What of it are numbers: made once, as workloads share the template of their pods."""
        return named(self, {name: kept for name, inner in self.fields.items() if (kept := strip(inner))})


@dataclass(frozen=True, eq=False)
class Map:
    """A map of words; `numbers` says whether its values may be numbers as well."""

    value: Leaf
    numbers: bool = False


@dataclass(frozen=True, eq=False)
class Array:
    """A list; `conditions` are known by their shape: each has a type, and is true, false or unknown."""

    element: "Shape"
    conditions: bool = False


@dataclass(frozen=True)
class Anything:
    """What the schema leaves open: decoded to plain values and walked."""


Shape = Leaf | Object | Array | Map | Anything
STRING, STRINGS, RAW = Leaf("string"), Leaf("strings"), Leaf("raw")
LEAVES = {
    "integer": Leaf("integer"),
    "number": Leaf("number"),
    "boolean": Leaf("boolean"),
}
# Kinds of leaves that are told in ways of their own, and what of the others may be a number.
STATES = ("quantity", "int-or-quantity", "time", "duration", "word", "text")
TEXTS = ("string", "text", "word")
NUMBERS = {"int-or-quantity": Leaf("int-or-string"), "int-or-percent": Leaf("int-or-string")}
ANYTHING = Anything()
PREFIX = "#/components/schemas/"
# The decoder takes no type that has a field of such a name; JSON may.
UNDECODABLE = re.compile(r"[\x00-\x1f\"\\]")
# Schemas that say less than what is meant: any string, it would seem.
NAMED = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": Leaf("quantity"),
    "io.k8s.apimachinery.pkg.apis.meta.v1.Duration": Leaf("duration"),
}
FORMATS = {"date-time": Leaf("time"), "duration": Leaf("duration")}
# Words with few values, though no schema lists them.
WORDS = ("phase", "reason")
# A custom resource's pattern of a quantity ends so, with all suffixes; one of a duration lists the units.
QUANTITY_PATTERN = re.compile(r".*\[?KMGTPE\]?i.*")
DURATION_PATTERN = re.compile(r".*\((?:[muµnhds]{1,2}\|){2,}[muµnhds]{1,2}\).*")
TRUE = "True"
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
    enum: list[Any] | None = None
    pattern: str | None = None
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
            self._shapes[name] = NAMED.get(name) or (
                None if raw is None else self._of(msgspec.json.decode(raw, type=Node))
            )
            self._open.discard(name)
        return self._shapes[name]

    def _of(self, node: Node, name: str = "") -> "Shape | None":
        """Return the shape of what a field of this name holds, None if nothing in it can be told."""
        if node.ref:
            found = self._of_name(node.ref.removeprefix(PREFIX))
            return _chosen(found, name)
        if node.all_of and len(node.all_of) == 1 and not node.properties:
            return self._of(node.all_of[0], name)
        if node.int_or_string or node.format == "int-or-string":
            is_quantity = QUANTITY_PATTERN.fullmatch(node.pattern or "")
            return Leaf("int-or-quantity" if is_quantity else "int-or-percent")
        if node.type == "array":
            element = self._of(node.items) if node.items else ANYTHING
            return Array(element, _are_conditions(node.items, element)) if element else None
        if node.type == "string":
            return _of_string(node, name)
        return LEAVES.get(node.type or "") or _chosen(self._of_object(node), name)

    def _of_object(self, node: Node) -> "Shape | None":
        """Return the shape of an object, a map, or of what says neither."""
        if node.preserve or not (node.properties or node.additional):
            return ANYTHING
        if any(UNDECODABLE.search(name) for name in node.properties or ()):
            return ANYTHING
        if not node.properties:
            return self._of_map(node.additional)
        fields = {name: shape for name, inner in node.properties.items() if (shape := self._of(inner, name))}
        return Object(fields) if fields else None

    def _of_map(self, values: "Node | bool | None") -> "Shape | None":
        inner = self._of(values) if isinstance(values, Node) else ANYTHING
        if isinstance(inner, Leaf) and inner.kind in STATES:
            return Map(inner, numbers=strip(inner) is not None)
        return ANYTHING if inner is not None and strip(inner) else None


def _of_string(node: Node, name: str) -> Leaf:
    """Return what a string is, by what its schema says and, for want of that, by its name."""
    if node.format in FORMATS:
        return FORMATS[node.format]
    if node.enum or name in WORDS:
        return Leaf("word")
    return Leaf("duration" if DURATION_PATTERN.fullmatch(node.pattern or "") else "text")


def _chosen(shape: "Shape | None", name: str) -> "Shape | None":
    """Mark an object of which only one field is there: a state, all of whose fields are objects."""
    if not isinstance(shape, Object) or not name.endswith("tate") or len(shape.fields) < len("is"):
        return shape
    inner = shape.fields.values()
    return Object(shape.fields, choice=True) if all(isinstance(one, Object) for one in inner) else shape


def _are_conditions(node: Node | None, element: "Shape | None") -> bool:
    """Whether the elements have a type, and a status that may be True."""
    if not isinstance(element, Object):
        return False
    kinds = [one.kind if isinstance(one := element.fields.get(f), Leaf) else "" for f in ("type", "status")]
    if not all(kind in {"text", "word"} for kind in kinds):
        return False
    status = (node.properties or {}).get("status") if node is not None else None
    return status is None or not status.enum or TRUE in status.enum


def strip(shape: "Shape") -> "Shape | None":
    """Return what of a shape are numbers, with the names of lists' elements; None if there are none."""
    if isinstance(shape, Object):
        return shape.numbers
    if isinstance(shape, Array):
        element = strip(shape.element)
        return Array(element) if element else None
    if isinstance(shape, Map):
        return ANYTHING if shape.numbers else None
    if isinstance(shape, Leaf):
        return NUMBERS.get(shape.kind, None if shape.kind in STATES else shape)
    return shape


def named(shape: Object, fields: "dict[str, Shape]") -> Object | None:
    """Return an object with these of its fields, and its name, if that is a string."""
    name = shape.fields.get("name")
    if fields and "name" not in fields and isinstance(name, Leaf) and name.kind in TEXTS:
        fields["name"] = STRING
    return Object(fields) if fields else None


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
