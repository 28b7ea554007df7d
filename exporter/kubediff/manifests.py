"""Manifests: files, folders, standard input and rendered text, as objects that remember where they stand.

What can't be read costs only itself. Lines are looked up when there is something to say about one: a second
parsing of the few files that drifted is less than remembering the lines of all that did not.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import msgspec

from kubediff import documents
from kubediff.cache import Cache, Stored
from kubediff.documents import UnreadableError
from kubediff.results import Place, Subject, Trouble

SUFFIXES = frozenset({".yaml", ".yml", ".json"})
BYTES_MAX = 64 << 20
STDIN = "-"
KUSTOMIZATION = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
# Groups whose objects are read by tools and never by an API server.
NOT_SERVED = ("kustomize.config.k8s.io/", "kind.x-k8s.io/", "kubeadm.k8s.io/")


@dataclass(frozen=True)
class Source:
    """A text with manifests; `text` is kept where it can't be read again."""

    name: str
    text: bytes | None = None

    def again(self) -> bytes:
        """Return the text once more."""
        if self.text is not None:
            return self.text
        with Path(self.name).open("rb") as file:
            return file.read(BYTES_MAX + 1)


@dataclass(frozen=True)
class Manifest:
    """One object that should be in the cluster."""

    subject: Subject
    source: Source
    stored: Stored

    @property
    def place(self) -> Place:
        """Where it begins."""
        return Place(self.source.name, self.stored.line)

    @property
    def value(self) -> dict[str, Any]:
        """The object; a new one each time, as it may be changed for comparing."""
        found: dict[str, Any] = msgspec.json.decode(self.stored.body)
        return found


@dataclass
class Manifests:
    """All that was read, and what could not be."""

    found: list[Manifest] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)

    def trouble(self, where: object, sentence: str) -> None:
        """Take note of what can't be compared."""
        self.troubles.append(Trouble(str(where), sentence))


def read(
    paths: Iterable[str],
    rendered: Iterable[Source | Trouble] = (),
    *,
    namespace: str,
    excluded: Sequence[str] = (),
    cache: Cache | None = None,
) -> Manifests:
    """Read everything that the paths lead to, and what was rendered; `namespace` is for what names none."""
    manifests = Manifests()
    for each in rendered:
        if isinstance(each, Trouble):
            manifests.troubles.append(each)
        else:
            take(manifests, each, namespace=namespace, cache=cache)
    for given in paths:
        for source in _sources(given, excluded, manifests):
            take(manifests, source, namespace=namespace, cache=cache)
    if not manifests.found and not manifests.troubles:
        manifests.trouble("the manifests", "there is no object in them; name files or folders that hold some")
    _refuse_doubles(manifests)
    return manifests


def _sources(given: str, excluded: Sequence[str], manifests: Manifests) -> Iterator[Source]:
    if given == STDIN:
        yield Source("(stdin)", sys.stdin.buffer.read(BYTES_MAX + 1))
        return
    path = Path(given)
    if not path.is_dir():
        yield Source(given)
        return
    files = [file for file in _walk(path) if not any(_matches(file, pattern) for pattern in excluded)]
    if not files:
        manifests.trouble(given, "there is no .yaml, .yml or .json file in this folder")
    for file in files:
        if file.name in KUSTOMIZATION:
            manifests.trouble(
                file, f"kustomize changes what is here; give --render 'kustomize build {file.parent}' instead"
            )
        else:
            yield Source(str(file))


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder in order, without what is hidden."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _walk(entry)
        elif entry.suffix in SUFFIXES or entry.name in KUSTOMIZATION:
            yield entry


def _matches(file: Path, pattern: str) -> bool:
    return fnmatch(str(file), pattern) or fnmatch(file.name, pattern)


def take(manifests: Manifests, source: Source, *, namespace: str, cache: Cache | None = None) -> None:
    """Add the objects of one text."""
    try:
        text = source.again()
    except OSError as error:
        manifests.trouble(source.name, f"can't read it: {error.strerror}")
        return
    if len(text) > BYTES_MAX:
        manifests.trouble(source.name, f"it is larger than {BYTES_MAX >> 20} MiB; split it")
        return
    if not text.strip():
        manifests.trouble(f"{source.name}:1", "the file is empty")
        return
    key = cache.key(text) if cache else b""
    stored = cache.get(key) if cache else None
    if stored is None:
        before = len(manifests.troubles)
        stored = list(_objects(text, source, manifests))
        if cache and before == len(manifests.troubles):
            cache.put(key, stored)
    for each in stored:
        _identify(manifests, source, each, namespace)


