"""Servers that mean harm: what they send may not show a secret, nor take our time, nor break anything."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from alertdrill.backtest import ends, raw
from alertdrill.backtest import server as servers
from alertdrill.backtest.access import PASSWORD, TOKEN, Access, stated
from alertdrill.backtest.server import Server, TooMuchError
from alertdrill.errors import LabError, UsageError
from alertdrill.testing import ManualClock

Says = Callable[[socket.socket, bytes], None]
HEAD_BYTES = 65536


@contextmanager
def listening(says: Says, *, read: bool = True) -> Iterator[str]:
    """Yield the address of a server that reads the head of each request, and then does what it likes."""
    done = threading.Event()

    def serve(listener: socket.socket) -> None:
        while not done.is_set():
            try:
                taken, _ = listener.accept()
                with taken:
                    says(taken, taken.recv(HEAD_BYTES) if read else b"")
            except OSError:  # whoever asked is gone, or the test is over
                continue

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        done.set()
        thread.join()


def answering(status: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Says:
    """Return what always answers the same; {} in a header is the proof that was sent."""

    def says(taken: socket.socket, request: bytes) -> None:
        proof = request.partition(b"Authorization: ")[2].partition(b"\r\n")[0]
        lines = [f"HTTP/1.1 {status}", "Connection: close"]
        lines += [
            f"{name}: {value}"
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items()
        ]
        taken.sendall("\r\n".join(lines).encode("latin1").replace(b"{}", proof) + b"\r\n\r\n" + body)

    return says


def matrix(sample: bytes) -> bytes:
    """Return the rest of an answer with one sample."""
    return b'"data":{"resultType":"matrix","result":[{"metric":{},"values":[%s]}]}}' % sample


def told(
    url: str, clock: ManualClock | None = None, tell: Callable[[str], None] = print, **parts: str
) -> str:
    """Return the sentence by which asking a server ends."""
    server = Server(Access(url=url, **parts), lambda: url, clock or ManualClock(), bytes_max=2**20, tell=tell)
    with pytest.raises(LabError) as caught:
        server.json("asking", "rules")
    return str(caught.value)


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("http://user:sekretpw@evil.example:81/a?token={}", "http://evil.example:81/a"),
        ("/login/{}?b", "/login/Bearer ***"),
        ("http://user:sekretpw@[evil", "what is no address"),
    ],
)
def test_a_redirect_is_told_without_who_may_enter_there(location: str, shown: str) -> None:
    """Of the address that a server leads on to neither a password nor a query is said, nor our own token."""
    with listening(answering("302 Found", headers={"Location": location})) as url:
        assert f"asking: it leads on to {shown}; name the address itself" == told(url, token="s3kr1tTOKEN")


@pytest.mark.parametrize(
    "echo",
    ["Basic am9lOnB3LzEyMzQ1Ng==", "am9lOnB3LzEyMzQ1Ng%3D%3D", "pw/123456", "PW%2f123456", "am9lOnB3LzEy"],
)
def test_a_password_is_known_in_every_form(echo: str) -> None:
    """Also as it was sent, as it stands in an address, and where its end was cut off, it is not told."""
    with listening(answering("418 Teapot", f"boom {echo}".encode())) as url:
        said = told(url, user="joe", password="pw/123456")
    assert ("asking: it answered 418: boom", "***") == (said[:29], said.replace("Basic ", "")[30:33])
    assert not any(part in said.lower() for part in ("am9l", "123456"))


@pytest.mark.parametrize("variable", [TOKEN, PASSWORD])
@pytest.mark.parametrize("secret", ["abc\nS3CRETLINE", "abc\x01S3CRETLINE", "abcS3CRETLÄNE"])
def test_a_secret_of_the_environment_is_one_word(
    monkeypatch: pytest.MonkeyPatch, variable: str, secret: str
) -> None:
    """What could not be sent is refused as it is in a file, before an error tells it."""
    monkeypatch.delenv(TOKEN, raising=False)
    monkeypatch.setenv(variable, secret)
    with pytest.raises(UsageError) as caught:
        stated("http://x", user="joe" if variable == PASSWORD else "")
    assert (True, False) == (variable in str(caught.value), "S3CRET" in str(caught.value))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("joe:S3CRET@host:9090", "***@host:9090"),
        ("joe:S3CRET", "joe:***"),
        ("http://joe:S3CRET", "http://joe:***"),
        ("https:/joe:S3CRET@host/", "https:/***@host/"),
        ("http://joe:S3CRET@[::1", "http://***@[::1"),
        ("http://joe:S3?CRET@[::1", "http://***@[::1"),
        ("http://host/a?token=S3CRET", "http://host/a"),
        ("kube://joe:S3CRET@monitoring", "kube://***@monitoring"),
        (
            "kube://monitoring/service/prometheus:9090/?token=S3CRET",
            "kube://monitoring/service/prometheus:9090/",
        ),
    ],
)
def test_a_mistyped_address_is_told_without_its_secret(url: str, shown: str) -> None:
    """What stands before an @ or behind the path of an address is never repeated."""
    with pytest.raises(UsageError) as caught:
        stated(url)
    assert (repr(shown), False) == (str(caught.value).split(" ")[0], "CRET" in str(caught.value))


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"Content-Length": "5000"}, "boom! (the rest did not come)"),
        ({"Content-Encoding": "gzip"}, "(the rest can't be unpacked)"),
    ],
)
def test_a_refusal_that_breaks_off_is_one(
    monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], said: str
) -> None:
    """Its status says that it is asked again, whatever became of its text."""
    monkeypatch.setattr(servers, "SILENCE_SECONDS_MAX", 0.1)
    refuse, clock = answering("500 Oops", b"boom!", headers), ManualClock()

    def hold(taken: socket.socket, request: bytes) -> None:
        refuse(taken, request)
        taken.recv(1)  # until whoever asked goes away

    with listening(hold) as url:
        assert f"asking: it answered 500: {said}; asked 6 times" == told(url, clock)
    assert [1.0, 2.0, 4.0, 8.0, 16.0] == clock.slept


@pytest.mark.parametrize("later", ["²", "Sun, 09 Sep 99999999999 01:46:40 GMT"])
def test_a_time_to_wait_that_is_none_is_chosen(later: str) -> None:
    """What looks like a number or a date, and is none, is taken for nothing said."""
    clock = ManualClock()
    with listening(answering("429 Later", headers={"Retry-After": later})) as url:
        assert "asking: it answered 429: ; asked 6 times" == told(url, clock)
    assert [1.0, 2.0, 4.0, 8.0, 16.0] == clock.slept


def test_an_answer_without_a_bottom_is_none() -> None:
    """What is nested deeper than can be read is told as any page that is not the API's."""
    with listening(answering("200 OK", b"[" * 200_000)) as url:
        said = told(url)
    assert said.startswith("asking: the answer is not one of Prometheus' API (it begins with '[[[[")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (b'"x":' + b"[" * 200_000, "the answer is not one of Prometheus' API: it is nested too deep"),
        (
            matrix(b'[1e308,"1"]'),
            "the answer has a sample whose time or value is no number",
        ),
        (matrix(b'[1,"x"]'), "the answer has a sample whose time or value is no number"),
        (matrix(b'[1e15,"1"]'), "the answer has a sample of 1e+15 s after 1970, which was not asked for"),
    ],
)
def test_samples_that_can_not_be_are_refused(more: bytes, why: str) -> None:
    """They are told, and never kept."""
    with pytest.raises(LabError) as caught:
        raw.checked("asking", b'{"status":"success",' + more, 0, 5000)
    assert f"asking: {why}" == str(caught.value)


