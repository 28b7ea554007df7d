"""Access by the files of a service account: a token, which the kubelet renews in place, and a CA.

Two files need no client library: its import takes longer than listing a thousand pods.
"""

import os
from pathlib import Path

from exporter_kit import files
from exporter_kit.api.access import Access, Identity, Server, bearer, server, tls
from exporter_kit.api.errors import CredentialsError
from exporter_kit.api.proxy import of_environment

FOLDER = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def load(given: str | None = None, token_file: Path | None = None, ca_file: Path | None = None) -> Access:
    """Return access to a server (a URL) with a bearer token; what is not given is as in a pod.

    With a server of your own choice there is a token only if its file is given, and the CAs are those of the
    system unless theirs is.
    """
    if given is None:
        given = _of_the_pod()
        token_file, ca_file = token_file or FOLDER / "token", ca_file or FOLDER / "ca.crt"
    at = _server(given)
    if at.scheme == "http" and token_file:
        raise CredentialsError(f"--server {at.url}: a token is not sent over plain HTTP; write https://")
    identity = _Account(token_file, ca_file)
    identity()
    return Access(at.url, identity, of_environment(at.scheme, at.host, at.port))


class _Account:
    """Who we are: the token as it is in its file at every request, so that a renewed one counts at once."""

    def __init__(self, token_file: Path | None, ca_file: Path | None) -> None:
        self._token_file = token_file
        self._pool = {"ssl_context": tls(ca_file)}

    def __call__(self) -> Identity:
        return Identity(token_of(self._token_file) if self._token_file else {}, self._pool)


def token_of(file: Path) -> dict[str, str]:
    """Return the header of the token in a file."""
    try:
        token = files.read(file).decode("ascii").strip()
    except (OSError, ValueError) as error:
        raise CredentialsError(f"reading the token {file}: {error}") from error
    if not token:
        raise CredentialsError(f"reading the token {file}: there is no token in it")
    return bearer(token, str(file))


def _server(given: str) -> Server:
    found = server(given)
    if found is None:
        shown = given.rpartition("@")[2]  # what stands before the @ may be a password
        raise CredentialsError(f"--server {shown}: it is no URL; write https://HOST:PORT")
    if found.user:
        raise CredentialsError(
            f"--server {found.url}: a user and a password stand in it; leave them out and give --token-file"
        )
    return found


def _of_the_pod() -> str:
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT")
    if not host or not port:
        raise CredentialsError(
            "looking for the API server: KUBERNETES_SERVICE_HOST is not set, so this is no pod; "
            "outside a cluster give --kubeconfig FILE, or --server URL with --token-file and --ca-file"
        )
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
