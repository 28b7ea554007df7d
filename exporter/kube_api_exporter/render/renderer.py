"""One object → its lines by family, as bytes: compiled where a schema is known, walked where not."""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import msgspec

from kube_api_exporter.kinds import ALIAS_TAGS, Kind
from kube_api_exporter.render import compiled, decode, extras
from kube_api_exporter.render.places import Families, TooManyFamilies
from kube_api_exporter.render.pruning import prune, trim
from kube_api_exporter.render.shapes import Array, Object
from kube_api_exporter.render.states import lay
from kube_api_exporter.render.walk import Lines, walk
from kube_api_exporter.telling import Tell

Pieces = dict[str, bytes]
Key = tuple[str, str]
CONTAINER_LISTS = ("containers", "ephemeralContainers", "initContainers")


class Refused(Exception):  # noqa: N818  # one object that can't be shown; `reason` is a metric label
    """An object that would spoil the scrape; only it is left out."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(slots=True)
class Seen:
    """A decoded object and who it is."""

    namespace: str | None
    name: str | None
    uid: str
    version: str
    labels: Mapping[str, str | None] | None
    value: Any
    typed: bool

    @property
    def key(self) -> Key:
        """Where it sorts: by namespace, then by name."""
        return self.namespace or "", self.name or ""

    @property
    def ident(self) -> str:
        """Changes whenever the object does."""
        return f"{self.uid} {self.version}"

    def shard(self, shards: int) -> int:
        """Return which of so many shards it belongs to."""
        return shard_of(self.uid, shards)


def shard_of(uid: str, shards: int) -> int:
    """Return which shard a UID belongs to; the same on every machine and after every restart."""
    return zlib.crc32(uid.encode()) % shards


class Renderer:
    """Decodes and renders the objects of one kind."""

    def __init__(
        self,
        kind: Kind,
        families: Families | None = None,
        shape: Object | None = None,
        types: decode.Types | None = None,
        tell: Tell | None = None,
    ) -> None:
        self.kind = kind
        self.families = families or Families(kind.tag)
        self._labels = self.families.special("labels", "metadata.labels")
        self._images = self.families.special("images", "spec.containers.image") if kind.tag == "pod" else None
        self._roles = self.families.special("roles", "metadata.labels") if self._tells_roles(tell) else None
        self._counts = list(_job_counts(self.families)) if kind.tag == "job" else []
        self._alias = ALIAS_TAGS.get(kind.tag)
        self._typed = self._compiled(shape, types or decode.Types(), tell or Tell()) if shape else None

    def _tells_roles(self, tell: Tell | None) -> bool:
        """Whether these are nodes, and states are told."""
        return self.kind.name == "nodes" and (tell or Tell()).state("metadata.labels")

    def _compiled(self, shape: Object, types: decode.Types, tell: Tell) -> "_Typed | None":
        """Return what renders by a schema; None if there is nothing to tell, or too much: then we look."""
        try:
            trimmed = trim(shape, tell)
            pruned = prune(trimmed, self.families.root) if trimmed else None
        except TooManyFamilies:
            return None
        if not isinstance(pruned, Object):
            return None
        lay(pruned, self.families.root, tell)
        return _Typed(self.kind, pruned, self.families, types)

    def of_json(self, raw: bytes | msgspec.Raw) -> Seen:
        """Decode one object; typed if the schema fits, generic if the object breaks it."""
        if self._typed:
            try:
                return self._typed.seen(self._typed.object.decode(raw))
            except (msgspec.MsgspecError, RecursionError):
                pass  # a value of another type than the schema says; or no JSON at all, which is said below
        return self._untyped(_plain(raw))

    def of_event(self, line: bytes) -> tuple[str, Seen | decode.Identified]:
        """Decode one line of a watch: the type, and the object or what a bookmark or an error says."""
        if self._typed:
            try:
                event = self._typed.event.decode(line)
            except (msgspec.MsgspecError, RecursionError):
                pass
            else:
                if event.type in {"ADDED", "MODIFIED", "DELETED"}:
                    return event.type, self._typed.seen(event.object)
        try:
            loose = msgspec.json.decode(line, type=decode.Event)
            if loose.type in {"ADDED", "MODIFIED", "DELETED"}:
                return loose.type, self._untyped(_plain(loose.object))
            return loose.type, msgspec.json.decode(loose.object, type=decode.Identified)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Refused("decode", f"a watch event of {self.kind.name}: {error}") from error

    def of_value(self, value: Mapping[str, Any]) -> Seen:
        """Take an object that is already decoded to plain dicts."""
        return self._untyped(value)

    def pieces(self, seen: Seen) -> Pieces:
        """Render an object; Refused if it would spoil the scrape."""
        identity = extras.identity_labels(seen.namespace, seen.name)
        lines = Lines(list)
        try:
            if seen.typed and self._typed:
                self._typed.render(seen.value, identity, lines)
            else:
                walk(seen.value, self.families.root, identity, lines)
            self._add_extras(lines, identity, seen)
            return self._encode(lines)
        except TooManyFamilies as error:
            raise Refused("families", f"{self.kind.name} {seen.key}: {error}") from error
        except (OverflowError, ValueError, RecursionError, TypeError, AttributeError) as error:
            raise Refused("render", f"{self.kind.name} {seen.key}: {error}") from error

    def _untyped(self, value: Any) -> Seen:
        metadata = value.get("metadata") if isinstance(value, Mapping) else None
        if not isinstance(metadata, Mapping):
            raise Refused("decode", f"an object of {self.kind.name} without metadata")
        return Seen(
            namespace=_namespace(self.kind, _text(metadata.get("namespace"))),
            name=_text(metadata.get("name")),
            uid=_text(metadata.get("uid")) or "",
            version=_text(metadata.get("resourceVersion")) or "",
            labels=_labels(metadata.get("labels")),
            value=value,
            typed=False,
        )

    def _add_extras(self, lines: Lines, identity: str, seen: Seen) -> None:
        """Add the families that are not numbers of the object."""
        if self._labels:
            lines[self._labels] = [extras.labels_line(self._labels, identity, seen.labels)]
        if self._images:
            found = (
                self._typed.containers(seen.value) if seen.typed and self._typed else _containers(seen.value)
            )
            lines[self._images] = extras.image_lines(self._images, identity, found)
        if self._roles:
            lines[self._roles] = extras.role_lines(self._roles, identity, seen.labels)
        if self._counts:
            extras.pad_job(lines, identity, self._counts)

    def _encode(self, lines: Lines) -> Pieces:
        """Join each family's lines, and say them again under an old name of the kind."""
        pieces = {family: "".join(said).encode() for family, said in lines.items() if said}
        if self._alias:
            start = f"k8s_{self.kind.tag}_"
            for family, said in lines.items():
                if not said:
                    continue
                alias = f"k8s_{self._alias}_{family.removeprefix(start)}"
                pieces[alias] = "".join(alias + line.removeprefix(family) for line in said).encode()
        return pieces


