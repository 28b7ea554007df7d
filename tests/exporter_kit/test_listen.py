"""Listen addresses as Go writes them."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter_kit.errors import DaemonError, UsageError
from exporter_kit.listen import bind, parse_address, shown


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (":80", ("", 80)),
        ("127.0.0.1:9152", ("127.0.0.1", 9152)),
        ("localhost:0", ("localhost", 0)),
        ("[::1]:8080", ("::1", 8080)),
    ],
)
def test_an_address_is_host_and_port(address: str, expected: tuple[str, int]) -> None:
    """HOST:PORT, a bracketed IPv6 address and Go's `:80` are understood."""
    assert expected == parse_address(address)


@pytest.mark.parametrize("address", ["", "80", "host", "host:", "host:http", "host:70000", "::1:80", "h:²"])
def test_anything_else_is_a_sentence(address: str) -> None:
    """What is no address is refused with the form it should have."""
    with pytest.raises(UsageError, match=r"the listen address .* (is not HOST:PORT|bare IPv6)"):
        parse_address(address)


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    """Any text is an address or a UsageError."""
    try:
        host, port = parse_address(text)
    except UsageError:
        return
    assert 0 <= port <= 65535
    assert host in text


def test_a_colon_and_a_port_is_every_interface() -> None:
    """`:0` can be reached over IPv4 loopback, as in Go."""
    (listening,) = bind(":0")
    with listening, socket.create_connection(("127.0.0.1", listening.getsockname()[1]), timeout=5):
        assert shown(listening).endswith(f":{listening.getsockname()[1]}")


def test_a_foreign_address_is_a_sentence() -> None:
    """An address of another machine can't be listened on."""
    with pytest.raises(DaemonError, match=r"can't listen on 192\.0\.2\.1:0: Cannot assign requested address"):
        bind("192.0.2.1:0")


def test_an_unknown_host_is_a_sentence() -> None:
    """A name that means nothing is the user's mistake."""
    with pytest.raises(UsageError, match=r"can't listen on no\.such\.host\.invalid:1: "):
        bind("no.such.host.invalid:1")


def test_a_taken_port_is_a_sentence() -> None:
    """A port that somebody listens on is reported before anything starts."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(
            DaemonError, match=f"can't listen on {address}: Address already in use; stop what"
        ):
            bind(address)
