"""One object → its lines by family, as bytes: compiled where a schema is known, walked where not."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kube_api_exporter import extras
from kube_api_exporter.kinds import ALIAS_TAGS, Kind
from kube_api_exporter.places import Families
from kube_api_exporter.walk import Lines, walk

Pieces = dict[str, bytes]


@dataclass(frozen=True)
class Rendered:
    """What is kept of an object: where it sorts, which state it was, and its lines."""

    key: tuple[str, str]
    ident: str
    pieces: Pieces


class Renderer:
    """Renders the objects of one kind by walking them."""

    def __init__(self, kind: Kind, families: Families | None = None) -> None:
        self.kind = kind
        self.families = families or Families(kind.tag)
        self._labels = self.families.special("labels", "metadata.labels")
        self._images = self.families.special("images", "spec.containers.image") if kind.tag == "pod" else None
        self._alias = ALIAS_TAGS.get(kind.tag)

    def untyped(self, value: Mapping[str, Any]) -> Rendered:
        """Render an object decoded to plain dicts."""
        metadata = value.get("metadata") or {}
        namespace, name = metadata.get("namespace"), metadata.get("name")
        if self.kind.namespaced:
            namespace = namespace or "default"
        identity = extras.identity_labels(namespace, name)
        lines: Lines = {}
        walk(value, self.families.root, identity, lines)
        self._add_extras(lines, identity, metadata.get("labels"), _containers(value.get("spec")))
        ident = f"{metadata.get('uid')} {metadata.get('resourceVersion')}"
        return Rendered((namespace or "", name or ""), ident, self._encode(lines))

    def _add_extras(
        self,
        lines: Lines,
        identity: str,
        labels: Mapping[str, str | None] | None,
        containers: Mapping[str, list[tuple[str | None, str | None]]],
    ) -> None:
        """Add the families that are not numbers of the object."""
        if self._labels:
            lines[self._labels] = [extras.labels_line(self._labels, identity, labels)]
        if self._images and containers:
            lines[self._images] = extras.image_lines(self._images, identity, containers)
        if self.kind.tag == "job":
            extras.pad_job(lines, identity)

    def _encode(self, lines: Lines) -> Pieces:
        """Join each family's lines, and say them again under an old name of the kind."""
        pieces = {family: "".join(said).encode() for family, said in lines.items() if said}
        if self._alias:
            start = f"k8s_{self.kind.tag}_"
            for family, said in lines.items():
                alias = f"k8s_{self._alias}_{family.removeprefix(start)}"
                pieces[alias] = "".join(alias + line.removeprefix(family) for line in said).encode()
        return pieces


def _containers(spec: Any) -> dict[str, list[tuple[str | None, str | None]]]:
    """Return the names and images of a pod's containers by list."""
    if not isinstance(spec, Mapping):
        return {}
    return {
        listed: [(each.get("name"), each.get("image")) for each in spec[listed] if isinstance(each, Mapping)]
        for listed in ("containers", "ephemeralContainers", "initContainers")
        if isinstance(spec.get(listed), list)
    }


def shard_of(uid: str, shards: int) -> int:
    """Return which shard an object belongs to; stable over restarts and machines."""
    return zlib.crc32(uid.encode()) % shards


def help_text(families: Families, kind: Kind, family: str) -> str:
    """Return HELP: the JSON path, the kind, the unit. No quote and no backslash: one text for all formats."""
    paths = ", ".join(f".{path}" for path in sorted(set(families.paths.get(family, ()))))
    said = f"{paths or family} of {kind.kind} ({kind.api_version}); {unit(family)}."
    return said.translate({34: "'", 92: "/", 10: " ", 13: " "})


def unit(family: str) -> str:
    """Return the unit as far as the API's own spelling tells it."""
    word = family.rsplit("_", 1)[-1].lower()
    if word in {"labels", "images"}:
        return "always 1, for joins"
    for ending in ("milliseconds", "seconds", "bytes", "percentage", "percent"):
        if word.endswith(ending):
            return ending
    return "a number, booleans are 0 and 1"
