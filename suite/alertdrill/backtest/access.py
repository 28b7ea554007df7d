"""How the server with the history is reached: its address, who asks, and what proves it.

Secrets come from files or the environment, never from the command line, which every process may read.
"""

import base64
import html
import json
import os
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import quote, quote_plus, urlsplit

import requests

from alertdrill.errors import UsageError
from alertdrill.kube import Kube
from alertdrill.report.printable import printable

TOKEN, PASSWORD = "ALERTDRILL_TOKEN", "ALERTDRILL_PASSWORD"  # names of variables
FORWARDED = re.compile(
    r"kube://(?P<namespace>[\w.-]+)/(?P<target>[\w.-]+/[\w.-]+):(?P<port>\d+)(?P<path>/[^?#]*)?"
)
SCHEME = re.compile(r"(?:https?|kube):/+", re.IGNORECASE)
NO_PORT = re.compile(r"^([^\[:/][^:/]*):(?!\d*(?:/|$)).*", re.DOTALL)  # a password, if its host is missing
BYTES_MAX = 64 * 1024  # of a file with a secret
LINE_MAX = 300  # characters of an answer that are told
CUT_MIN = 4  # characters of a secret that are hidden where a text was cut within it


@dataclass(frozen=True)
class Access:
    """One server, as its user names it: `url` as on the command line, which says nothing secret."""

    url: str
    tenant: str = ""
    token: str = field(default="", repr=False)
    user: str = ""
    password: str = field(default="", repr=False)
    ca: str = ""
    cert: str = ""
    key: str = ""
    kubeconfig: str = ""
    context: str = ""

    @property
    def identity(self) -> tuple[str, ...]:
        """Return whose history it is: the same from every machine, whoever asks."""
        return (self.url, self.tenant, self.context)

    def masked(self, text: str) -> str:
        """Return one line of a text in which no secret of ours is left."""
        line = self.hidden(" ".join(text.split()))
        # What went wrong is told first or last; in between stands what was asked.
        return line if len(line) <= LINE_MAX else f"{line[: LINE_MAX // 2]} … {line[-LINE_MAX // 2 :]}"

    def hidden(self, text: str) -> str:
        """Return a text without our secrets, however a server has written them, and fit for a terminal."""
        for form in self._forms:
            text = re.sub(re.escape(form), "***", text, flags=re.IGNORECASE)
        for form in self._forms:
            for length in range(len(form) - 1, CUT_MIN - 1, -1):
                if text.endswith(form[:length]):
                    text = text[:-length] + "***"
                    break
        return printable(text)

    @cached_property
    def _forms(self) -> tuple[str, ...]:
        """Return every way in which our secrets may be written, the longest first."""
        secrets = {one for one in (self.token, self.password) if one}
        if self.user and self.password:
            pair = f"{self.user}:{self.password}"
            secrets |= {
                base64.b64encode(pair.encode(code, "replace")).decode() for code in ("latin1", "utf-8")
            }
        secrets |= {one.rstrip("=") for one in secrets if one.rstrip("=")}
        ways = (
            str,
            quote,
            lambda one: quote(one, safe=""),
            quote_plus,
            html.escape,
            lambda one: json.dumps(one)[1:-1],
        )
        return tuple(sorted({way(one) for one in secrets for way in ways}, key=lambda one: (-len(one), one)))

    def session(self) -> requests.Session:
        """Return what asks in this one's name; not shared between threads."""
        session = requests.Session()
        # Else `requests` reads all that comes with a redirect, and tells its address in an error.
        session.get_redirect_target = lambda resp: None  # type: ignore[method-assign]  # noqa: ARG005
        if self.tenant:
            session.headers["X-Scope-OrgID"] = self.tenant
        if self.cert:
            session.cert = (self.cert, self.key) if self.key else self.cert
        # Also with nothing to prove: else `requests` would look into a .netrc.
        session.auth = self._prove
        return session

    def _prove(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self.token:
            request.headers["Authorization"] = f"Bearer {self.token}"
        elif self.user:
            requests.auth.HTTPBasicAuth(self.user, self.password)(request)
        return request

    @contextmanager
    def reached(self) -> Iterator[Callable[[], str]]:
        """Yield what returns the address by which the server can be asked at the moment."""
        forwarded = FORWARDED.fullmatch(self.url)
        if forwarded is None:
            yield lambda: self.url
            return
        kube = Kube(Path(self.kubeconfig), self.context)
        target, port = forwarded["target"], int(forwarded["port"])
        with kube.forward(forwarded["namespace"], target, port) as forward:
            yield lambda: forward.url() + (forwarded["path"] or "").rstrip("/")


def stated(
    url: str,
    *,
    tenant: str = "",
    token_file: Path | None = None,
    user: str = "",
    password_file: Path | None = None,
    ca: Path | None = None,
    cert: Path | None = None,
    key: Path | None = None,
    kubeconfig: Path | None = None,
    context: str = "",
) -> Access:
    """Return what a command line says, with the secrets that it says where to find."""
    _check(url, kubeconfig, context)
    token = _secret(token_file, TOKEN)
    password = _secret(password_file, PASSWORD) if user else ""
    if token and user:
        raise UsageError(f"--user and a bearer token ({TOKEN} or --token-file) were given; give one of them")
    if user and not password:
        raise UsageError(f"--user {user} has no password; put it into {PASSWORD} or into --password-file")
    if key and not cert:
        raise UsageError("--key was given without --cert; a key alone proves nothing")
    _check_tls(ca, cert, key)
    return Access(
        url=url.rstrip("/"),
        tenant=tenant,
        token=token,
        user=user,
        password=password,
        ca=str(ca or ""),
        cert=str(cert or ""),
        key=str(key or ""),
        kubeconfig=str(kubeconfig or ""),
        context=context,
    )


def shown(url: str) -> str:
    """Return of an address what may be told: nothing up to an `@` but its scheme, nothing behind its path."""
    found = SCHEME.match(url)
    scheme, rest = (found[0], url[found.end() :]) if found else ("", url)
    _, at, rest = rest.rpartition("@")
    rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    return scheme + ("***@" if at else "") + NO_PORT.sub(r"\1:***", rest)


def _check(url: str, kubeconfig: Path | None, context: str) -> None:
    """Refuse an address that can't be one, or that says a secret."""
    if url.startswith("kube:"):
        if not FORWARDED.fullmatch(url):
            raise UsageError(
                f"{shown(url)!r} names nothing in a cluster; write kube://NAMESPACE/service/NAME:PORT, and a"
                " path behind it where there is one"
            )
        if not (kubeconfig and context):
            raise UsageError(f"{shown(url)} is in a cluster; name it by --kubeconfig and --context")
        return
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise UsageError(f"{shown(url)!r} is no address; its host or its port can't be read") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(f"{shown(url)!r} is no address; write http://HOST:PORT, https://… or kube://…")
    if parts.username or parts.password:
        raise UsageError(
            "--prometheus says a user or a password, which every process of this machine may read; use"
            f" --user, and --password-file or {PASSWORD}"
        )
    if parts.query or parts.fragment:
        raise UsageError(f"{shown(url)!r} has something behind its path; name the address before /api/v1")


def _check_tls(ca: Path | None, cert: Path | None, key: Path | None) -> None:
    """Refuse files that are no certificates and no key; what a server then says would not name them."""
    for option, file in (("--ca", ca), ("--cert", cert)):
        try:
            if file:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
        except OSError as error:
            raise UsageError(f"{file}: {option} has no certificate in PEM in it ({_why(error)})") from error
    try:
        if cert:  # without a passphrase: OpenSSL would ask for one
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(cert, key, password="")
    except OSError as error:
        need = "a key in PEM, without a passphrase, that belongs to the certificate"
        option, hint = ("--key", "") if key else ("--cert", "; or name one by --key")
        raise UsageError(f"{key or cert}: {option} lacks {need}{hint} ({_why(error)})") from error


def _why(error: OSError) -> str:
    return getattr(error, "reason", None) or error.strerror or str(error)


def _secret(file: Path | None, variable: str) -> str:
    """Return a secret from its file, else from the environment."""
    where = variable if file is None else str(file)
    try:
        raw = os.environb.get(variable.encode(), b"") if file is None else _read(file)
        text = raw.decode("ascii").strip()
    except OSError as error:
        raise UsageError(f"{where}: can't read the secret in it: {error.strerror or error}") from error
    except UnicodeDecodeError:
        raise UsageError(f"{where}: what is in it is no token and no password") from None
    if file is None and not text:
        return ""
    if len(text.split()) != 1 or len(raw) > BYTES_MAX:
        raise UsageError(f"{where}: looked for one word, a secret, and found {len(text.split())}")
    if not text.isprintable():  # it would be no header, and an error would tell it
        raise UsageError(f"{where}: what is in it is no token and no password")
    return text


def _read(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(BYTES_MAX + 1)
