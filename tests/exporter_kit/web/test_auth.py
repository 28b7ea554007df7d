"""Passwords, rate limits and headers, over real requests."""

import asyncio
import base64
import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import bcrypt
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive

from exporter_kit.web import auth as web_auth
from exporter_kit.web.auth import Passwords, TokenBucket, basic
from exporter_kit.web.config import RateLimit, WebConfig

Serve = Callable[..., str]
ALICE = bcrypt.hashpw(b"wonderland", bcrypt.gensalt(4)).decode()


def written(file: Path, text: str) -> Path:
    """Write a web-config aside and move it into place, as Kubernetes does with secrets."""
    aside = file.with_suffix(".new")
    aside.write_text(text)
    os.replace(aside, file)  # noqa: PTH105  # replaces, on every system
    return file


@pytest.fixture
def guarded(serve: Serve, tmp_path: Path) -> str:
    """Serve behind a password."""
    return serve(web_config=written(tmp_path / "web.yml", f"basic_auth_users: {{alice: '{ALICE}'}}"))


def status(address: str, path: str = "/", auth: tuple[str, str] | None = None) -> int:
    """Return what a request is answered with."""
    return requests.get(f"http://{address}{path}", auth=auth, timeout=10).status_code


def test_the_right_password_opens(guarded: str) -> None:
    """The app learns who is asking."""
    response = requests.get(f"http://{guarded}/", auth=("alice", "wonderland"), timeout=10)
    assert (200, "GET alice") == (response.status_code, response.text)


@pytest.mark.parametrize(
    "auth",
    [
        None,
        ("alice", "wrong"),
        ("bob", "wonderland"),
        ("alice", ""),
        ("", ""),
        ("alice", "w" * 5000),
        ("alice", "\0"),
    ],
    ids=["none", "password", "user", "empty", "nobody", "long", "nul"],
)
def test_anything_else_stays_outside(guarded: str, auth: tuple[str, str] | None) -> None:
    """A wrong or missing password gets a 401 that says how to come in, as often as it is tried."""
    for _ in range(2):
        response = requests.get(f"http://{guarded}/", auth=auth, timeout=10)
        assert (401, "Basic") == (response.status_code, response.headers["www-authenticate"])


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic YWxpY2U=", "Bearer x", "Basic /w==", ""])
def test_a_broken_header_stays_outside(guarded: str, header: str) -> None:
    """A header that can't be read is a missing password."""
    response = requests.get(f"http://{guarded}/", headers={"Authorization": header}, timeout=10)
    assert 401 == response.status_code


def test_probes_need_no_password(guarded: str) -> None:
    """The kubelet can't give a password, so /livez and /readyz are open, and nothing below them."""
    assert [200, 200, 401, 401] == [
        status(guarded, path) for path in ("/livez", "/readyz", "/livez/x", "//livez")
    ]


def test_a_password_in_force_is_the_one_in_the_file(serve: Serve, tmp_path: Path) -> None:
    """A changed file counts at the next request; a broken one leaves the last good one in force."""
    file = written(tmp_path / "web.yml", f"basic_auth_users: {{alice: '{ALICE}'}}")
    address = serve(web_config=file)
    assert 200 == status(address, auth=("alice", "wonderland"))

    written(file, f"basic_auth_users: {{bob: '{ALICE}'}}")
    assert 401 == status(address, auth=("alice", "wonderland"))
    assert 200 == status(address, auth=("bob", "wonderland"))

    written(file, "basic_auth_users: {bob: plain}")
    assert 200 == status(address, auth=("bob", "wonderland"))
    file.unlink()
    assert 200 == status(address, auth=("bob", "wonderland"))


def test_wrong_passwords_do_not_hold_up_the_known(serve: Serve, tmp_path: Path) -> None:
    """While costly wrong passwords wait in line, one that was right before is let in at once."""
    costly = bcrypt.hashpw(b"wonderland", bcrypt.gensalt(11)).decode()
    address = serve(web_config=written(tmp_path / "web.yml", f"basic_auth_users: {{alice: '{costly}'}}"))
    assert 200 == status(address, auth=("alice", "wonderland"))

    def guess(number: int) -> None:
        with contextlib.suppress(requests.Timeout):
            requests.get(f"http://{address}/", auth=("alice", f"guess{number}"), timeout=0.1)

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    started = time.monotonic()
    assert 200 == status(address, auth=("alice", "wonderland"))
    took = time.monotonic() - started
    for thread in threads:
        thread.join()
    started = time.monotonic()
    assert 401 == status(address, auth=("alice", "the last guess"))
    assert took < time.monotonic() - started


