"""Where the API server is and who we are, read from a kubeconfig or from the files of a service account."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.request import proxy_bypass

from urllib3.exceptions import LocationParseError
from urllib3.util.url import Url, parse_url

from exporter_kit.api.errors import CredentialsError


@dataclass(frozen=True)
class Access:
    """One reading of the configuration; `headers` asks for the token anew, so that it may expire.

    `pool` is in the words of urllib3's pools; `proxy` is a URL.
    """

    host: str
    headers: Callable[[], Mapping[str, str]]
    pool: Mapping[str, Any]
    proxy: str | None = None


def tls(
    ca_file: str | Path | None = None,
    *,
    verified: bool = True,
    cert_file: str | None = None,
    key_file: str | None = None,
) -> ssl.SSLContext:
    """Return how to talk to an API server: verified by its CA, or by those of the system if none is given."""
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise CredentialsError(
            f"reading the certificates in {ca_file or 'the system store'}: {error}"
        ) from error
    if cert_file:
        _identify(context, cert_file, key_file)
    # From 3.13 on Python refuses what RFC 5280 asks of a CA, and many clusters' certificates do not have:
    # kubectl takes them, and nobody is let in by it.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not verified:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def proxy_for(host: str, proxy: str | None, no_proxy: str | None) -> str | None:
    """Return the URL of the proxy that leads to a host; None where there is none or NO_PROXY names the host.

    Both are read as kubectl reads them: a proxy without a scheme is http://, and NO_PROXY may hold networks
    and addresses of either family beside names.
    """
    if not proxy or _bypassed(host.strip("[]"), no_proxy or ""):
        return None
    url = proxy if "://" in proxy else f"http://{proxy}"
    try:
        parsed = parse_url(url)
    except LocationParseError:
        parsed = Url()
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        scheme, _, rest = url.partition("://")
        shown = f"{scheme}://{rest.rpartition('@')[2]}"  # what stands before the @ may be a password
        raise CredentialsError(
            f"using the proxy {shown}: it is neither http://HOST:PORT nor https://HOST:PORT; "
            "give one of these, or name the API server in NO_PROXY"
        )
    return url


def _bypassed(host: str, no_proxy: str) -> bool:
    entries = [entry.strip() for entry in no_proxy.split(",")]
    if "*" in entries or proxy_bypass(host, {"no": no_proxy}):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(_covers(entry.replace("[", "").replace("]", ""), address) for entry in entries)


def _covers(network: str, address: IPv4Address | IPv6Address) -> bool:
    """Whether an address lies in a network, or is it; a name is no network."""
    try:
        return address in ip_network(network, strict=False)
    except ValueError:
        return False


def _identify(context: ssl.SSLContext, cert_file: str, key_file: str | None) -> None:
    try:
        context.load_cert_chain(cert_file, key_file)
    except OSError as error:
        # Python does not say which of the two it could not read.
        files = f"{cert_file} with the key {key_file}" if key_file else cert_file
        raise CredentialsError(f"reading the client certificate {files}: {error}") from error
