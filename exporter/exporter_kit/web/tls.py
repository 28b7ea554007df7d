"""TLS as a web-config asks for it: contexts, client certificates, and certificates that change."""

import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from exporter_kit.errors import ConfigError
from exporter_kit.web.config import TlsConfig

VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
CLIENT_AUTH = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
# Go's names of the suites it supports up to TLS 1.2, and OpenSSL's.
CIPHERS = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
}
ALWAYS_THERE = frozenset({"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"})


def files(config: TlsConfig, folder: Path) -> list[Path]:
    """Return the files a configuration names; a relative name is relative to the web-config's folder."""
    return [folder / name for name in (config.cert_file, config.key_file, config.client_ca_file) if name]


def context(config: TlsConfig, file: Path) -> ssl.SSLContext:
    """Build what a new connection is served with; `file` is the web-config, for the sentences."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = VERSIONS[config.min_version]
    made.maximum_version = VERSIONS[config.max_version]
    if config.curve_preferences:
        raise ConfigError(file, "curve_preferences can't be honoured by this server; leave it out")
    if not config.prefer_server_cipher_suites:
        made.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    made.set_alpn_protocols(["http/1.1"])
    _choose_ciphers(made, config, file)
    _load_certificate(made, config, file)
    _ask_clients(made, config, file)
    return made


def _choose_ciphers(made: ssl.SSLContext, config: TlsConfig, file: Path) -> None:
    unknown = [name for name in config.cipher_suites if name not in CIPHERS and name not in ALWAYS_THERE]
    if unknown:
        raise ConfigError(file, f"cipher_suites names {unknown[0]!r}; choose from {', '.join(CIPHERS)}")
    chosen = [CIPHERS[name] for name in config.cipher_suites if name in CIPHERS]
    if chosen:
        made.set_ciphers(":".join(chosen))


def _load_certificate(made: ssl.SSLContext, config: TlsConfig, file: Path) -> None:
    with (
        _as_path("cert", config.cert, config.cert_file, file) as cert,
        _as_path("key", config.key, config.key_file, file) as key,
    ):
        try:
            # A password that is given keeps OpenSSL from asking the terminal for one.
            made.load_cert_chain(cert, key, password=lambda: b"")
        except ssl.SSLError as error:
            raise ConfigError(file, _what_is_wrong(error, cert, key)) from None


def _what_is_wrong(error: ssl.SSLError, cert: Path, key: Path) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return (
            f"the key {key} does not belong to the certificate {cert}; give the pair that was made together"
        )
    return (
        f"the certificate {cert} and key {key} can't be used ({error.reason or error}); "
        "both must be PEM, the key without a password"
    )


def _ask_clients(made: ssl.SSLContext, config: TlsConfig, file: Path) -> None:
    if config.client_auth_type not in CLIENT_AUTH:
        raise ConfigError(
            file,
            f"client_auth_type {config.client_auth_type!r} can't be honoured, it would trust a certificate "
            f"nobody verified; choose from {', '.join(CLIENT_AUTH)}",
        )
    made.verify_mode = CLIENT_AUTH[config.client_auth_type]
    wants = made.verify_mode is not ssl.CERT_NONE
    given = bool(config.client_ca or config.client_ca_file)
    if wants != given:
        raise ConfigError(file, "client_ca_file and a client_auth_type that verifies go together; give both")
    if config.client_allowed_sans and made.verify_mode is not ssl.CERT_REQUIRED:
        raise ConfigError(file, "client_allowed_sans needs client_auth_type RequireAndVerifyClientCert")
    if given:
        with _as_path("client_ca", config.client_ca, config.client_ca_file, file) as authority:
            try:
                made.load_verify_locations(authority)
            except ssl.SSLError as error:
                raise ConfigError(
                    file, f"the client CA {authority} is not a PEM certificate ({error.reason or error})"
                ) from None


@contextmanager
def _as_path(what: str, inline: str, name: str, file: Path) -> Iterator[Path]:
    """Yield a path to the PEM text, wherever it stands; inline text never touches a disk."""
    if bool(inline) == bool(name):
        raise ConfigError(file, f"tls_server_config needs one of {what} and {what}_file")
    if name:
        path = file.parent / name
        try:
            path.open("rb").close()
        except OSError as error:
            raise ConfigError(file, f"can't read {what}_file {path}: {error.strerror}") from None
        yield path
        return
    memory = os.memfd_create(what)
    try:
        os.write(memory, inline.encode())
        yield Path(f"/proc/self/fd/{memory}")
    finally:
        os.close(memory)


class FreshContext(ssl.SSLContext):
    """Hands every new connection to the context of the moment, so that renewed certificates are picked up.

    asyncio keeps the context it was started with and wraps each connection by `wrap_bio`: that is the seam.
    """

    current: Callable[[], ssl.SSLContext]

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        """Wrap one new connection."""
        return self.current().wrap_bio(*args, **kwargs)


def fresh(current: Callable[[], ssl.SSLContext]) -> FreshContext:
    """Return a context that asks `current` at each connection."""
    made = FreshContext(ssl.PROTOCOL_TLS_SERVER)
    made.current = current
    return made


def names_of(certificate: dict[str, Any] | None) -> frozenset[str]:
    """Return the subject alternative names of a verified client certificate, without their kinds."""
    return frozenset(value for _, value in (certificate or {}).get("subjectAltName", ()))
