"""What is asked of a server at once: fewer requests, no other answers, and no trust in what it can't do."""

import itertools

import cramjam
import google_crc32c
import pytest
import requests

from alertdrill import engine
from alertdrill.backtest import plan
from alertdrill.errors import LabError
from alertdrill.prometheus import remote_read

from .conftest import DEPLOYED, Front, Past, Runner

Answer = tuple[int, dict[str, str], bytes]


def test_pieces_of_one_time_are_asked_for_at_once(run: Runner, front: Front) -> None:
    """There are fewer requests than pieces, as the plan tells, and nothing is missing."""
    found = run(DEPLOYED, url=front.url)
    pieces = sum(len(one.pieces()) for one in found.plan.shares)
    # More than planned where the newest pieces are so short that there is something of one selector only.
    assert found.plan.requests + 1 <= front.asked.count("read") < pieces
    assert 1.0 == found.result.agreement


def test_a_server_that_answers_only_the_first_question_is_asked_one_at_a_time(
    run: Runner, front: Front, past: Past
) -> None:
    """That nothing came of the others is not taken for an answer."""

    def answer(path: str, body: bytes) -> Answer | None:
        if path != "read":
            return None
        raw = bytes(cramjam.snappy.decompress_raw(body))
        first = raw[: 2 + raw[1]] if raw[1] < 0x80 else raw[: 3 + (raw[1] & 0x7F | raw[2] << 7)]
        asked = bytes(cramjam.snappy.compress_raw(first + remote_read.ACCEPTED))
        reply = requests.post(
            f"{past.prometheus.url}/api/v1/read", asked, headers=remote_read.HEADERS, timeout=30
        )
        return 200, {"Content-Type": reply.headers["Content-Type"]}, reply.content

    front.answer = answer
    assert run(DEPLOYED).result.alerts == run(DEPLOYED, url=front.url).result.alerts


def test_an_answer_to_nobodys_question_is_none(run: Runner, front: Front) -> None:
    """A frame that belongs to a query that was not asked makes the whole answer worthless."""
    body = b"\x0a\x00\x10\x63"
    frame = bytes((len(body),)) + int(google_crc32c.value(body)).to_bytes(4, "big") + body
    numbers = itertools.count()
    front.answer = lambda path, _body: (
        (200, {"Content-Type": remote_read.STREAMED}, frame) if path == "read" and next(numbers) else None
    )
    with pytest.raises(LabError, match=r"asking for .* and 2 more from .*: it answers the query number 99"):
        run(DEPLOYED, url=front.url)


def test_selectors_are_counted_by_few_questions(run: Runner, front: Front) -> None:
    """One question at each look has all of them that look back about as far."""
    found = run(DEPLOYED, url=front.url)
    assert len(plan.LOOKS) == front.asked.count("query")
    assert 3 == len(found.plan.shares)


def test_what_is_too_much_to_count_at_once_is_counted_apart(run: Runner, front: Front) -> None:
    """A limit of the server costs more questions, and the plan is the same."""
    whole = run(DEPLOYED).plan
    front.answer = lambda path, body: (
        (422, {}, b"query would load too many samples") if path == "query" and b"count+2" in body else None
    )
    found = run(DEPLOYED, url=front.url).plan
    sizes = [[(one.selector, one.series, one.length) for one in each.shares] for each in (whole, found)]
    assert sizes[0] == sizes[1]
    assert 1 + 2 * len(plan.LOOKS) == front.asked.count("query")


def test_what_is_deployed_and_unchanged_is_evaluated_once(
    run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the deployed revision only what is another one now is evaluated, and all of it agrees."""
    evaluated: list[frozenset[str] | None] = []
    real = engine.evaluate

    def seen(*args: object, only: frozenset[str] | None = None, **more: object) -> engine.Evaluated:
        evaluated.append(only)
        return real(*args, only=only, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("alertdrill.backtest.backtest.engine.evaluate", seen)
    found = run(DEPLOYED.replace("used > 90", "used > 80"))
    assert [None, frozenset({"Full"})] == evaluated
    assert 1.0 == found.result.agreement
