"""The web-config file of the Prometheus exporter-toolkit, as values.

https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
"""

import re
from pathlib import Path
from typing import Literal

import msgspec

from exporter_kit import yaml_file
from exporter_kit.durations import seconds
from exporter_kit.errors import ConfigError

TlsVersion = Literal["TLS10", "TLS11", "TLS12", "TLS13"]
BCRYPT_HASH = re.compile(r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}")
HEADERS = {
    "Content-Security-Policy": None,
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-Content-Type-Options": ("nosniff",),
    "X-XSS-Protection": None,
    "Strict-Transport-Security": None,
}


class TlsConfig(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`tls_server_config`: certificate, key, and what is asked of clients."""

    cert: str = ""
    key: str = ""
    client_ca: str = ""
    cert_file: str = ""
    key_file: str = ""
    client_ca_file: str = ""
    client_auth_type: str = "NoClientCert"
    client_allowed_sans: tuple[str, ...] = ()
    min_version: TlsVersion = "TLS12"
    max_version: TlsVersion = "TLS13"
    cipher_suites: tuple[str, ...] = ()
    prefer_server_cipher_suites: bool = True
    curve_preferences: tuple[str, ...] = ()


class HttpConfig(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`http_server_config`: headers for every response. We speak HTTP/1.1, whatever `http2` says."""

    http2: bool = True
    headers: dict[str, str] = {}


class RateLimit(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`rate_limit`: a token each `interval`, `burst` of them at most; an interval of 0 is no limit."""

    interval: str = "0s"
    burst: int = 0


class WebConfig(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The whole file; an empty one asks for nothing: plain HTTP, open to all."""

    tls_server_config: TlsConfig | None = None
    http_server_config: HttpConfig = HttpConfig()
    basic_auth_users: dict[str, str] = {}
    rate_limit: RateLimit = RateLimit()


def load(file: Path) -> WebConfig:
    """Read and check a web-config file; what can't be honoured is a ConfigError, never ignored."""
    tree = yaml_file.read(file, "the web configuration")
    try:
        config = msgspec.convert({} if tree is None else tree, WebConfig)
    except msgspec.ValidationError as error:
        raise ConfigError(file, f"the web configuration has a mistake: {error}") from None
    _check_users(file, config)
    _check_headers(file, config)
    _check_rate(file, config)
    return config


def _check_users(file: Path, config: WebConfig) -> None:
    for user, hashed in config.basic_auth_users.items():
        if not BCRYPT_HASH.fullmatch(hashed):
            raise ConfigError(
                file,
                f"the password of {user!r} is not a bcrypt hash; make one with htpasswd -nBC 10 {user!r}",
            )


def _check_headers(file: Path, config: WebConfig) -> None:
    for header, value in config.http_server_config.headers.items():
        if header not in HEADERS:
            raise ConfigError(file, f"the header {header!r} can't be set; choose from {', '.join(HEADERS)}")
        choices = HEADERS[header]
        if value and choices and value.lower() not in choices:
            raise ConfigError(file, f"the header {header} is {value!r}; choose from {', '.join(choices)}")
        if not value.isprintable() or not value.isascii():
            raise ConfigError(file, f"the header {header} holds what no header can: {value!r}")


def _check_rate(file: Path, config: WebConfig) -> None:
    try:
        interval = seconds(config.rate_limit.interval)
    except ValueError as error:
        raise ConfigError(file, f"rate_limit.interval: {error}") from None
    if interval and config.rate_limit.burst < 1:
        raise ConfigError(file, "rate_limit.burst must be 1 or more, or no request would ever pass")
