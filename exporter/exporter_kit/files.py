"""Files that are whole or not there; what is no file, as a pipe or a device, is written into.

And what people have us read, which may have no end.
"""

import contextlib
import os
import stat
import tempfile
from errno import EFBIG, ELOOP
from pathlib import Path

ASIDE = ".aside-"
LINKS_MAX = 40
# More than any configuration or certificate has.
BYTES_MAX = 4 << 20


def read(path: Path) -> bytes:
    """Return what is in a file; one that is too large, or a device without an end, is an OSError."""
    with path.open("rb") as file:
        found = file.read(BYTES_MAX + 1)
    if len(found) > BYTES_MAX:
        raise OSError(EFBIG, f"it is larger than {BYTES_MAX >> 20} MiB, which is the most that is read")
    return found


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that a reader, or a crash at any moment, finds all of it or nothing.

    A link stays, and so does what is no regular file: what they lead to is written.
    """
    path = _followed(path)
    if path.is_symlink():  # one of our own descriptors
        # Opened by its name, a file would be written from its beginning, over what stands there.
        _into(os.dup(int(path.name)), data)
    elif path.exists() and not stat.S_ISREG(path.stat().st_mode):
        _into(os.open(path, os.O_WRONLY | os.O_CLOEXEC), data)
    else:
        _replace(path, data)


def _followed(path: Path) -> Path:
    """Return what a path leads to; a descriptor's link ends it, as what that shows need have no name."""
    for _ in range(LINKS_MAX):
        path = path.parent.resolve() / path.name
        if path.parent == _descriptors() or not path.is_symlink():
            return path
        path = path.parent / path.readlink()
    raise OSError(ELOOP, os.strerror(ELOOP), str(path))


def _descriptors() -> Path:
    """Return the folder that /dev/stdout leads to."""
    return Path("/proc/self/fd").resolve()


def _into(handle: int, data: bytes) -> None:
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)


def _replace(path: Path, data: bytes) -> None:
    handle, aside = tempfile.mkstemp(prefix=ASIDE, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(aside, path)  # noqa: PTH105  # a path that mkstemp gave as str
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(aside)  # noqa: PTH108
        raise