def test_no_number_of_wrong_passwords_makes_a_right_one_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """The costly check of a right password is done once, however many wrong ones come after it."""
    checked: list[bytes] = []

    def check(password: bytes, _hashed: bytes) -> bool:
        checked.append(password)
        return password == b"wonderland"

    monkeypatch.setattr(web_auth, "KNOWN_MAX", 2)
    monkeypatch.setattr(bcrypt, "checkpw", check)

    async def visit() -> list[bool | None]:
        passwords, users = Passwords(), {"alice": ALICE}
        wrong = [("alice", b"%d" % number) for number in range(3)]
        strangers = [(f"bob{number}", b"wonderland") for number in range(3)]
        asked = [("alice", b"wonderland"), *wrong, *strangers, ("alice", b"wonderland")]
        return [await passwords.right(users, *each) for each in asked]

    assert [True, *[False] * 6, True] == asyncio.run(visit())
    assert [b"wonderland", b"0", b"1", b"2", *[b"wonderland"] * 3] == checked


def test_a_flood_of_wrong_passwords_turns_no_known_one_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few guesses wait in line, the others get a 503 at once; whoever was let in before is let in."""
    go = threading.Event()

    def check(password: bytes, _hashed: bytes) -> bool:
        return password == b"wonderland" or not go.wait(10)

    monkeypatch.setattr(bcrypt, "checkpw", check)
    monkeypatch.setattr(web_auth, "UNCHECKED_MAX", 2)
    monkeypatch.setattr(web_auth, "REQUESTS_MAX", 3)
    config = WebConfig(basic_auth_users={"alice": ALICE})
    gate = web_auth.Gate(PlainTextResponse("in"), lambda: config, ())

    async def ask(password: str) -> int:
        answers: list[int] = []

        async def send(message: Message) -> None:
            answers.append(message.get("status", 0))

        given = b"Basic " + base64.b64encode(f"alice:{password}".encode())
        scope = {"type": "http", "path": "/", "headers": [(b"authorization", given)]}
        await gate(scope, cast(Receive, None), send)
        return answers[0]

    async def flood() -> tuple[int, int, list[int]]:
        before = await ask("wonderland")
        guesses = [asyncio.create_task(ask(f"guess{number}")) for number in range(5)]
        await asyncio.sleep(0)
        during = await ask("wonderland")
        go.set()
        return before, during, await asyncio.gather(*guesses)

    assert (200, 200, [401, 401, 503, 503, 503]) == asyncio.run(flood())


def test_headers_are_set_on_every_response(serve: Serve, tmp_path: Path) -> None:
    """The headers of the file are on responses of the app and on refusals, once."""
    text = f"""
http_server_config: {{headers: {{X-Frame-Options: deny, X-XSS-Protection: ''}}}}
basic_auth_users: {{alice: '{ALICE}'}}
"""
    address = serve(web_config=written(tmp_path / "web.yml", text))
    for path in ("/livez", "/"):
        headers = requests.get(f"http://{address}{path}", timeout=10).headers
        assert "deny" == headers["x-frame-options"]
        assert "x-xss-protection" not in headers


def test_more_requests_than_allowed_are_put_off(serve: Serve, tmp_path: Path) -> None:
    """Past the burst a request gets a 429 with the time to wait; probes are not counted."""
    address = serve(web_config=written(tmp_path / "web.yml", "rate_limit: {interval: 60s, burst: 2}"))
    assert [200, 200, 200, 429] == [status(address, path) for path in ("/", "/livez", "/", "/")]
    assert 60 >= int(requests.get(f"http://{address}/", timeout=10).headers["retry-after"]) > 50


@given(
    st.integers(1, 20),
    st.sampled_from(["100ms", "1s", "1m"]),
    st.lists(st.floats(0, 100, allow_nan=False), max_size=60),
)
def test_a_bucket_never_gives_more_than_it_got(burst: int, interval: str, pauses: list[float]) -> None:
    """Over any time no more pass than the burst and one per interval."""
    now = [0.0]
    bucket = TokenBucket(lambda: now[0])
    step = {"100ms": 0.1, "1s": 1.0, "1m": 60.0}[interval]
    passed = 0
    for pause in pauses:
        now[0] += pause
        wait = bucket.take(RateLimit(interval, burst))
        passed += not wait
        assert 0 <= wait <= step
        assert passed <= burst + now[0] / step + 1e-6


@given(st.binary())
def test_no_header_breaks_the_reader(value: bytes) -> None:
    """Any bytes are a user and password, or nothing."""
    found = basic([(b"authorization", b"Basic " + value), (b"accept", value)])
    assert found is None or ":" not in found[0]
