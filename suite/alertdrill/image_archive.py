"""Image archives written directly as tar, as `docker load` and `ctr images import` read them."""

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Self

from alertdrill import cache

GO_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


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
class Image:
    """What an image is called, made of and starts; `config` has Docker's keys (Entrypoint, Env, User …)."""

    names: tuple[str, ...]
    layers: tuple[Layer, ...]
    config: Mapping[str, Any] = field(default_factory=dict)


class LayerWriter:
    """Writes a layer whose bytes depend on its content only: no owners, no times."""

    def __init__(self, path: Path) -> None:
        self._tar = tarfile.open(path, "w", format=tarfile.GNU_FORMAT)  # noqa: SIM115  # closed by __exit__
        self._folders: set[str] = set()

    def __enter__(self) -> Self:
        """Go on writing."""
        return self

    def __exit__(self, *_: object) -> None:
        """Write the end of the tar."""
        self._tar.close()

    def folder(self, name: str, mode: int = 0o755) -> None:
        """Add a folder and those above it, once."""
        if not name or name in self._folders:
            return
        self.folder(name.rpartition("/")[0])
        self._folders.add(name)
        self._tar.addfile(_info(name, tarfile.DIRTYPE, mode))

    def data(self, name: str, content: bytes, mode: int = 0o644) -> None:
        """Add a file from memory; `name` has no leading slash."""
        self._file(name, io.BytesIO(content), len(content), mode)

    def file(self, name: str, source: Path, mode: int = 0o644) -> None:
        """Add a file from disk."""
        with source.open("rb") as stream:
            self._file(name, stream, source.stat().st_size, mode)

    def link(self, name: str, target: str) -> None:
        """Add a symbolic link."""
        self.folder(name.rpartition("/")[0])
        info = _info(name, tarfile.SYMTYPE, 0o777)
        info.linkname = target
        self._tar.addfile(info)

    def tree(self, root: Path, under: str = "", *, leave: Container[str] = ()) -> None:
        """Add all of a folder but files named in `leave`; files keep whether they may be executed."""
        for path in sorted(root.rglob("*")):
            name = f"{under}/{path.relative_to(root)}".lstrip("/")
            if path.name in leave:
                continue
            if path.is_symlink():
                self.link(name, str(path.readlink()))
            elif path.is_dir():
                self.folder(name)
            elif path.is_file():
                self.file(name, path, 0o755 if path.stat().st_mode & 0o100 else 0o644)

    def _file(self, name: str, stream: IO[bytes], size: int, mode: int) -> None:
        self.folder(name.rpartition("/")[0])
        info = _info(name, tarfile.REGTYPE, mode)
        info.size = size
        self._tar.addfile(info, stream)


def write(stream: IO[bytes], images: Iterable[Image]) -> None:
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


def _add(tar: tarfile.TarFile, name: str, data: bytes, written: set[str]) -> None:
    if name not in written:
        written.add(name)
        info = _info(name, tarfile.REGTYPE, 0o644)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))


def _add_layer(tar: tarfile.TarFile, layer: Layer, written: set[str]) -> None:
    name = f"{layer.digest}.tar"
    if name not in written:
        written.add(name)
        info = _info(name, tarfile.REGTYPE, 0o644)
        info.size = layer.path.stat().st_size
        with layer.path.open("rb") as source:
            tar.addfile(info, source)


def _config(image: Image) -> dict[str, Any]:
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


def _info(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.mode = mode
    return info