class _Typed:
    """What is made of a kind's shape: decoders, the compiled renderer, and where things are."""

    def __init__(self, kind: Kind, shape: Object, families: Families, types: decode.Types) -> None:
        self._kind = kind
        struct = types.struct(shape)
        event = msgspec.defstruct("TypedEvent", [("type", str), ("object", struct)], gc=False)
        self.object: msgspec.json.Decoder[Any] = msgspec.json.Decoder(struct)
        self.event: msgspec.json.Decoder[Any] = msgspec.json.Decoder(event)
        self.render = compiled.Writer().compile(shape, families)
        self._metadata = _attribute(shape, "metadata")
        metadata = shape.fields["metadata"]
        assert isinstance(metadata, Object)
        fields = ("namespace", "name", "uid", "resourceVersion", "labels")
        self._identity = attrgetter(*(_attribute(metadata, field) for field in fields))
        self._lists = list(_container_lists(shape))

    def seen(self, value: Any) -> Seen:
        """Say who a decoded object is."""
        metadata = getattr(value, self._metadata)
        if metadata is None:
            raise Refused("decode", "an object without metadata")
        namespace, name, uid, version, labels = self._identity(metadata)
        return Seen(
            _namespace(self._kind, namespace), name, uid or "", version or "", labels, value, typed=True
        )

    def containers(self, pod: Any) -> dict[str, list[tuple[str | None, str | None]]]:
        """Return the names and images of a pod's containers by list."""
        found = {}
        for listed, spec, attribute, name, image in self._lists:
            if (parent := getattr(pod, spec)) is not None and (elements := getattr(parent, attribute)):
                found[listed] = [(getattr(e, name), getattr(e, image)) for e in elements if e is not None]
        return found


def _job_counts(families: Families) -> Iterator[str]:
    """Yield the families of a job's counts that the user wants."""
    status = families.root.child("status")
    for count in ("failed", "succeeded"):
        if family := status.child(count).family:
            yield family


def _attribute(shape: Object, field: str) -> str:
    return f"f{list(shape.fields).index(field)}"


def _container_lists(shape: Object) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield (list, attribute of spec, of the list, of an element's name, of its image)."""
    spec = shape.fields.get("spec")
    if not isinstance(spec, Object):
        return
    for listed in CONTAINER_LISTS:
        array = spec.fields.get(listed)
        if isinstance(array, Array) and isinstance(array.element, Object) and "image" in array.element.fields:
            yield (
                listed,
                _attribute(shape, "spec"),
                _attribute(spec, listed),
                _attribute(array.element, "name"),
                _attribute(array.element, "image"),
            )


def _containers(pod: Mapping[str, Any]) -> dict[str, list[tuple[str | None, str | None]]]:
    """Return the names and images of a generic pod's containers by list."""
    spec = pod.get("spec")
    if not isinstance(spec, Mapping):
        return {}
    return {
        listed: [
            (_text(each.get("name")), _text(each.get("image")))
            for each in spec[listed]
            if isinstance(each, Mapping)
        ]
        for listed in CONTAINER_LISTS
        if isinstance(spec.get(listed), list)
    }


def _plain(raw: bytes | msgspec.Raw) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise Refused("decode", f"an object that can't be decoded: {error}") from error


def _namespace(kind: Kind, said: str | None) -> str | None:
    """Return the namespace to show: an object of a namespaced kind always has one."""
    return (said or "default") if kind.namespaced else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _labels(value: Any) -> dict[str, str | None] | None:
    """Return labels as the API allows them; anything else is no label."""
    if not isinstance(value, Mapping):
        return None
    return {key: said for key, said in value.items() if isinstance(said, str | None)}
