"""The API server's OpenAPI, read for what a comparison asks: how values and lists are told apart.

Shapes are made when they are first asked for: a group's document holds hundreds, a kind needs few.
"""

from typing import Any, Literal

import msgspec

Form = Literal["", "quantity", "int-or-string", "duration", "time", "bytes", "password"]
ListType = Literal["atomic", "set", "map"]
PREFIX = "#/components/schemas/"
# Named types that are written as a text and mean something else.
FORMS_BY_NAME: dict[str, Form] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "int-or-string",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "time",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "time",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Duration": "duration",
}
FORMS_BY_FORMAT: dict[str, Form] = {
    "date-time": "time",
    "duration": "duration",
    "byte": "bytes",
    "int-or-string": "int-or-string",
    "password": "password",
}
# How a CRD says that an int-or-string is a quantity: controller-gen writes the pattern of resource.Quantity.
QUANTITY_PATTERN = "KMGTPE"
NOTHING = msgspec.Raw()


class Node(msgspec.Struct, kw_only=True, gc=False):
    """An OpenAPI schema, as far as it matters here."""

    ref: str | None = msgspec.field(name="$ref", default=None)
    type: str | None = None
    properties: dict[str, msgspec.Raw] | None = None
    items: msgspec.Raw = NOTHING
    additional: msgspec.Raw = msgspec.field(name="additionalProperties", default=NOTHING)
    all_of: "list[Node] | None" = msgspec.field(name="allOf", default=None)
    format: str | None = None
    pattern: str | None = None
    default: Any = msgspec.UNSET
    list_type: str | None = msgspec.field(name="x-kubernetes-list-type", default=None)
    list_keys: list[str] | None = msgspec.field(name="x-kubernetes-list-map-keys", default=None)
    merge_key: str | None = msgspec.field(name="x-kubernetes-patch-merge-key", default=None)
    map_type: str | None = msgspec.field(name="x-kubernetes-map-type", default=None)
    int_or_string: bool = msgspec.field(name="x-kubernetes-int-or-string", default=False)
    preserve: bool = msgspec.field(name="x-kubernetes-preserve-unknown-fields", default=False)
    embedded: bool = msgspec.field(name="x-kubernetes-embedded-resource", default=False)


class Shape:
    """What is known of a value. All of it may be unknown: then texts are texts and lists are in order."""

    __slots__ = (
        "atomic",
        "defaults",
        "element",
        "fields",
        "form",
        "is_map",
        "keys",
        "list_type",
        "name",
        "type",
    )

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.defaults: dict[str, Any] = {}
        self.type: str | None = None
        self.form: Form = ""
        self.fields: dict[str, Shape] | None = None
        self.is_map = False
        self.atomic = False
        self.element: Shape | None = None
        self.list_type: ListType = "atomic"
        self.keys: tuple[str, ...] = ()

    def field(self, key: str) -> "Shape":
        """Return the shape of one entry of an object or map."""
        if self.fields is not None and key in self.fields:
            return self.fields[key]
        return self.element if self.is_map and self.element is not None else UNKNOWN

    @property
    def is_anything(self) -> bool:
        """Whether the schema says no word on what may stand here."""
        return self.type is None and not self.form and self.fields is None

    @property
    def items(self) -> "Shape":
        """Return the shape of a list's elements."""
        return self.element if self.element is not None else UNKNOWN


UNKNOWN = Shape()
STRING = Shape()
STRING.type = "string"


class _Named(msgspec.Struct):
    gvk: list[dict[str, str]] = msgspec.field(name="x-kubernetes-group-version-kind", default=[])


class _Components(msgspec.Struct):
    schemas: dict[str, msgspec.Raw] = {}


class _Document(msgspec.Struct):
    components: _Components = msgspec.field(default_factory=_Components)


class Schemas:
    """One document of the API server: that of a group in a version."""

    def __init__(self, document: bytes) -> None:
        self._raw = msgspec.json.decode(document, type=_Document).components.schemas
        self._made: dict[str, Shape] = {}

    def of_kind(self, group: str, version: str, kind: str) -> Shape | None:
        """Return the shape of a kind, None where the document has none."""
        wanted = {"group": group, "version": version, "kind": kind}
        suffix = f".{kind}"
        for name, raw in self._raw.items():
            if name.endswith(suffix) and wanted in msgspec.json.decode(raw, type=_Named).gvk:
                return self._of_name(name)
        return None

    def _of_name(self, name: str) -> Shape:
        """Return the shape of a named schema; one that holds itself is a shape that holds itself."""
        if name not in self._made:
            shape = self._made[name] = Shape(name)
            if raw := self._raw.get(name):
                self._fill(shape, msgspec.json.decode(raw, type=Node))
            if form := FORMS_BY_NAME.get(name):
                shape.form = form
        return self._made[name]

    def _of(self, raw: msgspec.Raw) -> tuple[Shape, Any]:
        """Return the shape of a part, and its default."""
        node = msgspec.json.decode(raw, type=Node)
        named = node.ref or (node.all_of[0].ref if node.all_of and len(node.all_of) == 1 else None)
        if named and not node.properties:
            return self._of_name(named.removeprefix(PREFIX)), node.default
        shape = Shape()
        self._fill(shape, node)
        return shape, node.default

    def _fill(self, shape: Shape, node: Node) -> None:
        shape.type = node.type
        shape.form = _form(node)
        shape.atomic = node.map_type == "atomic"
        if node.type == "array":
            self._fill_list(shape, node)
        elif node.properties is not None:
            fields = shape.fields = {}
            for name, raw in node.properties.items():
                fields[name], default = self._of(raw)
                if default is not msgspec.UNSET:
                    shape.defaults[name] = default
        elif bytes(node.additional)[:1] == b"{":
            shape.is_map, shape.element = True, self._of(node.additional)[0]

    def _fill_list(self, shape: Shape, node: Node) -> None:
        shape.element = self._of(node.items)[0] if bytes(node.items) else UNKNOWN
        if node.list_type == "set":
            shape.list_type = "set"
        elif node.list_type == "map" and node.list_keys:
            shape.list_type, shape.keys = "map", tuple(node.list_keys)
        elif node.list_type is None and node.merge_key:
            shape.list_type, shape.keys = "map", (node.merge_key,)


def _form(node: Node) -> Form:
    if node.int_or_string:
        return "quantity" if node.pattern and QUANTITY_PATTERN in node.pattern else "int-or-string"
    return FORMS_BY_FORMAT.get(node.format or "", "")
