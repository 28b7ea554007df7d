"""What need not be found out twice: parsed texts, schemas, and objects that were compared and are the same.

Each is known by its content, and by that of all it was made from: nothing here can be out of date. What this
run did not use is dropped, and Secrets are in none of it.
"""

import contextlib
import hashlib
import os
import time
from pathlib import Path

import msgspec

from exporter_kit.files import write_whole
from exporter_kit.version import VERSION

# Whose text must not lie about in another file.
SECRET = b'"kind":"Secret"'
PRIVATE = 0o700
SCHEMA_SECONDS = 30 * 86_400


class Stored(msgspec.Struct, array_like=True):
    """One object of a text: its JSON, the document it is in, and its place in a list there."""

    line: int
    document: int
    item: int | None
    body: bytes


class _File(msgspec.Struct):
    """What is kept about one set of inputs."""

    texts: dict[bytes, msgspec.Raw] = {}
    verdicts: dict[bytes, msgspec.Raw] = {}


def folder() -> Path | None:
    """Return where caches belong, None where there is no home."""
    base = os.environ.get("XDG_CACHE_HOME") or (
        f"{os.environ['HOME']}/.cache" if os.environ.get("HOME") else ""
    )
    return Path(base) / "kubediff" if base else None


def program() -> str:
    """Return what tells this program from any other that may have written here."""
    ours = sorted(os.scandir(os.path.dirname(__file__)), key=lambda each: each.name)  # noqa: PTH120
    stats = [(each.name, each.stat().st_size, each.stat().st_mtime_ns) for each in ours if each.is_file()]
    return f"{VERSION} {stats}"


class Cache:
    """What is kept of one set of inputs, in one file that only its owner reads; and schemas beside it.

    Without a folder it is but a memory.
    """

    def __init__(self, within: Path | None, inputs: str) -> None:
        self.salt = hashlib.blake2b(f"{program()} {inputs}".encode()).digest()
        self._file = (within or Path()) / f"{self.salt.hex()[:24]}.msgpack"
        self._held, self._used = _File(), _File()
        if within is None:
            return
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            if self._file.stat().st_uid == os.getuid():
                self._held = msgspec.msgpack.decode(self._file.read_bytes(), type=_File)

    def key(self, text: bytes) -> bytes:
        """Return what a text is known by."""
        return hashlib.blake2b(text, digest_size=32).digest()

    def get(self, key: bytes) -> list[Stored] | None:
        """Return what a text was parsed to."""
        raw = self._held.texts.get(key)
        if raw is None:
            return None
        with contextlib.suppress(msgspec.MsgspecError):
            found = _STORED.decode(raw)
            self._used.texts[key] = raw
            return found
        return None

    def put(self, key: bytes, parsed: list[Stored]) -> None:
        """Keep what a text was parsed to, unless there is a Secret in it."""
        if not any(SECRET in each.body for each in parsed):
            self._used.texts[key] = msgspec.Raw(msgspec.msgpack.encode(parsed))

    def verdict(self, key: bytes) -> msgspec.Raw | None:
        """Return what was found out about an object that is the same, in MessagePack."""
        raw = self._held.verdicts.get(key)
        if raw is not None:
            self._used.verdicts[key] = raw
        return raw

    def put_verdict(self, key: bytes, found: object) -> None:
        """Keep what was found out about an object that is the same."""
        self._used.verdicts[key] = msgspec.Raw(msgspec.msgpack.encode(found))

    def schema(self, digest: str) -> bytes | None:
        """Return the document whose SHA-512 this is."""
        with contextlib.suppress(OSError):
            text = self._schema(digest).read_bytes()
            if is_named(text, digest):
                return text
        return None

    def put_schema(self, digest: str, text: bytes) -> None:
        """Keep a document; those that were kept for long are asked for anew one day."""
        if not is_named(text, digest):
            return
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
            for other in self._file.parent.glob("*.schema"):
                if other.stat().st_mtime < time.time() - SCHEMA_SECONDS:
                    other.unlink()
            write_whole(self._schema(digest), text)

    def _schema(self, digest: str) -> Path:
        return self._file.parent / f"{digest[:40]}.schema"

    def turn(self) -> None:
        """Begin another run with what this one used."""
        self._held, self._used = self._used, _File()

    def save(self) -> None:
        """Write what this run used, if that is news; where it can't be written, there is no cache."""
        held, used = self._held, self._used
        if used.texts.keys() == held.texts.keys() and used.verdicts.keys() == held.verdicts.keys():
            return
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
            write_whole(self._file, msgspec.msgpack.encode(used))


def is_named(text: bytes, digest: str) -> bool:
    """Return whether a document is the one that the API server names by its SHA-512."""
    return hashlib.sha512(text).hexdigest().upper() == digest


_STORED = msgspec.msgpack.Decoder(list[Stored])
