"""Shapes → msgspec Structs: the decoder skips everything else in the JSON without making an object of it."""

from typing import Annotated, Any, cast

import msgspec

from kube_api_exporter.render.shapes import RAW, Array, Leaf, Map, Object, Shape

# Outside of it the object is decoded the slow way, which knows how to spell such a number.
Integer = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
LEAVES: dict[str, Any] = {
    "integer": Integer,
    "number": Integer | float,
    "boolean": bool,
    "int-or-string": Integer | str,
    "int-or-percent": Integer | str,
    "int-or-quantity": Integer | float | str,
    "string": str,
    "strings": dict[str, str | None],
    "flag": bool,
    **dict.fromkeys(("quantity", "time", "duration", "word", "text"), str),
}


class Types:
    """Makes one Struct per object shape, however often and by whatever kind it is met.

    Workloads share the template of their pods, which is nearly all of them.
    """

    def __init__(self) -> None:
        self._made: dict[int, tuple[Object, type[msgspec.Struct]]] = {}

    def of(self, shape: Shape) -> Any:
        """Return the type to decode a shape to; anything may be null."""
        if shape == RAW:
            return msgspec.Raw  # null is JSON as well
        if isinstance(shape, Leaf):
            return LEAVES[shape.kind] | None
        if isinstance(shape, Map):
            return dict[str, self.of(shape.value)] | None  # type: ignore[misc]  # made at run time
        if isinstance(shape, Array):
            return list[self.of(shape.element)] | None  # type: ignore[misc]  # made at run time
        if isinstance(shape, Object):
            return self.struct(shape) | None
        return Any

    def struct(self, shape: Object) -> type[msgspec.Struct]:
        """Return the Struct of an object; attributes are f0, f1 … in the order of its fields."""
        if id(shape) not in self._made:
            fields = [
                (f"f{index}", self.of(inner), None) for index, inner in enumerate(shape.fields.values())
            ]
            names = {f"f{index}": name for index, name in enumerate(shape.fields)}
            struct = msgspec.defstruct("Decoded", cast("Any", fields), rename=names, gc=False)
            self._made[id(shape)] = (shape, struct)
        return self._made[id(shape)][1]


class Event(msgspec.Struct):
    """A watch event whose object is looked at separately."""

    type: str
    object: msgspec.Raw


class ListMeta(msgspec.Struct):
    """The head of a list."""

    resourceVersion: str = ""  # noqa: N815
    continue_: str = msgspec.field(name="continue", default="")


class Page(msgspec.Struct):
    """A page of a list; its objects are decoded one by one, so that a bad one costs only itself."""

    metadata: ListMeta = msgspec.field(default_factory=ListMeta)
    items: list[msgspec.Raw] | None = None


class Metadata(msgspec.Struct):
    """Who an object is and which state of it we hold."""

    name: str | None = None
    namespace: str | None = None
    uid: str | None = None
    resourceVersion: str | None = None  # noqa: N815
    annotations: dict[str, str] | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Where it sorts."""
        return self.namespace or "", self.name or ""

    @property
    def ident(self) -> str:
        """Changes whenever the object does."""
        return f"{self.uid} {self.resourceVersion}"


class Identified(msgspec.Struct):
    """Any object, bookmark or Status: as much as the watch protocol needs."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)
    code: int | None = None
    message: str | None = None
    details: dict[str, Any] | None = None


class IdentifiedEvent(msgspec.Struct):
    """A watch event, read only for whom it is about."""

    type: str
    object: Identified


class IdentifiedPage(msgspec.Struct):
    """A page of a metadata-only list."""

    metadata: ListMeta = msgspec.field(default_factory=ListMeta)
    items: list[Identified] | None = None
