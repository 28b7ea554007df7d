"""Access by the files of a service account: a token, which the kubelet renews in place, and a CA.

Two files need no client library: its import takes longer than listing a thousand pods.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.request import getproxies_environment

from urllib3.exceptions import LocationParseError
from urllib3.util.url import Url, parse_url

from exporter_kit.api.access import Access, proxy_for, tls
from exporter_kit.api.errors import CredentialsError

FOLDER = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def load(server: str | None = None, token_file: Path | None = None, ca_file: Path | None = None) -> Access:
    """Return access to `server` (a URL) with a bearer token; what is not given is as in a pod.

    With a server of your own choice there is a token only if its file is given, and the CAs are those of the
    system unless theirs is.
    """
    if server is None:
        server = _of_the_pod()
        token_file, ca_file = token_file or FOLDER / "token", ca_file or FOLDER / "ca.crt"
    scheme, host = _parts(server)
    if scheme == "http" and token_file:
        raise CredentialsError(f"--server {server}: a token is not sent over plain HTTP; write https://")
    headers = _Headers(token_file)
    headers()
    proxies = getproxies_environment()
    proxy = proxy_for(host, proxies.get(scheme), proxies.get("no"))
    return Access(server.rstrip("/"), headers, {"ssl_context": tls(ca_file)}, proxy)


class _Headers:
    """The bearer token, as it is in its file at every request: a renewed one counts at once."""

    def __init__(self, token_file: Path | None) -> None:
        self._token_file = token_file

    def __call__(self) -> Mapping[str, str]:
        if self._token_file is None:
            return {}
        try:
            token = self._token_file.read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            raise CredentialsError(f"reading the token {self._token_file}: {error}") from error
        if not token or not token.isprintable():
            raise CredentialsError(f"reading the token {self._token_file}: there is no token in it")
        return {"authorization": f"Bearer {token}"}


def _parts(server: str) -> tuple[str, str]:
    try:
        url = parse_url(server)
    except LocationParseError:
        url = Url()
    if url.scheme not in {"http", "https"} or not url.host:
        raise CredentialsError(f"--server {server}: it is no URL; write https://HOST:PORT")
    return url.scheme, url.host


def _of_the_pod() -> str:
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT")
    if not host or not port:
        raise CredentialsError(
            "looking for the API server: KUBERNETES_SERVICE_HOST is not set, so this is no pod; "
            "outside a cluster give --kubeconfig FILE, or --server URL with --token-file and --ca-file"
        )
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
