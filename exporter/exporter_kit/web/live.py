"""A web-config that is read anew when it, or a file it names, changes."""

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from exporter_kit import log
from exporter_kit.errors import ConfigError, UsageError
from exporter_kit.web import config as web_config
from exporter_kit.web import tls as web_tls
from exporter_kit.web.config import WebConfig

Signature = tuple[tuple[int, int, int] | None, ...]
# How often a file is read that keeps changing while it is; the next request looks again.
READINGS_MAX = 3
# What mends a refused file may be another one, that only it names: so it is tried again after a while.
RETRY_SECONDS = 5.0


@dataclass(frozen=True)
class Loaded:
    """What one reading of the files gave."""

    config: WebConfig
    context: ssl.SSLContext | None
    signature: Signature


class LiveConfig:
    """The web-config of the moment; without a file, plain HTTP that is open to all.

    A change that can't be used is reported once, and the last good configuration stays in force.
    So it does where a file that is just being written would open to all what was closed.
    """

    def __init__(self, file: Path | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._clock = clock
        self._loaded = _read(file) if file else Loaded(WebConfig(), None, ())
        self._refused: Signature | None = None
        self._why = ""
        self._retry_at = 0.0

    @property
    def refused(self) -> bool:
        """Whether the file, when a request last looked at it, was not the configuration in force."""
        return self._refused is not None

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
        if signature == self._loaded.signature:
            self._refused, self._why = None, ""
            return
        if signature == self._refused and self._clock() < self._retry_at:
            return
        try:
            loaded = _read_again(self._file, self._loaded)
        except UsageError as error:
            self._refuse(signature, str(error))
        else:
            self._loaded, self._refused, self._why = loaded, None, ""
            log.get().info("web configuration read anew", file=str(self._file))

    def _refuse(self, signature: Signature, why: str) -> None:
        self._refused, self._retry_at = signature, self._clock() + RETRY_SECONDS
        if why != self._why:
            self._why = why
            log.get().error("web configuration refused, the last good one stays", error=why)


def _read(file: Path) -> Loaded:
    """Read the files until they are the same after as before: `cp` empties a file, then writes it."""
    for _ in range(READINGS_MAX):
        loaded = _read_once(file)
        if loaded.signature == _signature(file, loaded.config):
            break
    return loaded


def _read_once(file: Path) -> Loaded:
    """Read each file after its stamp was taken: what is written later has another."""
    stamp = _stamp(file)
    config = web_config.load(file)
    signature = (stamp, *_signature(file, config)[1:])
    tls = config.tls_server_config
    if tls is None:
        return Loaded(config, None, signature)
    try:
        return Loaded(config, web_tls.context(tls, file), signature)
    except OSError as error:
        raise ConfigError(file, f"can't set up TLS: {error.strerror or error}") from None


def _read_again(file: Path, before: Loaded) -> Loaded:
    loaded = _read(file)
    if loaded.config == WebConfig() and before.config != WebConfig():
        raise ConfigError(file, "the file asks for nothing, as one that is being written; restart for that")
    if before.config.basic_auth_users and not loaded.config.basic_auth_users:
        raise ConfigError(file, "basic_auth_users can't be dropped while running; restart for that")
    if (loaded.context is not None) != (before.context is not None):
        raise ConfigError(file, "TLS can't be turned on or off while running; restart for that")
    if _asked_of_clients(loaded) < _asked_of_clients(before):
        raise ConfigError(file, "client certificates can't be asked for less while running; restart for that")
    return loaded


def _asked_of_clients(loaded: Loaded) -> tuple[int, bool]:
    """Return how much is asked of a client's certificate: to be there, to verify, to bear a name."""
    mode = loaded.context.verify_mode if loaded.context else ssl.CERT_NONE
    tls = loaded.config.tls_server_config
    return mode, bool(tls and tls.client_allowed_sans)


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
