"""Access by a kubeconfig, as kubectl has it: what we can't do is refused by name, never passed over."""

import base64
import binascii
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from urllib3 import HTTPHeaderDict
from urllib3.exceptions import InsecureRequestWarning

from exporter_kit import files, log
from exporter_kit.api import exec_plugin, kubeconfig_file
from exporter_kit.api import proxy as proxies
from exporter_kit.api.access import Access, Identity, Server, basic, bearer, identify, server, tls
from exporter_kit.api.errors import CredentialsError
from exporter_kit.api.exec_plugin import Credentials, Plugin
from exporter_kit.api.kubeconfig_file import Chosen, Cluster, User

EXEC_EXTENSION = "client.authentication.k8s.io/exec"
# What a header's name may hold, by RFC 7230; a key is written in it as in a URL.
TOKEN_CHARACTERS = frozenset("!#$&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def load(kubeconfig: Path, context: str | None = None) -> Access:
    """Read a kubeconfig (or several, with colons between) and one of its contexts, else the current one."""
    config = kubeconfig_file.load(kubeconfig)
    try:
        return _access(kubeconfig_file.choose(config, context))
    except CredentialsError as error:
        raise CredentialsError(f"reading kubeconfig {kubeconfig}: {error}") from error


def _access(chosen: Chosen) -> Access:
    cluster, user = chosen.cluster, chosen.user
    refusals = [f"the cluster {chosen.cluster_name}: {why}" for why in _cluster_refusals(cluster)]
    refusals += [f"the user {chosen.user_name}: {why}" for why in _user_refusals(user)]
    if refusals:
        raise CredentialsError("; ".join(refusals))
    at = _server(cluster)
    proxy = cluster.proxy_url or proxies.of_environment(at.scheme, at.host, at.port)
    return Access(at.url, _Whom(at, chosen, proxy), proxy)


def _server(cluster: Cluster) -> Server:
    """Return where the API server is; without a scheme it is http://, and then nothing may follow."""
    given = cluster.server or ""
    found = server(given if "://" in given else f"http://{given}")
    if found is None or ("://" not in given and "/" in given.removesuffix("/")):
        raise CredentialsError(f"its server {given.rpartition('@')[2]} is no URL; write https://HOST:PORT")
    return found


def _cluster_refusals(cluster: Cluster) -> Iterator[str]:
    """Yield what kubectl does not take either, and what we can't do."""
    if not cluster.server:
        yield "it names no server"
    if cluster.certificate_authority and cluster.certificate_authority_data:
        yield "it has both certificate-authority and certificate-authority-data; leave one out"
    if cluster.insecure_skip_tls_verify and (
        cluster.certificate_authority or cluster.certificate_authority_data
    ):
        yield "it has a certificate-authority beside insecure-skip-tls-verify; leave one out"
    if cluster.proxy_url:
        try:
            proxies.usable(cluster.proxy_url, "leave proxy-url out")
        except CredentialsError as error:
            yield str(error)


def _user_refusals(user: User) -> Iterator[str]:
    """Yield what kubectl does not take either, and what we can't do."""
    if user.auth_provider is not None:
        yield f"it has the auth-provider {user.auth_provider.name}, which we have not; use exec"
    if (user.username or user.password) and (user.token or user.token_file):
        yield "it has both a token and a password; leave one out"
    if user.client_certificate or user.client_certificate_data:
        for one in ("client-certificate", "client-key"):
            name = one.replace("-", "_")
            if getattr(user, name) and getattr(user, f"{name}_data"):
                yield f"it has both {one} and {one}-data; leave one out"
        if not (user.client_key or user.client_key_data):
            yield "it has a client certificate without a client-key"
    if user.exec and (why := exec_plugin.refusal(user.exec)):
        yield why
    if (user.as_uid or user.as_groups or user.as_user_extra) and not user.as_user:
        yield "it has as-uid, as-groups or as-user-extra without as"
    yield from _unsendable(user)


def _unsendable(user: User) -> Iterator[str]:
    """Yield what can't stand in a header."""
    said = {"as": [user.as_user], "as-uid": [user.as_uid], "as-groups": user.as_groups or []}
    said |= {
        "as-user-extra": [each for values in (user.as_user_extra or {}).values() for each in values or ()]
    }
    for name, values in said.items():
        if any(ord(letter) < ord(" ") or letter == "\x7f" for value in values for letter in value or ""):
            yield f"its {name} holds what no header can"


class _Whom:
    """Who we are at a cluster: called for each request."""

    def __init__(self, at: Server, chosen: Chosen, proxy: str | None) -> None:
        self._user, self._name = chosen.user, chosen.user_name
        self._cluster = chosen.cluster
        self._secure = at.scheme == "https"
        self._for_whom = HTTPHeaderDict(_impersonation(self._user))
        self._url_user = at.user
        self._token = ""
        self._plugin: Plugin | None = None
        self._held: Credentials | None = None
        self._warn(at)
        if self._secure:
            self._require_credentials()
        self._pool = self._settings(self._certificate() if self._secure else None)
        if self._secure:
            self._authorization()  # what can't be read now is a mistake, later it is trouble
        if self._secure and self._user.exec and not self._knows_itself():
            self._plugin = Plugin(self._user.exec, _told(at, self._cluster, proxy))

    def __call__(self) -> Identity:
        headers, certified = self._for_whom.copy(), self._secure and self._has_certificate()
        if self._plugin:
            held = self._plugin.credentials()
            if held is not self._held:
                self._hold(held)
            certified = bool(held.certificate)
            headers.update(bearer(held.token, "the exec plugin") if held.token else {})
        elif self._secure:
            headers.update(self._authorization())
        if self._url_user:  # it goes before all else, as with everything written in Go
            headers.update(basic(*self._url_user.partition(":")[::2]))
        return Identity(headers, self._pool, certified=certified)

    def _hold(self, credentials: Credentials) -> None:
        """Take what a plugin said; connections are only good for the certificate they were opened with."""
        before, self._held = self._held, credentials
        if (credentials.certificate, credentials.key) == (
            (before.certificate, before.key) if before else ("", "")
        ):
            return
        pair = (credentials.certificate.encode(), credentials.key.encode(), "of the exec plugin")
        self._pool = self._settings(pair if credentials.certificate else None)

    def _has_certificate(self) -> bool:
        return bool(self._user.client_certificate or self._user.client_certificate_data)

    def _knows_itself(self) -> bool:
        """Whether it needs no plugin: what is written in the file goes first."""
        user = self._user
        return bool(user.token or user.token_file or user.username or self._has_certificate())

    def _require_credentials(self) -> None:
        if not (self._knows_itself() or self._user.exec):
            raise CredentialsError(
                f"the user {self._name}: it has no token, certificate, user name or exec plugin, "
                "and nobody is asked for one here"
            )

    def _authorization(self) -> Mapping[str, str]:
        user = self._user
        if user.username:
            return basic(user.username, user.password or "")
        # A file's last line end, or a block of YAML's, is no part of a token.
        token = self._from_file() or (user.token or "").strip()
        return bearer(token, "the kubeconfig") if token else {}

    def _from_file(self) -> str:
        """Return the token in its file, or what was there when it could last be read: as kubectl does."""
        file = self._user.token_file
        if not file:
            return ""
        try:
            self._token = files.read(Path(file)).decode().strip() or self._token
        except (OSError, ValueError) as error:
            if not (self._token or self._user.token):
                raise CredentialsError(f"reading the token {file}: {error}") from error
        if not (self._token or self._user.token):
            raise CredentialsError(f"reading the token {file}: there is no token in it")
        return self._token

    def _certificate(self) -> tuple[bytes, bytes, str] | None:
        """Return certificate, key, and what to call them."""
        user = self._user
        if not self._has_certificate():
            return None
        certificate = _data("client-certificate", user.client_certificate_data, user.client_certificate)
        key = _data("client-key", user.client_key_data, user.client_key)
        return certificate, key, f"{user.client_certificate or ''} of the user {self._name}".strip()

    def _settings(self, certificate: tuple[bytes, bytes, str] | None) -> Mapping[str, Any]:
        """Return TLS in urllib3's words."""
        cluster = self._cluster
        context = tls(
            cluster.certificate_authority or None,
            ca_data=_decoded("certificate-authority-data", cluster.certificate_authority_data),
            verified=not cluster.insecure_skip_tls_verify,
        )
        if certificate:
            identify(context, *certificate)
        settings: dict[str, Any] = {"ssl_context": context}
        if cluster.tls_server_name:
            settings["server_hostname"] = settings["assert_hostname"] = cluster.tls_server_name
        if cluster.insecure_skip_tls_verify:
            settings["assert_hostname"] = False
        return settings

    def _warn(self, at: Server) -> None:
        """Say what is less safe than it looks, each once per reading."""
        if not self._secure:
            if self._knows_itself() or self._user.exec:
                log.get().warning(
                    "credentials are not sent over plain http, as kubectl sends none",
                    host=at.url,
                    user=self._name,
                )
        elif self._cluster.insecure_skip_tls_verify:
            warnings.simplefilter("ignore", InsecureRequestWarning)  # said once, here, not at every request
            log.get().warning("the API server's certificate is not verified", host=at.url)


def _impersonation(user: User) -> Iterator[tuple[str, str]]:
    """Yield the headers that have us stand for somebody else."""
    if not user.as_user:
        return
    yield "Impersonate-User", _sent(user.as_user)
    if user.as_uid:
        yield "Impersonate-Uid", _sent(user.as_uid)
    for group in user.as_groups or ():
        yield "Impersonate-Group", _sent(group or "")
    for key, values in (user.as_user_extra or {}).items():
        for value in values or ():
            yield f"Impersonate-Extra-{_escaped(key)}", _sent(value or "")


def _sent(text: str) -> str:
    """Return what http.client turns into the UTF-8 of a text."""
    return text.encode().decode("latin-1")


def _escaped(key: str) -> str:
    return "".join(chr(byte) if chr(byte) in TOKEN_CHARACTERS else f"%{byte:02X}" for byte in key.encode())


def _told(at: Server, cluster: Cluster, proxy: str | None) -> dict[str, Any]:
    """Return what a plugin that asks for it is told of the cluster."""
    if cluster.certificate_authority:
        authority = _data("certificate-authority", None, cluster.certificate_authority)
    else:
        authority = _decoded("certificate-authority-data", cluster.certificate_authority_data)
    found = {
        "server": at.url,
        "tls-server-name": cluster.tls_server_name,
        "insecure-skip-tls-verify": cluster.insecure_skip_tls_verify,
        "certificate-authority-data": base64.b64encode(authority).decode(),
        "proxy-url": proxy,
        "disable-compression": cluster.disable_compression,
    }
    told = {name: value for name, value in found.items() if value}
    for one in cluster.extensions or ():
        if one and one.name == EXEC_EXTENSION:
            told["config"] = one.extension
    return told


def _data(name: str, data: str | None, file: str | None) -> bytes:
    """Return what stands in the kubeconfig, or else in the file it names."""
    if data:
        return _decoded(f"{name}-data", data)
    try:
        return files.read(Path(file or ""))
    except (OSError, ValueError) as error:
        raise CredentialsError(f"reading the {name} {file}: {getattr(error, 'strerror', error)}") from error


def _decoded(name: str, data: str | None) -> bytes:
    try:
        return base64.b64decode("".join((data or "").splitlines()), validate=True)
    except (binascii.Error, ValueError):
        raise CredentialsError(f"its {name} is no base64") from None
