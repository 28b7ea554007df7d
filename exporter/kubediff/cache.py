"""What was parsed, kept for the next run: by the content of each text, and only that of this run's inputs."""

import contextlib
import hashlib
import os
from pathlib import Path

import msgspec

from exporter_kit.files import write_whole
from exporter_kit.version import VERSION

# Whose text must not lie about in another file.
SECRET = b'"kind":"Secret"'
PRIVATE = 0o700


class Stored(msgspec.Struct, array_like=True):
    """One object of a text: its JSON, the document it is in, and its place in a list there."""

    line: int
    document: int
    item: int | None
    body: bytes


def folder() -> Path | None:
    """Return where caches belong, None where there is no home."""
    base = os.environ.get("XDG_CACHE_HOME") or (
        f"{os.environ['HOME']}/.cache" if os.environ.get("HOME") else ""
    )
    return Path(base) / "kubediff" if base else None


class Cache:
    """The parsed texts of one set of inputs, in one file that only its owner reads."""

    def __init__(self, within: Path, inputs: str) -> None:
        digest = hashlib.sha256(f"{VERSION} {inputs}".encode()).hexdigest()[:24]
        self._file = within / f"{digest}.msgpack"
        self._held: dict[bytes, msgspec.Raw] = {}
        self._used: dict[bytes, msgspec.Raw] = {}
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            if self._file.stat().st_uid == os.getuid():
                self._held = msgspec.msgpack.decode(self._file.read_bytes(), type=dict[bytes, msgspec.Raw])

    def key(self, text: bytes) -> bytes:
        """Return what a text is known by."""
        return hashlib.sha256(text).digest()

    def get(self, key: bytes) -> list[Stored] | None:
        """Return what a text was parsed to."""
        raw = self._held.get(key)
        if raw is None:
            return None
        with contextlib.suppress(msgspec.MsgspecError):
            found = msgspec.msgpack.decode(raw, type=list[Stored])
            self._used[key] = raw
            return found
        return None

    def put(self, key: bytes, parsed: list[Stored]) -> None:
        """Keep what a text was parsed to, unless there is a Secret in it."""
        if not any(SECRET in each.body for each in parsed):
            self._used[key] = msgspec.Raw(msgspec.msgpack.encode(parsed))

    def save(self) -> None:
        """Write what this run used, if that is news; where it can't be written, there is no cache."""
        if self._used.keys() == self._held.keys():
            return
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
            write_whole(self._file, msgspec.msgpack.encode(self._used))
