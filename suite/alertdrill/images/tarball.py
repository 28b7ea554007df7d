"""Tar files that come out the same, byte by byte, whoever writes them and whenever."""

import io
import stat
import tarfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath

Source = Path | bytes
EXECUTABLE, PLAIN, SHARED = 0o755, 0o644, 0o1777


class Script(bytes):
    """A file's bytes that are to be run."""


def tree(root: Path, *, below: str = "", keep: Callable[[str], bool] = lambda _: True) -> dict[str, Path]:
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
            if isinstance(entry, bytes):
                _add_bytes(tar, name, entry)
            else:
                _add_path(tar, name, entry, written)


def _parents(names: Iterable[str]) -> set[str]:
    """Return the folders above `names` that nobody named."""
    named = {name.rstrip("/") for name in names}
    above = {
        parent.as_posix() for name in names for parent in PurePosixPath(name).parents if parent.name
    } - named
    return {f"{name}/" for name in above}


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name.rstrip("/"))
    if name.endswith("/"):
        info.type, info.mode = tarfile.DIRTYPE, EXECUTABLE
        tar.addfile(info)
    else:
        info.size, info.mode = len(content), EXECUTABLE if isinstance(content, Script) else PLAIN
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
