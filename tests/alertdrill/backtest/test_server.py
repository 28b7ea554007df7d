"""Servers in trouble, and servers that lie: what is asked again, what is asked in less, and what is told."""

import itertools
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import google_crc32c
import pytest

from alertdrill.backtest import server as servers
from alertdrill.backtest.access import Access, stated
from alertdrill.backtest.server import NotServedError, Server, TooMuchError
from alertdrill.errors import LabError, UsageError
from alertdrill.prometheus import remote_read
from alertdrill.testing import ManualClock

from .conftest import DEPLOYED, Front, Runner

Answer = tuple[int, dict[str, str], bytes]


def served(front: Front, clock: ManualClock | None = None, **secret: str) -> Server:
    """Return the server behind a front."""
    access = Access(url=front.url, **secret)
    return Server(access, lambda: front.url, clock or ManualClock(), bytes_max=2**30)


@pytest.mark.parametrize("way", ["read", "query"])
def test_a_server_that_is_busy_is_asked_later(run: Runner, front: Front, way: str) -> None:
    """429 and 503 are obeyed: as long as the server says, else longer each time; then all of it comes."""
    numbers = itertools.count()

    def answer(path: str, _body: bytes) -> Answer | None:
        if path == "read" and way == "query":
            return 404, {}, b""
        busy = path == way and next(numbers) in {1, 2, 5}
        return (429, {"Retry-After": "0"}, b"slow down") if busy else None

    front.answer = answer
    found = run(DEPLOYED, url=front.url)
    assert 1.0 == found.result.agreement
    assert 3 == sum("it answered 429: slow down" in one for one in found.told)


def test_how_long_to_wait_is_the_servers_word(front: Front) -> None:
    """Seconds or a date; without either it is longer each time, and in the end it is told."""
    clock = ManualClock(1_000_000_000.0)
    says = iter(["7", "Sun, 09 Sep 2001 01:47:27 GMT", "99999", "", "soon"])
    front.answer = lambda _path, _body: (503, {"Retry-After": next(says, "")}, b"try later")
    with pytest.raises(LabError, match="asking: it answered 503: try later; asked 6 times"):
        served(front, clock).json("asking", "rules")
    assert [7.0, 40.0, 300.0, 8.0, 16.0, 32.0][: len(clock.slept)] == clock.slept
    assert 6 == len(front.asked)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, b"exceeded sample limit (50000000)"),
        (422, b'{"status":"error","error":"query processing would load too many samples into memory"}'),
        (413, b"request entity too large"),
        (503, b'{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}'),
        (504, b"upstream"),
    ],
)
def test_what_is_too_much_is_asked_for_in_halves(
    run: Runner, front: Front, monkeypatch: pytest.MonkeyPatch, status: int, said: bytes
) -> None:
    """A limit of the server makes pieces shorter, and the answer is the same."""
    monkeypatch.setattr("alertdrill.backtest.history.SHORTEST_MS", 500)
    whole = run(DEPLOYED)
    refused = itertools.count()

    def answer(path: str, body: bytes) -> Answer | None:
        if path == "read" and len(body) > 60 and next(refused) < 3:
            return status, {}, said
        return None

    front.answer = answer
    found = run(DEPLOYED, url=front.url)
    assert [one.noise for one in whole.result.alerts] == [one.noise for one in found.result.alerts]
    assert front.asked.count("read") >= found.plan.requests + 3


def test_what_can_not_be_had_at_all_is_told(run: Runner, front: Front) -> None:
    """When even a minute is too much for the server, that is the end of it."""
    front.answer = lambda path, body: (
        (400, {}, b"exceeded sample limit (1)") if path == "read" and b"up" in body else None
    )
    with pytest.raises(LabError, match=r"asking for .* it can't be had in shorter pieces than a minute"):
        run(DEPLOYED, url=front.url)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            (200, {"Content-Type": "text/html"}, b"<html>Log in</html>"),
            "it begins with '<html>Log in</html>'",
        ),
        ((200, {}, b'{"status":"success"}'), "the answer is not one of Prometheus' API"),
        ((401, {}, b"no"), "it answered 401: no; see --token-file"),
        ((401, {}, b"no org id\n"), "it answered 401: no org id; name whose history it is by --tenant"),
        ((302, {"Location": "https://login.example.com"}, b""), "leads on to https://login.example.com"),
        ((418, {}, b"I am a teapot"), "it answered 418: I am a teapot"),
    ],
)
def test_what_is_no_answer_is_told_in_a_sentence(front: Front, answer: Answer, why: str) -> None:
    """A page to log in at, a redirect and a refusal are each said for what they are."""
    front.answer = lambda _path, _body: answer
    with pytest.raises(LabError, match=f"asking for rules: .*{why}"):
        served(front).json("asking for rules", "rules")


