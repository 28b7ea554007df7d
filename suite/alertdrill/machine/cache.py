"""The cache folder: entries named by what made them, whole or absent, safe to delete at any moment.

An entry is made aside and renamed into place, so a killed run leaves no half entry; a lock per entry lets
two runs share one. A manifest of SHA-256 sums beside each entry is checked before it is used.
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from errno import ENOTDIR
from pathlib import Path

import filelock

from alertdrill.errors import LabError

SUMS = ".sha256.json"
WORDS_MAX = 80  # of a command line


def folder() -> Path:
    """Return the cache folder: `$ALERTDRILL_CACHE`, else `~/.cache/alertdrill`; made if missing."""
    path = Path(os.environ.get("ALERTDRILL_CACHE") or Path.home() / ".cache" / "alertdrill").absolute()
    with _written_to(path):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


@contextmanager
def _written_to(path: Path) -> Iterator[None]:
    """Turn what keeps the cache from being written to into a LabError that says what to do."""
    try:
        yield
    except OSError as error:
        raise LabError(
            f"writing to the cache {path}: {error.strerror or error}; have ALERTDRILL_CACHE name a folder"
            " that can be written to"
        ) from error


def digest(*parts: str | bytes | Path) -> str:
    """Return 16 hex digits that change when any part does; a folder counts by its files' names and bytes."""
    total = hashlib.sha256()
    for part in parts:
        for piece in _pieces(part):
            total.update(len(piece).to_bytes(8, "big"))
            total.update(piece)
    return total.hexdigest()[:16]


def _pieces(part: str | bytes | Path) -> Iterator[bytes]:
    if isinstance(part, str):
        yield part.encode()
    elif isinstance(part, bytes):
        yield part
    elif part.is_dir():
        for file in sorted(p for p in part.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
            yield str(file.relative_to(part)).encode()
            yield str(file.stat().st_mode & 0o111).encode()
            yield file.read_bytes()
    else:
        yield part.read_bytes()


@contextmanager
def locked(name: str, tell: Callable[[str], None] = lambda _holder: None) -> Iterator[None]:
    """Hold the lock called `name` among all runs that share this cache; waits for the other run.

    `tell` hears who that is, once, if there is one.
    """
    locks = folder() / "locks"
    lock, holder = filelock.FileLock(locks / f"{name}.lock"), locks / f"{name}.holder"
    with _written_to(folder()):
        locks.mkdir(exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            tell(holder.read_text() if holder.is_file() else "another run has it")
            lock.acquire()
    try:
        with _written_to(folder()):
            write_whole(holder, _us(), mode=0o600)
        yield
    finally:
        lock.release()


def _us() -> str:
    """Say who we are, to somebody who waits for us."""
    words = " ".join((Path(sys.argv[0]).name, *sys.argv[1:]))
    return f"process {os.getpid()} has it since {datetime.now(UTC):%H:%M:%S} UTC ({words[:WORDS_MAX]})"


def entry(stage: str, key: str, make: Callable[[Path], None]) -> Path:
    """Return the folder `<cache>/<stage>/<key>`, made by `make(folder)` if it is missing or damaged.

    `make` fills an empty folder; whatever it raises leaves nothing behind. A disk that is full is a LabError.
    """
    if (there := kept(stage, key)) is not None:
        return there
    final = folder() / stage / key
    with locked(f"{stage}-{key}"):
        if not _is_whole(final):
            shutil.rmtree(final, ignore_errors=True)
            final.parent.mkdir(parents=True, exist_ok=True)
            for left in final.parent.glob(f".{key}-*"):  # by a run that was killed: the lock is ours
                shutil.rmtree(left, ignore_errors=True)
            aside = Path(tempfile.mkdtemp(prefix=f".{key}-", dir=final.parent))
            try:
                make(aside)
                (aside / SUMS).write_text(json.dumps(_sums(aside)))
                aside.rename(final)
            except OSError as error:
                raise LabError(
                    f"making {stage} in the cache {folder()}: {error.strerror or error}"
                ) from error
            finally:
                shutil.rmtree(aside, ignore_errors=True)
    return final


def kept(stage: str, key: str) -> Path | None:
    """Return the folder of an entry that is there and whole, else None; nobody changes one that is."""
    final = folder() / stage / key
    return final if _is_whole(final) else None


def _is_whole(entry_folder: Path) -> bool:
    try:
        recorded = json.loads((entry_folder / SUMS).read_text())
        return bool(recorded == _sums(entry_folder))
    except (OSError, ValueError):  # also where another run, which has its lock, removes what is damaged
        return False


def _sums(entry_folder: Path) -> dict[str, str]:
    """Return relative path → SHA-256 of every regular file."""
    sums = {}
    for file in sorted(entry_folder.rglob("*")):
        if file.is_file() and not file.is_symlink() and file.name != SUMS:
            with file.open("rb") as stream:
                sums[str(file.relative_to(entry_folder))] = hashlib.file_digest(stream, "sha256").hexdigest()
    return sums


def write_whole(path: Path, data: bytes | str, *, mode: int = 0o644) -> None:
    """Write a file aside and rename it into place, so that a reader sees all of it or the one before."""
    write_pieces(path, [data.encode() if isinstance(data, str) else data], mode=mode)


def _is_no_file(path: Path) -> bool:
    """Say whether it must not be replaced: a device, a pipe, or what this process holds open."""
    leads_to = path.readlink() if path.is_symlink() else path  # /dev/stdout, say, may be a file after all
    held = any(one.is_relative_to("/proc") for one in (leads_to, path.parent.resolve()))
    return held or (path.exists() and not (path.is_file() or path.is_dir()))


def write_pieces(path: Path, pieces: Iterable[bytes], *, mode: int = 0o644) -> None:
    """Write a file whole as `write_whole` does, from pieces as they come.

    What is no file, as a terminal or a pipe, is written to, and a link's target instead of the link.
    """
    if _is_no_file(path):
        with path.open("wb") as stream:
            stream.writelines(pieces)
        return
    path = path.resolve()
    if path.parent.exists() and not path.parent.is_dir():  # mkdir would only say that it is there
        raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR), str(path.parent))
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.writelines(pieces)
        os.chmod(aside, mode)  # noqa: PTH101  # a path that mkstemp gave as str
        os.replace(aside, path)  # noqa: PTH105
    except BaseException as error:
        Path(aside).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno:
            error.filename = str(path)  # a disk that is full does not say of what
        raise
