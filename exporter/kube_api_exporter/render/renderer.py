"""One object → its lines by family, as bytes: compiled where a schema is known, walked where not."""

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from kube_api_exporter.kinds import ALIAS_TAGS, Kind
from kube_api_exporter.render import decode, extras, parts
from kube_api_exporter.render.parts import Part, Parts, Pieces, Read, Rendered
from kube_api_exporter.render.places import Families, TooManyFamilies
from kube_api_exporter.render.pruning import prune, trim
from kube_api_exporter.render.shapes import Object
from kube_api_exporter.render.states import lay
from kube_api_exporter.render.typed import CONTAINER_LISTS, More, Typed
from kube_api_exporter.render.walk import Lines, walk
from kube_api_exporter.telling import Tell

Key = tuple[str, str]
Held = Callable[[Key], Parts]  # what is remembered of an object


def nothing(_key: Key) -> Parts:
    """Remember nothing of any object."""
    return ()


class Refused(Exception):  # noqa: N818  # one object that can't be shown; `reason` is a metric label
    """An object that would spoil the scrape; only it is left out."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(slots=True)
class Seen:
    """A decoded object and who it is; parts of it may be as they were, and not decoded."""

    namespace: str | None
    name: str | None
    uid: str
    version: str
    labels: Mapping[str, str | None] | None
    value: Any
    typed: bool
    parts: Sequence[Read] = ()

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
        self._mixed = False  # parts of an object share a family
        self._typed = self._compiled(shape, types or decode.Types(), tell or Tell()) if shape else None

    def _tells_roles(self, tell: Tell | None) -> bool:
        """Whether these are nodes, and states are told."""
        return self.kind.name == "nodes" and (tell or Tell()).state("metadata.labels")

    def _compiled(self, shape: Object, types: decode.Types, tell: Tell) -> Typed | None:
        """Return what renders by a schema; None if there is nothing to tell, or too much: then we look."""
        try:
            trimmed = trim(shape, tell)
            pruned = prune(trimmed, self.families.root) if trimmed else None
        except TooManyFamilies:
            return None
        if not isinstance(pruned, Object):
            return None
        lay(pruned, self.families.root, tell)
        return Typed(pruned, self.families, types, dict(self._more()))

    def _more(self) -> Iterator[tuple[str, More]]:
        """Yield what fields tell beside their numbers and states."""
        if self._images:
            yield "spec", self._add_images
        if self._counts:
            yield "status", self._add_counts

    def of_json(self, raw: bytes | msgspec.Raw) -> Seen:
        """Decode one object; typed if the schema fits, generic if the object breaks it."""
        if self._typed:
            try:
                return self._seen(self._typed, self._typed.object.decode(raw), nothing)
            except (msgspec.MsgspecError, RecursionError):
                pass  # a value of another type than the schema says; or no JSON at all, which is said below
        return self._untyped(_plain(raw))

    def of_event(self, line: bytes, held: Held = nothing) -> tuple[str, Seen | decode.Identified]:
        """Decode one line of a watch: the type, and the object or what a bookmark or an error says."""
        if self._typed:
            try:
                event = self._typed.event.decode(line)
                if event.type in {"ADDED", "MODIFIED", "DELETED"}:
                    return event.type, self._seen(self._typed, event.object, held)
            except (msgspec.MsgspecError, RecursionError):
                pass
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
        """Return all lines of an object that was decoded as a whole."""
        return self.render(seen).pieces

    def render(self, seen: Seen) -> Rendered:
        """Render what of an object is not as it was; Refused if it would spoil the scrape."""
        identity = extras.identity_labels(seen.namespace, seen.name)
        try:
            if seen.typed and self._typed:
                return self._by_schema(self._typed, seen, identity)
            return self._walked(seen, identity)
        except TooManyFamilies as error:
            raise Refused("families", f"{self.kind.name} {seen.key}: {error}") from error
        except (OverflowError, ValueError, RecursionError, TypeError, AttributeError) as error:
            raise Refused("render", f"{self.kind.name} {seen.key}: {error}") from error

    def _by_schema(self, typed: Typed, seen: Seen, identity: str) -> Rendered:
        rendered = None if self._mixed else self._by_parts(typed, seen, identity)
        if rendered is None or self._mixed:  # that they are may have turned out just now
            return self._at_once(typed, seen, identity)
        return rendered

    def _walked(self, seen: Seen, identity: str) -> Rendered:
        """Render an object that no schema fits."""
        lines = Lines(list)
        walk(seen.value, self.families.root, identity, lines)
        self._add_labels(seen, identity, lines)
        if self._images:
            lines[self._images] = extras.image_lines(self._images, identity, _containers(seen.value))
        self._add_counts(None, identity, lines)
        return parts.whole(self._encode(lines))

    def _at_once(self, typed: Typed, seen: Seen, identity: str) -> Rendered:
        """Render an object whose parts can't be told apart."""
        lines = Lines(list)
        typed.render(seen.value, identity, lines)
        for section, read in zip(typed.sections, typed.read(seen.value, ()), strict=True):
            section.render(read.value, identity, lines)
        self._add_labels(seen, identity, lines)
        return parts.whole(self._encode(lines))

    def _by_parts(self, typed: Typed, seen: Seen, identity: str) -> Rendered:
        """Render the head of an object and the sections that were decoded."""
        lines = Lines(list)
        for read in seen.parts:
            lines.room -= read.held.spent if read.held else 0
        typed.render(seen.value, identity, lines)
        room, beside, lost = lines.room, len(lines), self.families.lost.total()
        self._add_labels(seen, identity, lines)
        pieces, series = self._said(lines, typed.families)
        known, kept = list[Part | None](), list[dict[str, None]]()
        for section, read in zip(typed.sections, seen.parts, strict=True):
            if part := read.held:
                known.append(part)
                kept.append(section.families)
            else:
                lines = Lines(list)
                lines.room, lines.beside = room, beside
                count = section.render(read.value, identity, lines)
                said, own = self._said(lines, section.families)
                pieces |= said
                part = Part(read.mark, room - lines.room, count, own)
                room, before, lost = lines.room, lost, self.families.lost.total()
                known.append(part if lost == before else None)  # what is lost is counted at every event
            beside += part.families
            series += part.series
        return Rendered(pieces, series, tuple(known), kept[0] if len(kept) == 1 else set[str]().union(*kept))

    def _said(self, lines: Lines, families: dict[str, None]) -> tuple[Pieces, int]:
        """Join the lines of a part, and take note of its families; return how many series it has as well."""
        pieces = self._encode(lines)
        if self._typed and not pieces.keys() <= families.keys():
            families.update(dict.fromkeys(pieces))
            self._mixed = self._mixed or self._typed.are_mixed
        return pieces, sum(map(len, lines.values())) * (2 if self._alias else 1)

    def _seen(self, typed: Typed, value: Any, held: Held) -> Seen:
        """Say who a decoded object is, and decode what of it is not as it was held."""
        identity = typed.identity(value)
        if identity is None:
            raise Refused("decode", "an object without metadata")
        namespace, name, uid, version, labels = identity
        namespace = _namespace(self.kind, namespace)
        seen = Seen(namespace, name, uid or "", version or "", labels, value, typed=True)
        if typed.sections:
            seen.parts = typed.read(value, () if self._mixed else held(seen.key))
        return seen

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

    def _add_labels(self, seen: Seen, identity: str, lines: Lines) -> None:
        """Add the families that are labels of the object."""
        if self._labels:
            lines[self._labels] = [extras.labels_line(self._labels, identity, seen.labels)]
        if self._roles:
            lines[self._roles] = extras.role_lines(self._roles, identity, seen.labels)

    def _add_images(self, spec: Any, identity: str, lines: Lines) -> None:
        """Add the images of a typed pod's containers."""
        if self._images and self._typed:
            found = self._typed.containers(spec)
            lines[self._images] = extras.image_lines(self._images, identity, found)

    def _add_counts(self, _status: Any, identity: str, lines: Lines) -> None:
        """Add the counts of a job that the API omits."""
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


def _job_counts(families: Families) -> Iterator[str]:
    """Yield the families of a job's counts that the user wants."""
    status = families.root.child("status")
    for count in ("failed", "succeeded"):
        if family := status.child(count).family:
            yield family


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
