"""Manifests: files, folders, standard input and rendered text, as objects that remember where they stand.

What can't be read costs only itself.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any

import msgspec

from kubediff import json_object
from kubediff.cache import Cache, Stored
from kubediff.results import Place, Subject, Trouble

SUFFIXES = (".yaml", ".yml", ".json")
BYTES_MAX = 64 << 20
STDIN = "-"
KUSTOMIZATION = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
# Groups whose objects are read by tools and never by an API server.
NOT_SERVED = ("kustomize.config.k8s.io/", "kind.x-k8s.io/", "kubeadm.k8s.io/")


class Source(msgspec.Struct, frozen=True):
    """A text with manifests; `text` is kept where it can't be read again."""

    name: str
    text: bytes | None = None

    def again(self) -> bytes:
        """Return the text once more."""
        if self.text is not None:
            return self.text
        with open(self.name, "rb") as file:  # noqa: PTH123  # a Path for each of a thousand takes longer
            return file.read(BYTES_MAX + 1)


class Manifest(msgspec.Struct, frozen=True):
    """One object that should be in the cluster; `key` is that of the text it stands in."""

    subject: Subject
    source: Source
    stored: Stored
    key: bytes = b""

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
    if not os.path.isdir(given):  # noqa: PTH112
        yield Source(given)
        return
    before = len(manifests.troubles)
    files = [
        file
        for file in _walk(given.rstrip("/") or "/", manifests)
        if not any(_matches(file, pattern) for pattern in excluded)
    ]
    if not files and before == len(manifests.troubles):
        manifests.trouble(given, "there is no .yaml, .yml or .json file in this folder")
    for file in files:
        folder, _, name = file.rpartition("/")
        if name in KUSTOMIZATION:
            manifests.trouble(
                file, f"kustomize changes what is here; give --render 'kustomize build {folder}' instead"
            )
        else:
            yield Source(file)


def _walk(folder: str, manifests: Manifests) -> Iterator[str]:
    """Yield the files of a folder in order, without what is hidden."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        manifests.trouble(folder, f"can't read it: {error.strerror}")
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _walk(entry.path, manifests)
        elif entry.name.endswith(SUFFIXES) or entry.name in KUSTOMIZATION:
            yield entry.path


def _matches(file: str, pattern: str) -> bool:
    return fnmatch(file, pattern) or fnmatch(file.rpartition("/")[2], pattern)


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
        only = json_object.read(text)
        if only:
            stored = [only]
        else:
            from kubediff import texts  # noqa: PLC0415  # loads YAML, and all is in the cache as a rule

            stored = list(texts.objects(text, source.name, manifests.trouble))
        if cache and before == len(manifests.troubles):
            cache.put(key, stored)
    for each in stored:
        _identify(manifests, source, each, namespace, key)


class _Head(msgspec.Struct):
    apiVersion: Any = None  # noqa: N815
    kind: Any = None
    metadata: Any = None


_HEADS = msgspec.json.Decoder(_Head)


def _identify(manifests: Manifests, source: Source, stored: Stored, namespace: str, key: bytes) -> None:
    """Add one object, unless it does not say what it is."""
    head = _HEADS.decode(stored.body)
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
    manifests.found.append(Manifest(subject, source, stored, key))


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
