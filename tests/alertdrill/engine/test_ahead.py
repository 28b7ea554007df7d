"""Questions that are asked before their answers are wanted."""

from collections.abc import Iterator

import pytest

from alertdrill import engine
from alertdrill.engine import Engine
from alertdrill.engine.ahead import AHEAD_MAX, Ahead
from alertdrill.engine.question import Question
from alertdrill.errors import LabError
from alertdrill.incident import Series

START = 1_500_000_000
VALUES = (1.0, 2.0, float("inf"), 4.0, 5.0, 6.0)


@pytest.fixture(scope="module")
def running() -> Iterator[Engine]:
    """Start an engine with one series of a sample a second."""
    with engine.started() as one:
        times = tuple((START + number) * 1000 for number in range(len(VALUES)))
        one.write([Series(labels={"__name__": "x"}, timestamps=times, values=VALUES)])
        yield one


def question(promql: str) -> Question:
    """Return what is asked of the six seconds."""
    return Question(promql, start=START, end=START + 5, step=1, lookback=1)


QUESTIONS = [question(f"x > {number}") for number in range(2 * AHEAD_MAX)]


def test_answers_are_those_that_asking_gives(running: Engine) -> None:
    """In whatever order they are wanted, told beforehand or not, once or again."""
    wanted = [*QUESTIONS[::-1], question("x + 1"), *QUESTIONS]
    expected = [
        running.ask(one.promql, start=one.start, end=one.end, step=one.step, lookback=one.lookback)
        for one in wanted
    ]
    with Ahead(running, QUESTIONS, wanted) as ahead:
        assert expected == [ahead.answer(one) for one in wanted]


def test_an_error_comes_with_its_question(running: Engine) -> None:
    """What can't be asked is told whoever wants it, and spoils no other answer."""
    wrong = question("no such function(")
    coming = [wrong, *QUESTIONS]
    with Ahead(running, coming, coming) as ahead:
        assert [5] == [len(one.timestamps) for one in ahead.answer(question("x > 1"))]
        with pytest.raises(LabError, match="parse error"):
            ahead.answer(wrong)


def test_a_missing_evaluation_is_missing_in_the_answer(running: Engine) -> None:
    """Times follow by counting only where none is missing."""
    (found,) = running.ask("x == 1 or x == 4 or x > 5", start=START, end=START + 5, step=1, lookback=1)
    assert ((0, 2, 3, 5), (1.0, float("inf"), 4.0, 6.0)) == (
        tuple(ms // 1000 - START for ms in found.timestamps),
        found.values,
    )
