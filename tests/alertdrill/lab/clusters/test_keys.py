"""Our own keys make TLS in which both sides are sure of each other."""

import socket
import ssl
import threading
from pathlib import Path

import pytest

from alertdrill.lab.clusters import keys


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> keys.Keys:
    """Return one set of keys for all tests here."""
    return keys.make(tmp_path_factory.mktemp("keys") / "new")


def context(made: keys.Keys, pair: keys.Pair, protocol: int) -> ssl.SSLContext:
    """Return a TLS context with one of the pairs that trusts our authority only, and is strict."""
    tls = ssl.SSLContext(protocol)
    tls.verify_flags |= ssl.VERIFY_X509_STRICT
    tls.load_verify_locations(made.authority.certificate)
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_cert_chain(pair.certificate, pair.key)
    return tls


def test_server_and_administrator_trust_each_other(made: keys.Keys) -> None:
    """The server is verified as 127.0.0.1, and the caller as a member of system:masters."""
    ours, theirs = socket.socketpair()
    seen: list[dict[str, object]] = []

    def serve() -> None:
        with context(made, made.server, ssl.PROTOCOL_TLS_SERVER).wrap_socket(theirs, server_side=True) as tls:
            seen.append(dict(tls.getpeercert() or {}))
            tls.sendall(b"hello")

    thread = threading.Thread(target=serve)
    thread.start()
    client = context(made, made.admin, ssl.PROTOCOL_TLS_CLIENT)
    with client.wrap_socket(ours, server_hostname="127.0.0.1") as tls:
        assert b"hello" == tls.recv(5)
    thread.join()
    subject = seen[0]["subject"]
    assert ((("commonName", "alertdrill-admin"),), (("organizationName", "system:masters"),)) == subject


def test_only_the_owner_reads_private_keys(made: keys.Keys) -> None:
    """Every key is closed to others."""
    files = [made.authority.key, made.server.key, made.admin.key, made.accounts]
    assert [0o600] * 4 == [file.stat().st_mode & 0o777 for file in files]
    assert 0o700 == files[0].parent.stat().st_mode & 0o777


def test_the_key_of_accounts_is_in_the_form_the_api_server_reads(made: keys.Keys) -> None:
    """It takes no other form of an elliptic key."""
    assert made.accounts.read_text().startswith("-----BEGIN EC PRIVATE KEY-----")


def test_every_set_is_another(made: keys.Keys, tmp_path: Path) -> None:
    """Nothing is shared between two labs."""
    assert made.accounts.read_bytes() != keys.make(tmp_path).accounts.read_bytes()
