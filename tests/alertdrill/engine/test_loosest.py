"""What differs in its threshold only is answered from the loosest, and is what it is when it is asked."""

from collections.abc import Iterator

import pytest

from alertdrill import engine
from alertdrill.engine import Engine, loosest
from alertdrill.engine.question import Question
from alertdrill.errors import LabError
from alertdrill.incident import STALE, Series

START, SECONDS = 1_500_000_000, 60
NAN, INF = float("nan"), float("inf")


@pytest.fixture(scope="module")
def running() -> Iterator[Engine]:
    """Start an engine with series that rise, fall, are away for a while, and are no numbers."""
    times = tuple((START + number) * 1000 for number in range(SECONDS))
    rising = tuple(float(number) for number in range(SECONDS))
    series = {
        "rising": rising,
        "falling": rising[::-1],
        "away": tuple(STALE if 20 <= number < 40 else number for number in rising),
        "odd": tuple((NAN, INF, -INF, 5.0)[int(number) % 4] for number in rising),
    }
    with engine.started() as one:
        one.write(
            Series(labels={"__name__": "x", "is": name}, timestamps=times, values=values)
            for name, values in series.items()
        )
        yield one


def question(promql: str) -> Question:
    """Return what is asked of the minute."""
    return Question(promql, start=START, end=START + SECONDS - 1, step=1, lookback=5)


def told(series: list[Series]) -> list[tuple[dict[str, str], tuple[int, ...], str]]:
    """Return series in an order of their own, with values that can be compared."""
    found = [(one.labels, one.timestamps, repr(one.values)) for one in series]
    return sorted(found, key=lambda one: sorted(one[0].items()))


EXPRESSIONS = {
    "a series": ["x > 3", "x > 7", "x >= 30", "x > 6/2", "(x > 58)"],
    "falling": ["x < 3", "x <= 7", "x < 30 * 1.5", "x <= 0"],
    "what has no name": ["x + 0 > 3", "x + 0 > 4", "x + 0 > 5", "x + 0 >= 5"],
    "infinity": ["x > Inf", "x >= Inf", "x > 1", "x >= -Inf"],
}


@pytest.mark.parametrize("expressions", EXPRESSIONS.values(), ids=EXPRESSIONS.keys())
@pytest.mark.parametrize("pays", [True, False])
def test_each_answer_is_that_which_asking_gives(
    running: Engine, expressions: list[str], monkeypatch: pytest.MonkeyPatch, *, pays: bool
) -> None:
    """Written or not: labels, times and values."""
    monkeypatch.setattr(loosest, "WRITE_SECONDS", 0.0 if pays else 1.0)
    monkeypatch.setattr(loosest, "COMPARE_SECONDS", 0.0)
    questions = [question(one) for one in expressions]
    shared = loosest.shared(questions)
    assert set(questions) == set(shared)
    answers = [shared[one].answer(one, running) for one in questions]
    assert [told(one.ask(running)) for one in questions] == [told(one) for one in answers]
    assert {pays} == {bool(one._name) for one in shared.values()}  # noqa: SLF001


@pytest.mark.parametrize(
    "others",
    [
        ["x > 1", "x > 2", "x > 3"],
        ["x > 1", "x > 2", "y > 3", "x < 3"],
        ["x > bool 1", "x > bool 2", "x > bool 3", "x > bool 4"],
        ["x > y", "x > z", "x > 1", "x > 2"],
        ["x > NaN", "x > 1", "x > 2", "x > 3"],
        ["x > 2^1", "x > 2^2", "x > 2^3", "x > 2^4"],
        ["x > 1/0", "x > 1", "x > 2", "x > 3"],
        ["1 > 0", "1 > 2", "1 > 3", "1 > 4"],
        ["x > 1", "x > 2", "x > 3", "x >", "no such function(x) > 3"],
        ["x > 1", "x > 2", "x > 3", "x > 4", '{__name__=~".+"}'],
    ],
    ids=[
        "too few",
        "others",
        "bool",
        "no number",
        "not a number",
        "not exact",
        "nothing",
        "numbers only",
        "wrong",
        "reads all",
    ],
)
def test_what_is_not_alike_shares_nothing(others: list[str]) -> None:
    """Then each is asked as it is."""
    assert {} == loosest.shared([question(one) for one in others])


def test_what_can_not_be_written_costs_no_answer(running: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then each is asked as it is."""
    monkeypatch.setattr(loosest, "WRITE_SECONDS", 0.0)
    monkeypatch.setattr(loosest, "COMPARE_SECONDS", 0.0)

    def refused(_engine: Engine, _series: object) -> None:
        raise LabError("no space left")

    monkeypatch.setattr(Engine, "write", refused)
    questions = [question(one) for one in EXPRESSIONS["a series"]]
    shared = loosest.shared(questions)
    answers = [shared[one].answer(one, running) for one in questions]
    assert [told(one.ask(running)) for one in questions] == [told(one) for one in answers]
