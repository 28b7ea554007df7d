"""Who may start a run by request."""

from pathlib import Path

import pytest
from starlette.requests import Request

from exporter_kit.errors import ConfigError
from exporter_kit.web.auth import USER
from prom_run.pages.access import read_token, refusal

TOKEN = "correct-horse-battery"
AS_PASSWORD = "Basic eDpjb3JyZWN0LWhvcnNlLWJhdHRlcnk="


def request(user: str = "", **headers: str) -> Request:
    """Return a request with headers, by a user where one was let in."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/-/run", "headers": raw} | (
        {USER: user} if user else {}
    )
    return Request(scope)


@pytest.mark.parametrize(
    ("asked", "token", "status"),
    [
        (request(), "", 403),
        (request(), TOKEN, 401),
        (request(authorization=f"Bearer {TOKEN}"), TOKEN, None),
        (request(authorization=f"bearer {TOKEN} "), TOKEN, None),
        (request(authorization=AS_PASSWORD), TOKEN, None),
        (request(authorization="Bearer wrong"), TOKEN, 401),
        (request(authorization="Bearer "), "", 403),
        (request(authorization="Basic !"), TOKEN, 401),
        (request(authorization="Bearer é"), TOKEN, 401),
        (request("alice"), "", None),
        (request("alice", sec_fetch_site="same-origin"), "", None),
        (request("alice", sec_fetch_site="cross-site"), "", 403),
        (request("alice", origin="https://evil.example", host="wall"), "", 403),
        (request("alice", origin="https://wall", host="wall"), "", None),
    ],
)
def test_who_said_who_they_are_may_run(asked: Request, token: str, status: int | None) -> None:
    """A user or the token may, nobody else, and no page of another site on their behalf."""
    refused = refusal(asked, token)
    assert status == (refused[0] if refused else None)


def test_a_token_is_read_from_its_file(tmp_path: Path) -> None:
    """Space around it is not part of it."""
    (tmp_path / "token").write_text(f" {TOKEN}\n")
    assert TOKEN == read_token(tmp_path / "token")


@pytest.mark.parametrize(
    ("content", "sentence"), [(b"short", "shorter than 16"), (b"\xff" * 20, "can't read the token")]
)
def test_a_bad_token_is_a_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    """One that could be guessed is refused."""
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(ConfigError, match=sentence):
        read_token(tmp_path / "token")
    with pytest.raises(ConfigError, match="can't read the token: No such file"):
        read_token(tmp_path / "none")
