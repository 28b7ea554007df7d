"""What is made of a kind's shape: decoders, compiled renderers, and where things are."""

from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from typing import Any

import msgspec

from kube_api_exporter.render import compiled, decode, parts
from kube_api_exporter.render.parts import Part, Parts, Read
from kube_api_exporter.render.places import Families
from kube_api_exporter.render.shapes import Array, Object
from kube_api_exporter.render.walk import Lines

CONTAINER_LISTS = ("containers", "ephemeralContainers", "initContainers")
# Appends what a field tells beside its numbers and states; the field may be null.
More = Callable[[Any, str, Lines], None]
# Namespace, name, UID, resource version, labels.
Identity = tuple[str | None, str | None, str | None, str | None, Mapping[str, str | None] | None]


class Section:
    """A field whose value is decoded and rendered by itself."""

    def __init__(self, attribute: str, struct: Any, render: compiled.Function, more: More | None) -> None:
        self._attribute = attribute
        self._decode = msgspec.json.Decoder(struct | None).decode
        self._render = render
        self._more = more
        self.families: dict[str, None] = {}  # all it was ever rendered to

    def read(self, head: Any, held: Part | None) -> Read:
        """Decode it, unless it is as it was."""
        raw = getattr(head, self._attribute)
        mark = 0 if raw is None else hash(bytes(raw))
        if held is not None and held.mark == mark:
            return Read(mark, None, held)
        return Read(mark, None if raw is None else self._decode(raw), None)

    def render(self, value: Any, identity: str, lines: Lines) -> int:
        """Append its lines; return how many families it has by the schema."""
        if value is not None:
            self._render(value, identity, lines)
        count = len(lines)
        if self._more:
            self._more(value, identity, lines)
        return count


class Typed:
    """What knows the objects of one kind by their schema."""

    def __init__(
        self, shape: Object, families: Families, types: decode.Types, more: Mapping[str, More]
    ) -> None:
        writer, apart = compiled.Writer(), parts.separable(shape)
        self.sections = [
            Section(
                _attribute(shape, field),
                types.struct(inner),
                writer.compile(inner, families.root.child(field)),
                more.get(field),
            )
            for field, inner in apart.items()
        ]
        head = parts.head(shape, apart)
        struct = types.struct(head)
        event = msgspec.defstruct("TypedEvent", [("type", str), ("object", struct)], gc=False)
        self.object: msgspec.json.Decoder[Any] = msgspec.json.Decoder(struct)
        self.event: msgspec.json.Decoder[Any] = msgspec.json.Decoder(event)
        self.families: dict[str, None] = {}  # all that is beside the sections was ever rendered to
        self._render = writer.compile(head, families.root)
        self._more = [
            (_attribute(shape, field), one)
            for field, one in more.items()
            if field in shape.fields.keys() - apart.keys()
        ]
        self._metadata = attrgetter(_attribute(shape, parts.METADATA))
        metadata = shape.fields[parts.METADATA]
        assert isinstance(metadata, Object)
        names = ("namespace", "name", "uid", "resourceVersion", "labels")
        self._identity = attrgetter(*(_attribute(metadata, name) for name in names))
        self._lists = list(_container_lists(shape))

    def identity(self, value: Any) -> Identity | None:
        """Say who a decoded object is, None if it has no metadata."""
        metadata = self._metadata(value)
        return None if metadata is None else self._identity(metadata)

    def read(self, value: Any, held: Parts) -> list[Read]:
        """Decode the sections that are not as they were."""
        known = held or [None] * len(self.sections)
        return [section.read(value, part) for section, part in zip(self.sections, known, strict=True)]

    def render(self, value: Any, identity: str, lines: Lines) -> None:
        """Append the lines of what is beside the sections."""
        self._render(value, identity, lines)
        for attribute, more in self._more:
            more(getattr(value, attribute), identity, lines)

    def containers(self, spec: Any) -> dict[str, list[tuple[str | None, str | None]]]:
        """Return the names and images of a pod's containers by list."""
        found = {}
        for listed, attribute, name, image in self._lists if spec is not None else ():
            if elements := getattr(spec, attribute):
                found[listed] = [(getattr(e, name), getattr(e, image)) for e in elements if e is not None]
        return found

    @property
    def are_mixed(self) -> bool:
        """Whether sections share a family, so that the lines of one can't be exchanged alone."""
        return parts.overlap([self.families, *(section.families for section in self.sections)])


def _attribute(shape: Object, field: str) -> str:
    return f"f{list(shape.fields).index(field)}"


def _container_lists(shape: Object) -> Iterator[tuple[str, str, str, str]]:
    """Yield (list, its attribute in a spec, of an element's name, of its image)."""
    spec = shape.fields.get("spec")
    if not isinstance(spec, Object):
        return
    for listed in CONTAINER_LISTS:
        array = spec.fields.get(listed)
        if isinstance(array, Array) and isinstance(array.element, Object) and "image" in array.element.fields:
            element = array.element
            yield listed, _attribute(spec, listed), _attribute(element, "name"), _attribute(element, "image")
