"""Layers and image archives written directly as tar, as `docker load` and `ctr images import` read them.

They come out the same, byte by byte, whoever writes them and whenever.
"""

import hashlib
import io
import json
import platform
import stat
import tarfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from alertdrill.machine import cache

GO_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
EXECUTABLE, PLAIN, SHARED = 0o755, 0o644, 0o1777


class Script(bytes):
    """A file's bytes that are to be run."""

    __slots__ = ()


class Link(str):
    """Where a symbolic link leads."""

    __slots__ = ()


class SharedFolder:
    """A folder in which everybody may write, and remove only what is theirs: /tmp."""


Source = Path | bytes | Link | SharedFolder


def tree(root: Path, *, below: str = "", keep: Callable[[str], bool] = lambda _: True) -> dict[str, Source]:
    """Return {name in the tar: path} of everything in `root` that is to be kept, placed under `below`."""
    names = ((path.relative_to(root).as_posix(), path) for path in root.rglob("*"))
    return {f"{below}{name}": path for name, path in names if keep(name)}


def pack(target: Path, members: Mapping[str, Source]) -> None:
    """Write a tar of `members`: name → a path, whatever it is, or bytes; a name that ends in `/` is a folder.

    Sorted, owned by root, without times and without the umask of this machine: a file is 0755 or 0644, by
    whether it can be run. Missing parent folders are added. One file under two names is stored once.
    """
    written: dict[tuple[int, int], str] = {}
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted({*members, *_parents(members)}):
            entry = members.get(name, b"")
            if isinstance(entry, Path):
                _add_path(tar, name, entry, written)
            else:
                _add_stated(tar, name, entry)


def _parents(names: Iterable[str]) -> set[str]:
    """Return the folders above `names` that nobody named."""
    named = {name.rstrip("/") for name in names}
    above = {
        parent.as_posix() for name in names for parent in PurePosixPath(name).parents if parent.name
    } - named
    return {f"{name}/" for name in above}


def _add_stated(tar: tarfile.TarFile, name: str, entry: bytes | Link | SharedFolder) -> None:
    info = tarfile.TarInfo(name.rstrip("/"))
    content = b""
    if isinstance(entry, Link):
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, str(entry), 0o777
    elif isinstance(entry, SharedFolder):
        info.type, info.mode = tarfile.DIRTYPE, SHARED
    elif name.endswith("/"):
        info.type, info.mode = tarfile.DIRTYPE, EXECUTABLE
    else:
        content = entry
        info.size, info.mode = len(entry), EXECUTABLE if isinstance(entry, Script) else PLAIN
    tar.addfile(info, io.BytesIO(content))


def _add_path(tar: tarfile.TarFile, name: str, path: Path, written: dict[tuple[int, int], str]) -> None:
    info = tarfile.TarInfo(name.rstrip("/"))
    status = path.lstat()
    runs = stat.S_ISDIR(status.st_mode) or status.st_mode & stat.S_IXUSR
    info.mode = SHARED if status.st_mode & stat.S_ISVTX else EXECUTABLE if runs else PLAIN
    if stat.S_ISLNK(status.st_mode):
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, str(path.readlink()), 0o777
        tar.addfile(info)
    elif stat.S_ISDIR(status.st_mode):
        info.type = tarfile.DIRTYPE
        tar.addfile(info)
    elif (twin := written.setdefault((status.st_dev, status.st_ino), info.name)) != info.name:
        info.type, info.linkname = tarfile.LNKTYPE, twin
        tar.addfile(info)
    else:
        info.size = status.st_size
        with path.open("rb") as stream:
            tar.addfile(info, stream)


@dataclass(frozen=True)
class Layer:
    """One layer: an uncompressed tar on disk and its SHA-256 in hex."""

    path: Path
    digest: str

    @classmethod
    def cached(cls, path: Path) -> "Layer":
        """Take the digest that the cache has checked already."""
        return cls(path, json.loads((path.parent / cache.SUMS).read_text())[path.name])

    @classmethod
    def of(cls, path: Path) -> "Layer":
        """Read the tar once for its digest."""
        with path.open("rb") as stream:
            return cls(path, hashlib.file_digest(stream, "sha256").hexdigest())


@dataclass(frozen=True)
class Saved:
    """An image as `docker save` writes one; `config` has Docker's keys (Entrypoint, Env, User …)."""

    names: tuple[str, ...]
    layers: tuple[Layer, ...]
    config: Mapping[str, Any] = field(default_factory=dict)


def write(stream: IO[bytes], images: Iterable[Saved]) -> None:
    """Write one archive of several images; a layer they share is in it once. `stream` need not seek."""
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.GNU_FORMAT) as tar:
        written: set[str] = set()
        manifest = []
        for image in images:
            config = json.dumps(_config(image), sort_keys=True).encode()
            name = hashlib.sha256(config).hexdigest() + ".json"
            _add(tar, name, config, written)
            for layer in image.layers:
                _add_layer(tar, layer, written)
            manifest.append(
                {
                    "Config": name,
                    "RepoTags": list(image.names),
                    "Layers": [f"{layer.digest}.tar" for layer in image.layers],
                }
            )
        _add(tar, "manifest.json", json.dumps(manifest).encode(), written)


def digests(file: Path) -> dict[str, str]:
    """Return the images of an archive: name → the digest of its configuration, by which engines know it."""
    with tarfile.open(file) as tar:
        manifest = tar.extractfile("manifest.json")
        assert manifest
        found = json.load(manifest)
    # Ours is called by its digest alone; Docker's lies among its blobs.
    return {
        name: f"sha256:{PurePosixPath(image['Config']).name.removesuffix('.json')}"
        for image in found
        for name in image["RepoTags"] or []
    }


def _add(tar: tarfile.TarFile, name: str, data: bytes, written: set[str]) -> None:
    if name not in written:
        written.add(name)
        info = _file(name, len(data))
        tar.addfile(info, io.BytesIO(data))


def _add_layer(tar: tarfile.TarFile, layer: Layer, written: set[str]) -> None:
    name = f"{layer.digest}.tar"
    if name not in written:
        written.add(name)
        with layer.path.open("rb") as source:
            tar.addfile(_file(name, layer.path.stat().st_size), source)


def _file(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = size
    return info


def _config(image: Saved) -> dict[str, Any]:
    return {
        "architecture": architecture(),
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": dict(image.config),
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer.digest}" for layer in image.layers]},
        "history": _history(image.layers),
    }


def _history(layers: Sequence[Layer]) -> list[dict[str, str]]:
    return [{"created": "1970-01-01T00:00:00Z", "created_by": "alertdrill"} for _ in layers]


def architecture() -> str:
    """Return this machine's architecture in Go's words, as images carry it."""
    machine = platform.machine()
    return GO_ARCHITECTURES.get(machine, machine)
