"""The drill's receiver answers as Slack's webhooks do, keeps what came, and is in trouble when told to."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from .running import receiver

MESSAGE = {"attachments": [{"title": "[FIRING:1] Some in drill-a", "text": "about drill-a"}]}


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Run one; trouble is what stands in the test's folder."""
    with receiver(tmp_path) as one:
        yield one


def trouble(folder: Path, how: str, *, about: str = "drill-a", seconds: float = 60) -> None:
    """Have messages about something be met with trouble for so long."""
    what = {"how": how, "seconds": 0.3, "lasts": seconds}
    (folder / f"{about}.json").write_text(json.dumps(what))


def received(url: str, since: int = 0) -> list[dict[str, Any]]:
    """Return what came from a number on."""
    found: list[dict[str, Any]] = requests.get(f"{url}/received", params={"since": since}, timeout=5).json()[
        "received"
    ]
    return found


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (json.dumps(MESSAGE), 200, "ok"),
        ('{"text": "hello"}', 200, "ok"),
        ('{"alerts": [{"status": "firing"}]}', 200, "ok"),
        ("{}", 400, "no_text"),
        ('{"attachments": []}', 400, "no_text"),
        ("hello", 400, "invalid_payload"),
        ("[1]", 400, "invalid_payload"),
        ("\xff", 400, "invalid_payload"),
    ],
)
def test_a_message_is_answered_as_slack_does(body: str, status: int, said: str, url: str) -> None:
    """Slack says ok in one word, and what it does not take it names."""
    reply = requests.post(f"{url}/page", data=body.encode("latin-1"), timeout=5)
    assert (status, said) == (reply.status_code, reply.text)


def test_what_came_is_kept_with_its_time_its_way_and_its_answer(url: str) -> None:
    """Also what was refused; and it is told from any number on."""
    before = time.time()
    requests.post(f"{url}/page", json=MESSAGE, timeout=5)
    requests.post(f"{url}/tickets", data="hello", timeout=5)
    first, second = received(url)
    assert ("page", 200, MESSAGE) == (first["receiver"], first["answer"], json.loads(first["body"]))
    assert ("tickets", 400, "hello") == (second["receiver"], second["answer"], second["body"])
    assert before <= first["at"] <= second["at"] <= time.time()
    assert [second] == received(url, since=1)
    assert [] == received(url, since=2)


def test_one_that_was_started_anew_says_so(tmp_path: Path) -> None:
    """Each life of it has a name of its own, so that nobody takes its silence for none having come."""
    lives = set()
    for _ in range(2):
        with receiver(tmp_path) as url:
            lives.add(requests.get(f"{url}/received", timeout=5).json()["instance"])
    assert 2 == len(lives)


def test_what_is_too_large_is_refused_unread(url: str) -> None:
    """Whoever may send to it can't fill its memory."""
    headers = {"Content-Length": str(1 << 40)}
    reply = requests.post(f"{url}/page", data=b"", headers=headers, timeout=5)
    assert 413 == reply.status_code
    assert [] == received(url)


def test_a_message_is_refused_while_there_is_trouble_with_what_it_is_about(url: str, tmp_path: Path) -> None:
    """Slack's 500; what is about something else is taken as ever."""
    trouble(tmp_path, "refuses")
    other = {"text": "about drill-b"}
    answers = [requests.post(f"{url}/page", json=one, timeout=5).status_code for one in (MESSAGE, other)]
    assert [500, 200] == answers
    assert answers == [one["answer"] for one in received(url)]


def test_trouble_ends_by_itself(url: str, tmp_path: Path) -> None:
    """Its time counts from the first message that it meets, and is over although nobody mended it."""
    trouble(tmp_path, "refuses", seconds=0.5)
    time.sleep(0.5)
    first = requests.post(f"{url}/page", json=MESSAGE, timeout=5).status_code
    time.sleep(0.5)
    assert [500, 200] == [first, requests.post(f"{url}/page", json=MESSAGE, timeout=5).status_code]


def test_a_slow_one_takes_the_message_and_says_so_late(url: str, tmp_path: Path) -> None:
    """How long it kept the sender waiting is told with the message."""
    trouble(tmp_path, "is slow")
    assert 0.3 <= requests.post(f"{url}/page", json=MESSAGE, timeout=5).elapsed.total_seconds()
    (one,) = received(url)
    assert 0.3 <= one["took"] < 5


def test_one_that_is_down_drops_the_connection(url: str, tmp_path: Path) -> None:
    """There is no answer at all, and the try is remembered."""
    trouble(tmp_path, "hangs up")
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{url}/page", json=MESSAGE, timeout=5)
    assert [0] == [one["answer"] for one in received(url)]


def test_trouble_that_is_half_written_is_none(url: str, tmp_path: Path) -> None:
    """A message that comes while a fault writes its file is taken."""
    (tmp_path / "drill-a.json").write_text('{"how": ')
    assert 200 == requests.post(f"{url}/page", json=MESSAGE, timeout=5).status_code


def test_what_it_does_not_serve_is_not_found(url: str) -> None:
    """Anything else is a mistake of whoever asks."""
    assert 404 == requests.get(f"{url}/else", timeout=5).status_code
    assert 400 == requests.get(f"{url}/received?since=x", timeout=5).status_code
