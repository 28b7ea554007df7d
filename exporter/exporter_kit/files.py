"""Files that are whole or not there."""

import contextlib
import os
import tempfile
from pathlib import Path

ASIDE = ".aside-"


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that a reader, or a crash at any moment, finds all of it or nothing."""
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
