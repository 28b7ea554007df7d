"""A kubeconfig means here what it means to kubectl: its words, what goes before what, what is refused.

`suite/e2e/exporter/test_exporter_kubeconfig.py` holds more of them beside the real one.
"""

import base64
import os
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from exporter_kit.api.client import ApiClient
from exporter_kit.api.errors import CredentialsError, Unauthorized
from exporter_kit.api.place import Place

SERVER = "https://api.example:6443"
TOKEN = {"token": "t"}


def headers(file: Path) -> list[tuple[str, str]]:
    """Return what would be sent of who we are."""
    return list(Place(file).access().identity().headers.items())


@pytest.mark.parametrize(
    ("user", "sent"),
    [
        ({"token": "t", "tokenFile": "file"}, "from-file"),
        ({"token": "", "tokenFile": "file"}, "from-file"),
        ({"token": None, "tokenFile": "file"}, "from-file"),
        ({"token": "t", "tokenFile": "none"}, "t"),
        ({"token": "t", "client-certificate-data": None, "auth-provider": None, "exec": None}, "t"),
        ({"token": "t", "client-key": "nowhere"}, "t"),
        ({"token": "t", "exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "x"}}, "t"),
    ],
)
def test_what_is_empty_or_null_is_absent_and_a_file_goes_first(
    secure: Any, user: dict[str, Any], sent: str
) -> None:
    """A token file goes before a token, both go before a plugin."""
    (secure.folder / "file").write_text("from-file\n")
    assert [("authorization", f"Bearer {sent}")] == headers(secure.kubeconfig(SERVER, user))


def test_a_token_file_that_goes_away_is_remembered(secure: Any) -> None:
    """What was read last counts until there is more to read."""
    (secure.folder / "file").write_text("first")
    access = Place(secure.kubeconfig(SERVER, {"tokenFile": "file"})).access()
    (secure.folder / "file").write_text("second")
    assert "Bearer second" == access.identity().headers["authorization"]
    (secure.folder / "file").unlink()
    assert "Bearer second" == access.identity().headers["authorization"]


def test_a_token_is_read_again_after_a_401(secure: Any) -> None:
    """One that was renewed in the kubeconfig costs one refusal."""

    def answer(handler: Any) -> None:
        good = handler.headers["Authorization"] == "Bearer new"
        handler.say(200 if good else 401, b"{}")

    url = secure.serve(answer)
    client = ApiClient(Place(secure.kubeconfig(url, {"token": "old"})))
    secure.kubeconfig(url, {"token": "new"})
    with pytest.raises(Unauthorized):
        client.get("/api")
    assert b"{}" == client.get("/api")


def test_it_stands_for_somebody_else(secure: Any) -> None:
    """All of it reaches the server, groups and extras one by one, in UTF-8: never more rights than meant."""
    seen: list[list[tuple[str, str]]] = []

    def answer(handler: Any) -> None:
        seen.append([(name, value) for name, value in handler.headers.items() if name.startswith("Imp")])
        handler.say(200, b"{}")

    user = {
        **TOKEN,
        "as": "jöe",
        "as-uid": "7",
        "as-groups": ["a", "b"],
        "as-user-extra": {"x/%": ["1", "2"]},
    }
    ApiClient(Place(secure.kubeconfig(secure.serve(answer), user))).get("/api")
    said = [(name, value.encode("latin-1").decode()) for name, value in seen[0]]
    assert [
        ("Impersonate-User", "jöe"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Group", "a"),
        ("Impersonate-Group", "b"),
        ("Impersonate-Extra-x%2F%25", "1"),
        ("Impersonate-Extra-x%2F%25", "2"),
    ] == said


def test_over_plain_http_no_credentials_are_sent_and_that_is_said(secure: Any) -> None:
    """As kubectl does it; whom we stand for is sent all the same."""
    with capture_logs() as said:
        sent = headers(secure.kubeconfig("http://api.example", {**TOKEN, "as": "jane"}))
    assert [("Impersonate-User", "jane")] == sent
    assert ["credentials are not sent over plain http, as kubectl sends none"] == [
        each["event"] for each in said
    ]


def test_a_password_in_the_server_is_sent_and_never_told(secure: Any) -> None:
    """It is no part of the address that stands in sentences."""
    access = Place(secure.kubeconfig("HTTPS://me:p%40ss@api.example/below/", TOKEN)).access()
    assert "https://api.example/below" == access.host
    told = f"Basic {base64.b64encode(b'me:p@ss').decode()}"
    assert {"authorization": told} == dict(access.identity().headers)


@pytest.mark.parametrize(
    ("cluster", "environment", "proxy"),
    [
        ({"proxy-url": "http://p:1"}, {"NO_PROXY": "*"}, "http://p:1"),
        ({"proxy-url": None}, {}, None),
        ({"proxy-url": ""}, {"HTTPS_PROXY": "p:2"}, "http://p:2"),
        ({}, {"ALL_PROXY": "socks5://p:1"}, None),
        ({}, {"HTTPS_PROXY": "http://p:3", "NO_PROXY": "api.example:6443"}, None),
        ({}, {"HTTPS_PROXY": "http://p:3", "NO_PROXY": "api.example:443"}, "http://p:3"),
    ],
)
def test_a_proxy_is_that_of_the_kubeconfig_or_else_of_the_environment(
    secure: Any,
    cluster: dict[str, Any],
    environment: dict[str, str],
    proxy: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """NO_PROXY is about the environment's only, and ALL_PROXY about nothing."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy == Place(secure.kubeconfig(SERVER, TOKEN, **cluster)).access().proxy


@pytest.mark.parametrize(
    ("user", "cluster", "sentence"),
    [
        ({}, {}, "the user u: it has no token, certificate, user name or exec plugin"),
        ({"auth-provider": {"name": "gcp"}}, {}, "the user u: it has the auth-provider gcp"),
        ({**TOKEN, "username": "x"}, {}, "the user u: it has both a token and a password; leave one out"),
        (
            {**TOKEN, "as-groups": ["a"]},
            {},
            "the user u: it has as-uid, as-groups or as-user-extra without as",
        ),
        ({**TOKEN, "as": "a\n"}, {}, "the user u: its as holds what no header can"),
        ({"token": "hun\nter2"}, {}, "reading the token of the kubeconfig: it holds what no header can"),
        ({"tokenFile": "none"}, {}, "reading the token .*/none: .*No such file"),
        ({"client-certificate": "c"}, {}, "it has a client certificate without a client-key"),
        (
            {"client-certificate": "ca.crt", "client-key": "ca.crt"},
            {},
            "reading the client certificate .*ca.crt",
        ),
        (TOKEN, {"insecure-skip-tls-verify": True}, "the cluster c: it has a certificate-authority beside"),
        (TOKEN, {"certificate-authority-data": "eA=="}, "it has both certificate-authority and"),
        (TOKEN, {"certificate-authority": "none"}, "reading the certificates in .*/none: .*No such file"),
        (TOKEN, {"proxy-url": "socks5://me:secret@p:1"}, "using the proxy socks5://p:1: it is neither"),
        (
            TOKEN,
            {"proxy-url": 5},
            r"Expected `str \| null`, got `int` - at `\$.clusters\[0\].cluster.proxy-url`",
        ),
        (TOKEN, {"server": ""}, "the cluster c: it names no server"),
        (TOKEN, {"server": "ftp://me:secret@x"}, "its server x is no URL; write https://HOST:PORT"),
    ],
)
def test_what_kubectl_refuses_or_we_cannot_do_is_refused_by_name(
    secure: Any, user: dict[str, Any], cluster: dict[str, Any], sentence: str
) -> None:
    """The sentence names the file, who is meant, and what is wrong; it quotes no secret."""
    file = secure.kubeconfig(SERVER, user, **cluster)
    with pytest.raises(CredentialsError, match=f"^reading kubeconfig {file}: .*{sentence}") as caught:
        Place(file).access()
    assert "secret" not in str(caught.value)
    assert "hunter" not in str(caught.value).replace("\n", "")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("users: [{name: a}, {name: a}]", "two of its users are called a"),
        ("contexts: [{name: a}, {name: a}]", "two of its contexts are called a"),
        ("contexts: [{name: 5}]", r"Expected `str \| null`, got `int` - at `\$.contexts\[0\].name`"),
        ("users: [{name: 12e4}]", "got `float`"),
        ("users: [{name: y}]", "got `bool`"),
        ("kind: Pod", "it is None Pod, not v1 Config"),
        ("current-context: a", "it has no context a; there are none"),
        ("", "it has no current-context; name one with --context: none"),
        ("[" * 20_000, "they nest too deeply"),
        ("a: \x00", "it holds bytes that are no text"),
    ],
)
def test_a_file_with_a_mistake_anywhere_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    """It is read as a whole, whichever context is meant, and never ends in a traceback."""
    file = tmp_path / "kubeconfig"
    file.write_text(text)
    with pytest.raises(CredentialsError, match=f"^reading kubeconfig {file}: .*{sentence}"):
        Place(file).access()


def test_of_several_files_the_first_to_use_a_name_counts(secure: Any, tmp_path: Path) -> None:
    """A list with colons is joined as that in $KUBECONFIG; paths begin where their own file is."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "mine").write_text("mine")
    first = tmp_path / "more" / "kubeconfig"
    first.write_text("users: [{name: u, user: {tokenFile: mine}}]")
    second = secure.kubeconfig(SERVER, TOKEN)
    listed = Path(os.pathsep.join(map(str, (tmp_path / "none", first, second))))
    assert [("authorization", "Bearer mine")] == headers(listed)
    with pytest.raises(CredentialsError, match=r"none of these files is there$"):
        Place(Path("/none/a:/none/b")).access()