def test_what_a_server_does_not_have_is_another_thing(front: Front) -> None:
    """Who asks may go another way."""
    front.answer = lambda path, _body: (
        (404, {}, b"") if path == "read" else (400, {}, b"unsupported path requested: /api/v1/x")
    )
    for path in ("read", "x"):
        with pytest.raises(NotServedError):
            served(front).json("asking", path)


def streamed(content: bytes) -> Answer:
    """Return an answer that says it is a stream of chunks."""
    return 200, {"Content-Type": f"{remote_read.STREAMED}; proto=prometheus.ChunkedReadResponse"}, content


EARLY, LATE = (9_000, 99_000), (9_000_000_000_000, 9_000_000_099_000)
FRAME = b"\x02\x00\x00\x00\x00\x0a\x00"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (streamed(b"\x05\x00\x00"), "it broke off half-way"),
        (streamed(FRAME), "a frame of it is damaged"),
        ((200, {"Content-Type": "text/html"}, b"<html>"), "looked for application/x-streamed-protobuf"),
    ],
)
def test_a_damaged_history_is_none(run: Runner, front: Front, answer: Answer, why: str) -> None:
    """A stream that ends too early, or is another one than was sent, is not taken for history, nor kept."""
    numbers = itertools.count()
    front.answer = lambda path, _body: answer if path == "read" and next(numbers) else None
    with pytest.raises(LabError, match=f"asking for .*: {why}"):
        run(DEPLOYED, url=front.url)


def test_a_body_that_breaks_off_is_asked_for_again(run: Runner, front: Front) -> None:
    """A connection that is closed half-way costs another request, and no sample."""
    numbers = itertools.count()

    def answer(path: str, _body: bytes) -> Answer | None:
        if path == "read" and next(numbers) == 1:
            status, headers, content = streamed(b"\x05\x00")
            return status, {**headers, "Content-Length": "1000", "Connection": "close"}, content
        return None

    front.answer = answer
    found = run(DEPLOYED, url=front.url)
    assert any("broke off half-way" in one for one in found.told)
    assert 1.0 == found.result.agreement


def test_a_server_that_lies_about_its_range_is_not_believed(run: Runner, front: Front) -> None:
    """Samples of a time that was not asked for make the whole answer worthless."""

    def answer(path: str, body: bytes) -> Answer | None:
        if path == "read":
            return 404, {}, b""
        row = b'{"metric":{"__name__":"up"},"values":[[9,"1"]]}'
        reply = b'{"status":"success","data":{"resultType":"matrix","result":[%s]}}' % row
        return (200, {}, reply) if path == "query" and b"count_over_time" not in body else None

    front.answer = answer
    with pytest.raises(LabError, match="has a sample of 1970-01-01 00:00:09, which was not asked for"):
        run(DEPLOYED, url=front.url)


def test_a_series_may_have_a_pause_when_it_is_asked_for(run: Runner, front: Front) -> None:
    """Mimir gives what is around it, in chunks of which none is of that time: they are no history of it."""
    numbers = itertools.count()
    front.answer = lambda path, _body: (
        streamed(of_up(EARLY) + of_up(LATE)) if path == "read" and next(numbers) else None
    )
    found = run(DEPLOYED, url=front.url).result.alerts[0]
    assert ("Down", "the server holds no data for up") == (found.name, found.unknown.partition(":")[0])


