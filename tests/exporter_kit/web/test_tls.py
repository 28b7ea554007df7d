"""TLS over real sockets: certificates, client certificates, renewal."""

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
import trustme
from cryptography.hazmat.primitives import serialization

from exporter_kit.errors import ConfigError
from exporter_kit.web import connection as web_connection
from exporter_kit.web.live import LiveConfig

Serve = Callable[..., str]
PLAIN = "tls_server_config: {cert_file: server.crt, key_file: server.key"
MUTUAL = PLAIN + ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt"


def written(folder: Path, text: str) -> Path:
    """Write a web-config beside the certificates."""
    file = folder / "web.yml"
    file.write_text(text)
    return file


def ask(address: str, folder: Path, *, with_certificate: bool = False) -> str:
    """Make a request that verifies the server's certificate, maybe with one of our own."""
    cert = (str(folder / "client.crt"), str(folder / "client.key")) if with_certificate else None
    return requests.get(f"https://{address}/", verify=str(folder / "ca.crt"), cert=cert, timeout=10).text


def test_the_certificate_verifies(serve: Serve, certificates: Path) -> None:
    """A client that knows the authority trusts the server, files being named relative to the web-config."""
    assert "GET nobody" == ask(serve(web_config=written(certificates, PLAIN + "}")), certificates)


def test_a_client_must_show_a_certificate(serve: Serve, certificates: Path) -> None:
    """RequireAndVerifyClientCert lets in those with a certificate of the client CA, and tells the app."""
    address = serve(web_config=written(certificates, MUTUAL + "}"))
    assert "GET client certificate" == ask(address, certificates, with_certificate=True)
    with pytest.raises(requests.ConnectionError):
        ask(address, certificates)


@pytest.mark.parametrize(("name", "let_in"), [("prometheus.example", True), ("grafana.example", False)])
def test_a_client_must_be_on_the_list(serve: Serve, certificates: Path, name: str, let_in: bool) -> None:  # noqa: FBT001
    """client_allowed_sans lets in only certificates that carry one of the names."""
    address = serve(web_config=written(certificates, MUTUAL + f", client_allowed_sans: [{name}]}}"))
    if let_in:
        assert "GET client certificate" == ask(address, certificates, with_certificate=True)
    else:
        with pytest.raises(requests.ConnectionError):
            ask(address, certificates, with_certificate=True)


def test_a_renewed_certificate_is_served(serve: Serve, certificates: Path) -> None:
    """The next connection sees the new certificate; a half-written one leaves the old in force."""
    address = serve(web_config=written(certificates, PLAIN + "}"))
    before = served(address)

    (certificates / "server.crt").write_text("half")
    assert before == served(address)

    renewed = trustme.CA()
    issued = renewed.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(certificates / "server.key")
    issued.cert_chain_pems[0].write_to_path(certificates / "server.crt")
    renewed.cert_pem.write_to_path(certificates / "ca.crt")
    assert "GET nobody" == ask(address, certificates)
    assert before != served(address)


def served(address: str) -> str:
    """Return the certificate a server shows."""
    host, _, port = address.rpartition(":")
    return ssl.get_server_certificate((host, int(port)), timeout=10)


def test_a_stuck_handshake_blocks_nobody(serve: Serve, certificates: Path) -> None:
    """A client that connects and says nothing does not keep others from being served."""
    address = serve(web_config=written(certificates, PLAIN + "}"))
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port))):
        assert "GET nobody" == ask(address, certificates)


