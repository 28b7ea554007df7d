"""Access by a token and a CA, as the kubelet puts them into a pod."""

import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

from exporter_kit.api import account as api_account
from exporter_kit.api.access import Access, identify, tls
from exporter_kit.api.errors import CredentialsError
from exporter_kit.api.place import Place
from exporter_kit.api.proxy import proxy_for

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
    return access.identity().headers["authorization"]


def test_a_pod_needs_no_flag(pod: Path) -> None:
    """Address, token and CA are those of the service account; certificates are verified, and by it alone."""
    access = Place().access()
    assert ("https://10.96.0.1:443", "Bearer first") == (access.host, bearer(access))
    context = access.identity().pool["ssl_context"]
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
    assert {} == Place(server="https://elsewhere.example").access().identity().headers
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
    ("host", "no_proxy", "bypassed"),
    [
        ("10.96.0.1", "localhost, 10.0.0.0/8", True),
        ("10.96.0.1", "10.96.0.1/8", True),
        ("11.0.0.1", "10.0.0.0/8", False),
        ("10.96.0.1", "fd00::/8,10.96.0.1", True),
        ("10.96.0.1", "10.96.0.10", False),
        ("fd00::1", "10.0.0.0/8,fd00::/8", True),
        ("[fd00::1]", "fd00:0::1", True),
        ("[fd00::1]", "[fd00::1]", True),
        ("fd00::1", "fe80::/10", False),
        ("10.96.0.1", "example.com,*", True),
        ("api.example.com", "example.com", True),
        ("api.example.com", "10.0.0.0/8", False),
        ("api.example.com", None, False),
    ],
)
def test_no_proxy_means_what_it_means_to_kubectl(host: str, no_proxy: str | None, *, bypassed: bool) -> None:
    """Networks and addresses of either family count, however they are written, beside names."""
    assert (None if bypassed else "http://p:1") == proxy_for(host, "http://p:1", no_proxy)


def test_a_proxy_without_a_scheme_is_http() -> None:
    """Many set HTTPS_PROXY to a host and a port, and everything written in Go takes it."""
    assert "http://proxy:3128" == proxy_for("10.96.0.1", "proxy:3128", None)


@pytest.mark.usefixtures("pod")
@pytest.mark.parametrize("no_proxy", ["10.0.0.0/8", "[fd00::]/8"])
def test_the_environments_networks_count_in_a_pod(monkeypatch: pytest.MonkeyPatch, no_proxy: str) -> None:
    """A NO_PROXY of the cluster's own network keeps requests off the proxy."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1" if ":" in no_proxy else "10.96.0.1")
    monkeypatch.setenv("HTTPS_PROXY", "proxy:3128")
    assert "http://proxy:3128" == Place().access().proxy
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert Place().access().proxy is None


@pytest.mark.parametrize("proxy", ["socks5://me:secret@proxy:1080", "http://", "http://[oops", "ftp:///x"])
def test_a_proxy_that_cannot_be_used_is_a_sentence(proxy: str) -> None:
    """It is named without its password, and only where it would be used."""
    with pytest.raises(CredentialsError, match=r"^using the proxy .*: it is neither http:") as error:
        proxy_for("10.96.0.1", proxy, None)
    assert "secret" not in str(error.value)
    assert proxy_for("10.96.0.1", proxy, "10.0.0.0/8") is None


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


def test_a_pod_loads_only_what_a_scrape_needs() -> None:
    """The official client takes longer to load than a thousand pods to list; the others add up."""
    program = (
        "import sys, kube_api_exporter.daemon, kube_api_exporter.app, exporter_kit.web;"
        "import exporter_kit.api.account;"
        "print({'kubernetes', 'jinja2', 'yaml', 'bcrypt', 'zstandard'} & sys.modules.keys())"
    )
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert "set()\n" == loaded.stdout


@pytest.mark.usefixtures("pod")
def test_certificates_that_kubectl_takes_are_taken() -> None:
    """Many clusters' own certificates lack an identifier that RFC 5280 asks for."""
    assert not Place().access().identity().pool["ssl_context"].verify_flags & ssl.VERIFY_X509_STRICT


def test_a_broken_client_certificate_is_named_itself(pod: Path) -> None:
    """Not the CA beside it, which was read well, is to be looked at."""
    with pytest.raises(CredentialsError, match=r"^reading the client certificate of the user me: "):
        identify(tls(pod / "ca.crt"), b"nonsense", b"nonsense", "of the user me")