def _objects(text: bytes, source: Source, manifests: Manifests) -> Iterator[Stored]:
    for number, (line, part) in enumerate(documents.split(text)):
        try:
            document = documents.read(part, line)
        except UnreadableError as error:
            manifests.trouble(Place(source.name, error.line), error.sentence)
            continue
        if document is None or document.value is None:
            continue
        yield from _of_document(document, number, source, manifests)


def _of_document(
    document: documents.Document, number: int, source: Source, manifests: Manifests
) -> Iterator[Stored]:
    value, lines = document.value, document.lines
    first = lines.at(value, _first(value), document.line)
    if not isinstance(value, dict):
        manifests.trouble(Place(source.name, first), "it is no mapping, so it is no manifest")
        return
    items = value.get("items")
    if not (str(value.get("kind", "")).endswith("List") and isinstance(items, list)):
        yield Stored(first, number, None, _encoded(value))
        return
    for place, item in enumerate(items):
        at = lines.at(value, ("items", place), first)
        if isinstance(item, dict):
            kind = str(value["kind"]).removesuffix("List")
            implied = {"apiVersion": value.get("apiVersion"), "kind": kind} if kind else {}
            yield Stored(at, number, place, _encoded({**implied, **item}))
        else:
            manifests.trouble(Place(source.name, at), "it is no mapping, so it is no manifest")


def _first(value: Any) -> tuple[Any, ...]:
    return (next(iter(value)),) if isinstance(value, dict) and value else ()


def _encoded(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value)
    except (UnicodeEncodeError, msgspec.MsgspecError):
        return json.dumps(value).encode()


class _Head(msgspec.Struct):
    apiVersion: Any = None  # noqa: N815
    kind: Any = None
    metadata: Any = None


def _identify(manifests: Manifests, source: Source, stored: Stored, namespace: str) -> None:
    """Add one object, unless it does not say what it is."""
    head = msgspec.json.decode(stored.body, type=_Head)
    place = Place(source.name, stored.line)
    if not (
        isinstance(head.apiVersion, str) and isinstance(head.kind, str) and head.apiVersion and head.kind
    ):
        manifests.trouble(
            place, "it says no apiVersion and kind, so it is no manifest; leave it out by --exclude"
        )
        return
    if head.apiVersion.startswith(NOT_SERVED):
        manifests.trouble(
            place, f"{head.apiVersion} {head.kind} is never in a cluster; leave it out by --exclude"
        )
        return
    metadata = head.metadata if isinstance(head.metadata, dict) else {}
    name = metadata.get("name")
    if not isinstance(name, str) or not name:
        generated = metadata.get("generateName")
        said = f"it is named by generateName {generated}" if generated else "it has no metadata.name"
        manifests.trouble(place, f"{said}: nothing tells which object of the cluster it is")
        return
    said_namespace = metadata.get("namespace")
    if said_namespace is not None and not isinstance(said_namespace, str):
        manifests.trouble(place, "its metadata.namespace is no text")
        return
    subject = Subject(head.kind, said_namespace or namespace, name, head.apiVersion)
    manifests.found.append(Manifest(subject, source, stored))


def _refuse_doubles(manifests: Manifests) -> None:
    """Take out objects that two manifests claim: nothing tells which of them counts."""
    by_subject: dict[tuple[str, str, str, str], list[Manifest]] = {}
    for manifest in manifests.found:
        subject = manifest.subject
        group = subject.api_version.rpartition("/")[0]
        by_subject.setdefault((group, subject.kind, subject.namespace, subject.name), []).append(manifest)
    if len(by_subject) == len(manifests.found):
        return
    for first, *others in by_subject.values():
        for other in others:
            manifests.trouble(other.place, f"{other.subject} is in {first.place} too; keep one of them")
    manifests.found = [only[0] for only in by_subject.values() if len(only) == 1]


class Lines:
    """Finds the line of a value; of a file that can't be read again it knows the first line only."""

    def __init__(self) -> None:
        self._key: tuple[str, int] | None = None
        self._document: documents.Document | None = None

    def place(self, manifest: Manifest, steps: tuple[Any, ...]) -> Place:
        """Return the line of what these keys lead to."""
        document = self._of(manifest)
        if document is None:
            return manifest.place
        root, item = document.value, manifest.stored.item
        if item is not None:
            steps = ("items", item, *steps)
        line = document.lines.at(root, steps, manifest.stored.line)
        return Place(manifest.source.name, line)

    def _of(self, manifest: Manifest) -> documents.Document | None:
        key = manifest.source.name, manifest.stored.document
        if key != self._key:
            self._key, self._document = key, None
            try:
                parts = list(documents.split(manifest.source.again()))
                line, part = parts[manifest.stored.document]
                self._document = documents.read(part, line)
            except (OSError, LookupError, UnreadableError):
                return None
        return self._document
