"""A web-config that is read anew when it, or a file it names, changes."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from exporter_kit import log, web_config, web_tls
from exporter_kit.errors import ConfigError, UsageError
from exporter_kit.web_config import WebConfig

Signature = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True)
class Loaded:
    """What one reading of the files gave."""

    config: WebConfig
    context: ssl.SSLContext | None
    signature: Signature


class LiveConfig:
    """The web-config of the moment; without a file, plain HTTP that is open to all.

    A change that can't be used is reported once, and the last good configuration stays in force.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._loaded = _read(file) if file else Loaded(WebConfig(), None, ())
        self._refused: Signature | None = None

    @property
    def config(self) -> WebConfig:
        """The configuration in force now."""
        self._refresh()
        return self._loaded.config

    @property
    def tls(self) -> bool:
        """Whether connections are encrypted; decided at the start, as clients can't follow a change."""
        return self._loaded.context is not None

    def context(self) -> ssl.SSLContext:
        """Return the TLS context for a connection that begins now."""
        self._refresh()
        assert self._loaded.context is not None
        return self._loaded.context

    def _refresh(self) -> None:
        if self._file is None:
            return
        signature = _signature(self._file, self._loaded.config)
        if signature in (self._loaded.signature, self._refused):
            return
        try:
            loaded = _read_again(self._file, tls=self.tls)
        except UsageError as error:
            self._refused = signature
            log.get().error("web configuration refused, the last good one stays", error=str(error))
        else:
            self._loaded, self._refused = loaded, None
            log.get().info("web configuration read anew", file=str(self._file))


def _read(file: Path) -> Loaded:
    config = web_config.load(file)
    signature = _signature(file, config)
    tls = config.tls_server_config
    if tls is None:
        return Loaded(config, None, signature)
    try:
        return Loaded(config, web_tls.context(tls, file), signature)
    except OSError as error:
        raise ConfigError(file, f"can't set up TLS: {error.strerror or error}") from None


def _read_again(file: Path, *, tls: bool) -> Loaded:
    loaded = _read(file)
    if (loaded.context is not None) != tls:
        raise ConfigError(file, "TLS can't be turned on or off while running; restart for that")
    return loaded


def _signature(file: Path, config: WebConfig) -> Signature:
    tls = config.tls_server_config
    named = web_tls.files(tls, file.parent) if tls else []
    return tuple(_stamp(path) for path in (file, *named))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
