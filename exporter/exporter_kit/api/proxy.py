"""Which proxy leads to an API server, found as programs in Go find it; kubectl is one."""

import os
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from urllib3.exceptions import LocationParseError
from urllib3.util.url import Url, parse_url

from exporter_kit.api.errors import CredentialsError

SCHEMES = ("http", "https")
Address = IPv4Address | IPv6Address


def of_environment(scheme: str, host: str, port: int) -> str | None:
    """Return the proxy for a server; ALL_PROXY is none of the variables that count."""
    return proxy_for(host, _variable(f"{scheme}_proxy"), _variable("no_proxy"), port=port)


def proxy_for(host: str, proxy: str | None, no_proxy: str | None, *, port: int = 443) -> str | None:
    """Return the URL of a proxy; None without one, to this machine, and to what NO_PROXY names.

    Both are read as kubectl reads them: a proxy without a scheme is http://, and NO_PROXY may hold networks
    and addresses of either family beside names.
    """
    if not proxy or _bypassed(host.strip("[]").lower(), port, no_proxy or ""):
        return None
    return usable(proxy if "://" in proxy else f"http://{proxy}", "name the API server in NO_PROXY")


def usable(proxy: str, otherwise: str) -> str:
    """Return a proxy's URL; one that we can't go through is an error, without its password."""
    try:
        parsed = parse_url(proxy)
    except LocationParseError:
        parsed = Url()
    if parsed.scheme in SCHEMES and parsed.host:
        return proxy
    scheme, _, rest = proxy.rpartition("://")
    shown = f"{scheme}://{rest.rpartition('@')[2]}" if scheme else rest.rpartition("@")[2]
    raise CredentialsError(
        f"using the proxy {shown}: it is neither http://HOST:PORT nor https://HOST:PORT; "
        f"give one of these, or {otherwise}"
    )


def _variable(name: str) -> str | None:
    return os.environ.get(name.upper()) or os.environ.get(name)


def _bypassed(host: str, port: int, no_proxy: str) -> bool:
    address = _address(host)
    if host == "localhost" or (address and address.is_loopback):
        return True
    entries = [entry.strip().lower() for entry in no_proxy.split(",")]
    return "*" in entries or any(_names(entry, host, port, address) for entry in entries if entry)


def _names(entry: str, host: str, port: int, address: Address | None) -> bool:
    """Whether an entry of NO_PROXY, maybe with a port, is the host, its network, or a domain above it."""
    if (network := _network(entry.replace("[", "").replace("]", ""))) is not None:
        return address is not None and address in network
    name, _, wanted = entry.rpartition(":")
    if not name:
        name, wanted = entry, ""
    if wanted and wanted != str(port):
        return False
    if (network := _network(name.strip("[]"))) is not None:
        return address is not None and address in network
    domain = name.removeprefix("*.").removeprefix(".")
    return bool(domain) and (host.endswith(f".{domain}") or (host == domain and name == domain))


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _address(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
