"""Access by a token and a CA, as the kubelet puts them into a pod."""

import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

from exporter_kit import api_account
from exporter_kit.api_access import Access, Place, tls
from exporter_kit.api_errors import CredentialsError

PROXIES = ("http_proxy", "https_proxy", "no_proxy")


@pytest.fixture
def pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a service account, in the environment of a pod."""
    (tmp_path / "token").write_text("first\n")
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.crt"))
    monkeypatch.setattr(api_account, "FOLDER", tmp_path)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return tmp_path


def bearer(access: Access) -> str:
    """Return the header that says who we are."""
    return access.headers()["authorization"]


def test_a_pod_needs_no_flag(pod: Path) -> None:
    """Address, token and CA are those of the service account; certificates are verified, and by it alone."""
    access = Place().access()
    assert ("https://10.96.0.1:443", "Bearer first") == (access.host, bearer(access))
    context = access.pool["ssl_context"]
    assert (ssl.CERT_REQUIRED, True) == (context.verify_mode, context.check_hostname)
    assert [ssl.PEM_cert_to_DER_cert((pod / "ca.crt").read_text())] == context.get_ca_certs(binary_form=True)


@pytest.mark.usefixtures("pod")
def test_an_address_of_six_groups_of_colons_is_bracketed(monkeypatch: pytest.MonkeyPatch) -> None:
    """IPv6 works."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    assert "https://[fd00::1]:443" == Place().access().host


def test_a_renewed_token_counts_at_once(pod: Path) -> None:
    """The kubelet renews the token in place; the next request carries it."""
    access = Place().access()
    (pod / "token").write_text("second")
    assert "Bearer second" == bearer(access)


def test_a_server_of_ones_own_choice_gets_no_token_of_the_pod(pod: Path) -> None:
    """What was not given for it is not sent to it."""
    assert {} == Place(server="https://elsewhere.example").access().headers()
    chosen = Place(server="https://elsewhere.example/", token_file=pod / "token").access()
    assert ("https://elsewhere.example", "Bearer first") == (chosen.host, bearer(chosen))


@pytest.mark.usefixtures("pod")
def test_proxies_are_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTPS_PROXY counts, unless NO_PROXY names the host."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    assert "http://proxy.example:3128" == Place().access().proxy
    monkeypatch.setenv("NO_PROXY", "10.96.0.1")
    assert Place().access().proxy is None


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        (Place(server="elsewhere"), "--server elsewhere: it is no URL; write https://HOST:PORT"),
        (Place(server="https://[oops"), r"--server https://\[oops: it is no URL"),
        (
            Place(server="http://x", token_file=Path("t")),
            "a token is not sent over plain HTTP; write https://",
        ),
        (
            Place(server="https://x", token_file=Path("/no/token")),
            "reading the token /no/token: .*No such file",
        ),
        (Place(server="https://x", token_file=Path("/dev/null")), "/dev/null: there is no token in it"),
        (Place(server="https://x", ca_file=Path("/dev/null")), "reading the certificates in /dev/null: "),
        (
            Place(server="https://x", ca_file=Path("/no/ca")),
            "reading the certificates in /no/ca: .*No such file",
        ),
        (Place(Path("k"), server="https://x"), "leave --server and its files out"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(place: Place, sentence: str) -> None:
    """Flag or file are named, with what is wrong."""
    with pytest.raises(CredentialsError, match=sentence):
        place.access()


@pytest.mark.parametrize("content", [b"one\ntwo", b"\xff\xfe", b"", b" \n", b"a\0b"])
def test_a_file_that_is_no_token_is_refused(pod: Path, content: bytes) -> None:
    """Nothing that could break a header gets into one."""
    (pod / "token").write_bytes(content)
    with pytest.raises(CredentialsError, match="reading the token"):
        Place().access()


def test_outside_a_pod_the_flags_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who forgot --kubeconfig is told of it."""
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(CredentialsError, match="so this is no pod; outside a cluster give --kubeconfig FILE"):
        Place().access()


def test_a_pod_does_not_load_the_official_client() -> None:
    """Its import takes longer than listing a thousand pods, and half of the memory."""
    program = (
        "import sys, kube_api_exporter.cli, exporter_kit.api_account; sys.exit('kubernetes' in sys.modules)"
    )
    assert 0 == subprocess.run([sys.executable, "-c", program], check=False).returncode


@pytest.mark.usefixtures("pod")
def test_certificates_that_kubectl_takes_are_taken() -> None:
    """Many clusters' own certificates lack an identifier that RFC 5280 asks for."""
    assert not Place().access().pool["ssl_context"].verify_flags & ssl.VERIFY_X509_STRICT


def test_a_broken_client_certificate_is_named_itself(pod: Path) -> None:
    """Not the CA beside it, which was read well, is to be looked at."""
    broken = pod / "client.crt"
    broken.write_text("nonsense")
    with pytest.raises(CredentialsError, match=f"^reading the client certificate {broken} with the key k: "):
        tls(pod / "ca.crt", cert_file=str(broken), key_file="k")