@contextmanager
def secured(name: str) -> Iterator[tuple[str, trustme.CA]]:
    """Yield the address of a server with a certificate for a name, and who issued it."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)

    def says(taken: socket.socket, _request: bytes) -> None:
        context.wrap_socket(taken, server_side=True).close()

    with listening(says, read=False) as url:
        yield url.replace("http:", "https:"), authority


@pytest.mark.parametrize(
    ("name", "whose", "why"),
    [
        ("other.example", "its", "its certificate is for another host; name it as its certificate does"),
        ("127.0.0.1", "none", "its certificate is not trusted; name its CA by --ca"),
        ("127.0.0.1", "other", "its certificate is none that the certificates in {} (--ca) prove"),
    ],
)
def test_a_certificate_is_refused_for_what_is_wrong_with_it(
    tmp_path: Path, name: str, whose: str, why: str
) -> None:
    """Another host's is another trouble than one whose issuer is not known."""
    ca = tmp_path / "ca.pem"
    with secured(name) as (url, authority):
        (trustme.CA() if whose == "other" else authority).cert_pem.write_to_path(ca)
        said = told(url, ca="" if whose == "none" else str(ca))
    assert f"asking: {why.format(ca)}" == said.partition(" ([")[0]


@pytest.mark.parametrize(
    ("scheme", "answer", "why"),
    [
        ("https", b"HTTP/1.1 400 Bad\r\n\r\n", "it speaks no TLS there; is it http:// and not https://?"),
        ("http", b"SSH-2.0-OpenSSH_9.2\r\n", "what listens there does not speak HTTP"),
        (
            "http",
            b"HTTP/1.1 200 OK\r\na: " + b"a" * 70_000 + b"\r\n",
            "what listens there does not speak HTTP",
        ),
        ("http", b"\x15\x03\x01\x00\x02\x02\x50", "what listens there speaks TLS; use https://"),
    ],
)
def test_another_protocol_is_told_from_nobody(scheme: str, answer: bytes, why: str) -> None:
    """Who listens, and speaks otherwise, need not be started."""
    with listening(lambda taken, _request: taken.sendall(answer)) as url:
        assert f"asking: {why}" == told(url.replace("http", scheme)).partition(" (")[0]