@pytest.mark.parametrize("span", [EARLY, LATE])
def test_chunks_of_another_time_are_not_believed(run: Runner, front: Front, span: tuple[int, int]) -> None:
    """A series that has nothing around the time that was asked for makes the whole answer worthless."""
    numbers = itertools.count()
    front.answer = lambda path, _body: streamed(of_up(span)) if path == "read" and next(numbers) else None
    with pytest.raises(LabError, match=r"the answer has a sample of .*, which was not asked for"):
        run(DEPLOYED, url=front.url)


@pytest.mark.parametrize("spans", [[], [(1, 2**42)]])
def test_a_limit_that_is_met_within_a_stream_is_obeyed(
    run: Runner, front: Front, spans: list[tuple[int, int]]
) -> None:
    """Mimir has said by then that all is well: its words stand where a frame would; less is asked for."""
    numbers = itertools.count()
    said = b"the query exceeded the maximum number of chunks (limit: 2000000 chunks) (err-mimir-max-chunks)\n"

    def answer(path: str, _body: bytes) -> Answer | None:
        before = b"".join(map(of_up, spans))
        return streamed(before + said) if path == "read" and next(numbers) == 1 else None

    front.answer = answer
    assert 1.0 == run(DEPLOYED, url=front.url).result.agreement


@pytest.mark.parametrize("rest", [b"expanding series: boom", b"expanding series: " + 300 * b"boom "])
def test_what_a_server_says_within_a_stream_is_told(run: Runner, front: Front, rest: bytes) -> None:
    """In its words, whether they are shorter or longer than the frame they would be."""
    numbers = itertools.count()
    front.answer = lambda path, _body: (
        streamed(of_up((1, 2**42)) + rest) if path == "read" and next(numbers) else None
    )
    with pytest.raises(LabError, match=r"asking for .*: it gave up half-way: expanding series: boom"):
        run(DEPLOYED, url=front.url)


def of_up(*spans: tuple[int, int]) -> bytes:
    """Return a frame with chunks of `up` of such times, in milliseconds, and nothing that can be read."""
    chunks = (number(1, first) + number(2, last) + number(3, 1) + message(4, b"") for first, last in spans)
    series = message(1, message(1, b"__name__") + message(2, b"up"))
    body = message(1, series + b"".join(message(2, one) for one in chunks))
    return varint(len(body)) + int(google_crc32c.value(body)).to_bytes(4, "big") + body


def message(field: int, content: bytes) -> bytes:
    """Return a field of protobuf that has a message or text."""
    return varint(field << 3 | 2) + varint(len(content)) + content


def number(field: int, value: int) -> bytes:
    """Return a field of protobuf that has a number."""
    return varint(field << 3) + varint(value)


def varint(value: int) -> bytes:
    """Return a number in sevens of bits, the last first."""
    return bytes((value,)) if value < 128 else bytes((value & 127 | 128,)) + varint(value >> 7)


def test_a_server_that_is_silent_is_asked_for_less(monkeypatch: pytest.MonkeyPatch) -> None:
    """No byte in time is a limit that the server does not say."""
    monkeypatch.setattr(servers, "SILENCE_SECONDS_MAX", 0.2)
    silent = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)  # takes connections, and no request
    url = f"http://127.0.0.1:{silent.server_port}"
    try:
        with pytest.raises(TooMuchError, match=r"asking: no answer in 0.2 s"):
            Server(Access(url=url), lambda: url, ManualClock(), bytes_max=1).json("asking", "rules")
    finally:
        silent.server_close()


def test_a_server_that_is_not_there_is_told() -> None:
    """After three tries it is said that nobody answers, where, and how one in a cluster is reached."""
    url, clock = "http://127.0.0.1:1", ManualClock()
    with pytest.raises(LabError, match=f"asking: no connection to {url}; nobody listens there: .*kube://"):
        Server(Access(url=url), lambda: url, clock, bytes_max=1).json("asking", "rules")
    assert [1.0, 2.0] == clock.slept


def test_a_name_that_nobody_has_is_told() -> None:
    """It is no matter of a server that was not started."""
    url = "http://nobody.invalid:9090"
    with pytest.raises(LabError, match=f"no connection to {url}: the name of its host is not known; is it"):
        Server(Access(url=url), lambda: url, ManualClock(), bytes_max=1).json("asking", "rules")


