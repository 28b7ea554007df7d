"""How an API server is reached and who we are there: what a kubeconfig or a service account comes to."""

import contextlib
import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import urllib3
from urllib3.exceptions import LocationParseError
from urllib3.util.url import Url, parse_url

from exporter_kit.api.errors import CredentialsError

PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Identity:
    """Who asks, in one request; `pool` is in the words of urllib3's pools.

    It is the same object until who we are in TLS has changed: then no connection may be used again.
    """

    headers: Mapping[str, str]
    pool: Mapping[str, Any]
    certified: bool = False  # by a client certificate


@dataclass(frozen=True)
class Access:
    """One reading of the configuration; `identity` is asked anew for each request, as tokens end.

    `proxy` is a URL.
    """

    host: str
    identity: Callable[[], Identity]
    proxy: str | None = None


class Server(NamedTuple):
    """An API server's address; `url` is without the user and password that may stand in it."""

    scheme: str
    host: str
    port: int
    url: str
    user: str = ""


def server(given: str) -> Server | None:
    """Read an API server's address, http:// or https://; None if it is neither."""
    try:
        parsed = parse_url(given)
    except LocationParseError:
        parsed = Url()
    if parsed.scheme not in PORTS or not parsed.host:
        return None
    path = (parsed.path or "").rstrip("/")
    return Server(
        scheme=parsed.scheme,
        host=parsed.host,
        port=parsed.port or PORTS[parsed.scheme],
        url=Url(parsed.scheme, None, parsed.host, parsed.port, path or None).url,
        user=unquote(parsed.auth or ""),
    )


def bearer(token: str, whose: str) -> dict[str, str]:
    """Return the header of a token; whatever can't stand in one is an error that does not quote it."""
    if not (token.isascii() and token.isprintable()):
        raise CredentialsError(f"reading the token of {whose}: it holds what no header can")
    return {"authorization": f"Bearer {token}"}


def basic(user: str, password: str) -> dict[str, str]:
    """Return the header of a user and a password."""
    said = f"{user}:{password}".encode().decode("latin-1")
    return dict(urllib3.make_headers(basic_auth=said))


def tls(
    ca_file: str | Path | None = None,
    *,
    ca_data: bytes = b"",
    verified: bool = True,
) -> ssl.SSLContext:
    """Return how to talk to an API server: verified by its CA, or by those of the system if none is given."""
    try:
        # What stands around a certificate may be in any language.
        context = ssl.create_default_context(cafile=ca_file, cadata=ca_data.decode("ascii", "ignore") or None)
    except OSError as error:  # ssl.SSLError is one
        source = "certificate-authority-data" if ca_data else ca_file or "the system store"
        raise CredentialsError(f"reading the certificates in {source}: {error}") from error
    # From 3.13 on Python refuses what RFC 5280 asks of a CA, and many clusters' certificates do not have:
    # kubectl takes them, and nobody is let in by it.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not verified:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def identify(context: ssl.SSLContext, certificate: bytes, key: bytes, whose: str) -> None:
    """Have TLS show a client certificate; `whose` names it where it is not good."""
    try:
        with _nameless(certificate + b"\n" + key) as path:
            context.load_cert_chain(
                path, password=""
            )  # a key that wants one would ask for it on the terminal
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise CredentialsError(f"reading the client certificate {whose}: {error}") from error


@contextlib.contextmanager
def _nameless(content: bytes) -> Iterator[str]:
    """Give the path of a file that is on no disk: Python reads keys from nothing else."""
    with os.fdopen(os.memfd_create("client certificate"), "wb", buffering=0) as file:
        file.write(content)
        yield f"/proc/self/fd/{file.fileno()}"