def test_a_handshake_is_not_waited_for(
    serve: Serve, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that connects and says nothing, or half a greeting, loses its connection soon."""
    monkeypatch.setattr(web_connection, "HANDSHAKE_SECONDS_MAX", 0.3)
    host, _, port = serve(web_config=written(certificates, PLAIN + "}")).rpartition(":")
    for said in (b"", b"\x16\x03\x01\x00\xa5\x01\x00"):
        with socket.create_connection((host, int(port)), timeout=10) as client:
            client.sendall(said)
            assert b"" == client.recv(1)


def test_old_versions_are_refused(serve: Serve, certificates: Path) -> None:
    """min_version is held to."""
    host, _, port = serve(web_config=written(certificates, PLAIN + ", min_version: TLS13}")).rpartition(":")
    client = ssl.create_default_context(cafile=str(certificates / "ca.crt"))
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection((host, int(port))) as plain, pytest.raises(ssl.SSLError):
        client.wrap_socket(plain, server_hostname="127.0.0.1")


def test_chosen_ciphers_are_used(serve: Serve, certificates: Path) -> None:
    """cipher_suites by Go's names decides what TLS 1.2 speaks."""
    suite = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
    text = PLAIN + f", max_version: TLS12, cipher_suites: [{suite}]}}"
    host, _, port = serve(web_config=written(certificates, text)).rpartition(":")
    client = ssl.create_default_context(cafile=str(certificates / "ca.crt"))
    with (
        socket.create_connection((host, int(port))) as plain,
        client.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped,
    ):
        cipher = wrapped.cipher()
    assert cipher
    assert "ECDHE-ECDSA-AES256-GCM-SHA384" == cipher[0]


def test_certificates_may_stand_in_the_file(serve: Serve, certificates: Path) -> None:
    """Inline PEM works as the files do."""
    lines = ["tls_server_config:"]
    for field, name in (("cert", "server.crt"), ("key", "server.key"), ("client_ca", "ca.crt")):
        lines.append(f"  {field}: |")
        lines += [f"    {line}" for line in (certificates / name).read_text().splitlines()]
    lines.append("  client_auth_type: RequireAndVerifyClientCert")
    address = serve(web_config=written(certificates, "\n".join(lines)))
    assert "GET client certificate" == ask(address, certificates, with_certificate=True)


def lock(key: Path, locked: Path) -> None:
    """Write a private key under a password."""
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    locked.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"hunter2"),
        )
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "tls_server_config: {cert_file: server.crt, key_file: client.key}",
            "does not belong to the certificate",
        ),
        ("tls_server_config: {cert_file: ca.key, key_file: server.key}", "can't read cert_file"),
        ("tls_server_config: {cert_file: web.yml, key_file: server.key}", "can't be used ([SSL] PEM lib"),
        ("tls_server_config: {cert_file: server.crt, key_file: locked.key}", "the key without a password"),
        ("tls_server_config: {cert_file: server.crt}", "needs one of key and key_file"),
        ("tls_server_config: {}", "needs one of cert and cert_file"),
        (PLAIN + ", client_ca_file: ca.crt}", "go together; give both"),
        (PLAIN + ", client_auth_type: RequireAndVerifyClientCert}", "go together; give both"),
        (
            PLAIN + ", client_auth_type: RequireAnyClientCert, client_ca_file: ca.crt}",
            "nobody verified; choose",
        ),
        (MUTUAL.replace("ca.crt", "web.yml") + "}", "is not a PEM certificate"),
        (PLAIN + ", client_allowed_sans: [a]}", "needs client_auth_type RequireAndVerifyClientCert"),
        (PLAIN + ", cipher_suites: [RC4]}", "cipher_suites names 'RC4'; choose from TLS_ECDHE"),
        (PLAIN + ", curve_preferences: [X25519]}", "can't be honoured by this server"),
    ],
)
def test_tls_that_cannot_work_is_a_sentence(certificates: Path, text: str, sentence: str) -> None:
    """What would fail at the first connection, or protect less than it seems, is refused at the start."""
    lock(certificates / "server.key", certificates / "locked.key")
    with pytest.raises(ConfigError) as caught:
        LiveConfig(written(certificates, text))
    assert sentence in str(caught.value)
    assert str(caught.value).startswith(f"{certificates / 'web.yml'}: ")


def test_tls_is_not_turned_off_by_a_change(serve: Serve, certificates: Path) -> None:
    """Clients that were promised TLS keep it until a restart."""
    file = written(certificates, PLAIN + "}")
    address = serve(web_config=file)
    file.write_text("basic_auth_users: {}")
    assert "GET nobody" == ask(address, certificates)