def test_a_server_that_was_there_is_waited_for(front: Front) -> None:
    """One that answered before may be starting anew, which takes longer than a wrong address needs."""
    ways, clock = iter([front.url]), ManualClock()
    server = Server(Access(url=front.url), lambda: next(ways, "http://127.0.0.1:1"), clock, bytes_max=2**20)
    server.json("asking", "status/buildinfo")
    with pytest.raises(LabError, match=f"asking: no connection to {front.url}; asked 6 times"):
        server.json("asking", "rules")
    assert [1.0, 2.0, 4.0, 8.0, 16.0] == clock.slept


def test_who_asks_is_said_in_headers_and_never_told(front: Front, tmp_path: Path) -> None:
    """Tenant, token and password reach the server, and no message, whatever the server says of them."""
    (tmp_path / "token").write_text("s3cr3t\n")
    (tmp_path / "password").write_text("pa55\n")
    one = stated(front.url, tenant="team", token_file=tmp_path / "token")
    front.answer = lambda _path, _body: (403, {}, b"the token s3cr3t is wrong")
    with pytest.raises(LabError, match=r"the token \*\*\* is wrong"):
        Server(one, lambda: front.url, ManualClock(), bytes_max=1).json("asking", "rules")
    assert ("Bearer s3cr3t", "team") == (front.headers["Authorization"], front.headers["X-Scope-OrgID"])
    assert "s3cr3t" not in repr(one)
    other = stated(front.url, user="me", password_file=tmp_path / "password")
    with pytest.raises(LabError):
        Server(other, lambda: front.url, ManualClock(), bytes_max=1).json("asking", "rules")
    assert "Basic bWU6cGE1NQ==" == front.headers["Authorization"]


@pytest.mark.parametrize(
    ("url", "more", "why"),
    [
        ("localhost:9090", {}, "is no address; write http"),
        ("http://x:y", {}, "is no address"),
        ("http://me:secret@x", {}, "which every process of this machine may read"),
        ("http://x/?a=b", {}, "has something behind its path"),
        ("kube://monitoring/prometheus", {}, "names nothing in a cluster"),
        ("kube://monitoring/service/prometheus:9090", {}, "name it by --kubeconfig and --context"),
        ("http://x", {"user": "me"}, "--user me has no password"),
        ("http://x", {"key": Path("k")}, "--key was given without --cert"),
    ],
)
def test_an_address_that_leads_nowhere_is_the_users_mistake(
    url: str, more: dict[str, object], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can't be reached, or says a secret where all can read it, is refused before anything is asked."""
    monkeypatch.delenv("ALERTDRILL_TOKEN", raising=False)
    monkeypatch.delenv("ALERTDRILL_PASSWORD", raising=False)
    with pytest.raises(UsageError, match=why):
        stated(url, **more)  # type: ignore[arg-type]


def test_a_secret_is_one_word_in_a_file(tmp_path: Path) -> None:
    """A file with another thing in it is not sent to anybody."""
    for name, content in (("two", b"a b"), ("none", b"\n"), ("binary", b"\xff\xfe")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UsageError, match=name):
            stated("http://x", token_file=tmp_path / name)


def test_what_has_been_fetched_is_not_fetched_again(
    run: Runner, front: Front, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A second run asks for nothing that will not change; what was damaged meanwhile is fetched anew."""
    monkeypatch.setattr("alertdrill.backtest.history.SETTLED_SECONDS", -60.0)
    first = run(DEPLOYED, url=front.url)
    asked = front.asked.count("read")
    assert first.plan.requests + 1 <= asked
    again = run(DEPLOYED, url=front.url)
    assert asked + 1 == front.asked.count("read")
    assert first.result.alerts == again.result.alerts
    damaged = next(one for one in (tmp_path / "cache" / "history").rglob("piece") if one.stat().st_size)
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert first.result.alerts == run(DEPLOYED, url=front.url).result.alerts
    assert asked + 3 == front.asked.count("read")
