"""Listen addresses as Go writes them, and the sockets behind them."""

import errno
import os
import socket

from exporter_kit.errors import DaemonError, UsageError

BACKLOG = 128
PORT_MAX = 65535
_NO_IPV6 = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)


def parse_address(address: str) -> tuple[str, int]:
    """Split `HOST:PORT`, `[::1]:PORT` or `:PORT` (every interface) into host and port."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > PORT_MAX:
        raise UsageError(f"the listen address {address!r} is not HOST:PORT; write 127.0.0.1:8080 or :8080")
    if host.startswith("[") and host.endswith("]"):
        return host[1:-1], int(port)
    if ":" in host:
        raise UsageError(f"the listen address {address!r} holds a bare IPv6 address; write [{host}]:{port}")
    return host, int(port)


def bind(address: str) -> list[socket.socket]:
    """Return listening sockets for an address; one that is taken or not ours is a sentence."""
    host, port = parse_address(address)
    try:
        if not host:
            return [_every_interface(port)]
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        unique = dict.fromkeys((family, place) for family, _, _, _, place in found)
        return [socket.create_server(place[:2], family=family, backlog=BACKLOG) for family, place in unique]
    except socket.gaierror as error:
        raise UsageError(
            f"can't listen on {address}: {error.strerror}; name a host of this machine"
        ) from None
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise DaemonError(
            f"can't listen on {address}: {reason}; stop what listens there or choose another address"
        ) from None


def _every_interface(port: int) -> socket.socket:
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(
                ("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=BACKLOG
            )
        except OSError as error:
            # A kernel that was told to have no IPv6 still reports it; IPv4 is then every interface there is.
            if error.errno not in _NO_IPV6:
                raise
    return socket.create_server(("", port), backlog=BACKLOG)


def shown(listening: socket.socket) -> str:
    """Write the address a socket got as HOST:PORT."""
    host, port = listening.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