def test_a_server_that_hangs_up_is_told_from_nobody() -> None:
    """What listens there may be a proxy of a server that is down."""
    with listening(lambda taken, _request: taken.close()) as url:
        hint = "is it up behind what listens there, and does that want https://?"
        assert f"asking: {url} takes the connection and says nothing; {hint}" == told(url)


@pytest.mark.parametrize("bad", ["ca", "cert", "key"])
def test_a_file_that_is_no_pem_is_the_users_mistake(tmp_path: Path, bad: str) -> None:
    """It is named, and nobody is asked."""
    issued = trustme.CA().issue_cert("me")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert")
    issued.private_key_pem.write_to_path(tmp_path / "key")
    files = {"cert": tmp_path / "cert", "key": tmp_path / "key", "ca": tmp_path / "cert"}
    stated("https://x", **files)  # type: ignore[arg-type]
    (tmp_path / "bad").write_text("this is no PEM")
    with pytest.raises(UsageError, match=f"{tmp_path / 'bad'}: --{bad} (has no certificate|lacks a key)"):
        stated("https://x", **{**files, bad: tmp_path / "bad"})  # type: ignore[arg-type]


def test_a_terminal_obeys_no_server() -> None:
    """What is told while waiting, and in the end, has control characters as their escapes."""
    heard: list[str] = []
    with listening(answering("500 Oops", b"boom\x1b[31m")) as url:
        assert "asking: it answered 500: boom\\x1b[31m; asked 6 times" == told(url, tell=heard.append)
    assert "waiting 1 s: asking: it answered 500: boom\\x1b[31m" == heard[0]


def test_an_answer_of_another_kind_is_told_by_what_was_looked_for() -> None:
    """Not by the error that it makes here."""
    with listening(answering("200 OK", b'{"status":"success","data":null}')) as url:
        server = Server(Access(url=url), lambda: url, ManualClock(), bytes_max=2**20)
        with pytest.raises(LabError) as caught:
            ends.there(server, 60.0)
    sought = "looked for a `result` of series, each with its labels"
    assert f"asking which targets were given up: {sought}" == str(caught.value)


def slowly(piece: bytes, number: int, every: float) -> Says:
    """Return what answers in so many pieces, with a pause before each."""

    def says(taken: socket.socket, _request: bytes) -> None:
        taken.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(piece) * number))
        for _ in range(number):
            time.sleep(every)  # the server's slowness
            taken.sendall(piece)

    return says


def test_an_answer_that_drips_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never silent for long, it would else be waited for as long as it likes."""
    monkeypatch.setattr(servers, "ANSWER_SECONDS_MAX", 0.3)
    with listening(slowly(b"[", 40, 0.05)) as url:
        assert "asking: its answer drips, and had not come to its end after 0.3 s" == told(url)


def test_a_history_that_flows_may_take_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a piece of it has a limit, and one that drips is too much to ask for."""
    monkeypatch.setattr(servers, "ANSWER_SECONDS_MAX", 0.5)

    def came(piece: bytes, every: float) -> int:
        with listening(slowly(piece, 4, every)) as url:
            server = Server(Access(url=url), lambda: url, ManualClock(), bytes_max=2**30)
            return server.ask(
                "asking", "GET", "x", lambda reply: sum(map(len, server.pieces("asking", reply)))
            )

    assert 4 * servers.PIECE_BYTES == came(bytes(servers.PIECE_BYTES), 0.2)
    with pytest.raises(TooMuchError, match=r"asking: less than 256 KiB came in 0.5 s"):
        came(b"a", 0.2)
