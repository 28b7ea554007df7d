"""What differs in its threshold only is answered from the loosest, and is what it is when it is asked."""

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertdrill import engine
from alertdrill.engine import Engine, ahead, loosest
from alertdrill.engine.question import Question
from alertdrill.errors import LabError
from alertdrill.incident import STALE, Series

START, SECONDS = 1_500_000_000, 60
NAN, INF = float("nan"), float("inf")
SERIAL = count()


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
def test_each_answer_is_that_which_asking_gives(running: Engine, expressions: list[str]) -> None:
    """Labels, times and values."""
    questions = [question(one) for one in expressions]
    shared = loosest.shared(questions)
    assert set(questions) == set(shared)
    answers = [shared[one].answer(one, running) for one in questions]
    assert [told(one.ask(running)) for one in questions] == [told(one) for one in answers]


NUMBERS = st.floats(width=64) | st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 3.0, 30.0, INF, -INF])


@given(
    values=st.lists(NUMBERS, min_size=1, max_size=SECONDS),
    thresholds=st.lists(NUMBERS.filter(lambda one: one == one), min_size=2, max_size=4, unique=True),  # noqa: PLR0124
    op=st.sampled_from([">", ">=", "<", "<="]),
)
def test_numbers_compare_as_they_do_for_prometheus(
    running: Engine, values: list[float], thresholds: list[float], op: str
) -> None:
    """Whatever they are, the smallest, none at all and the two zeros among them."""
    name = f"v{next(SERIAL)}"
    times = tuple((START + number) * 1000 for number in range(len(values)))
    running.write([Series(labels={"__name__": name}, timestamps=times, values=tuple(values))])
    questions = [question(f"{name} {op} {_written(one)}") for one in thresholds]
    shared = loosest.shared(questions)
    answers = [shared[one].answer(one, running) for one in questions]
    assert [told(one.ask(running)) for one in questions] == [told(one) for one in answers]


def _written(number: float) -> str:
    return {INF: "Inf", -INF: "-Inf"}.get(number, repr(number))


def test_one_that_prometheus_refuses_costs_the_others_no_answer(running: Engine) -> None:
    """Then each is asked as it is."""
    questions = [question("x > 3"), question("x > 7")]
    shared = loosest.shared(questions)
    asked: list[Question] = []

    class Refusing(Engine):
        def ask(self, promql: str, **rest: float) -> list[Series]:
            asked.append(question(promql))
            if len(asked) == 1:
                raise LabError("it would load too many samples")
            return running.ask(promql, **rest)

    answers = [shared[one].answer(one, Refusing(running.url)) for one in questions]
    assert [told(one.ask(running)) for one in questions] == [told(one) for one in answers]
    assert [questions[0], *questions] == asked


@pytest.mark.parametrize("thresholds", [(5, 5, 6, 6), (6, 5, 6, 5)])
def test_each_of_those_that_prometheus_refuses_hears_so(running: Engine, thresholds: tuple[int, ...]) -> None:
    """As often as it asks."""
    refused = [question(f"x * on (none) x > {number}") for number in thresholds]
    with ahead.Ahead(running, refused, refused) as answers:
        for one in refused:
            with pytest.raises(LabError, match=r"many-to-many matching not allowed"):
                answers.answer(one)


@pytest.mark.parametrize(
    "others",
    [
        ["x > 1"],
        ["x > 1", "y > 3", "x < 3"],
        ["x > bool 1", "x > bool 2"],
        ["x > y", "x > z", "x > 1"],
        ["x > NaN", "x > 1"],
        ["x > 2^1", "x > 2^2"],
        ["x > 1/0", "x > 1"],
        ["1 > 0", "1 > 2"],
        ["x > 1", "x >", "no such function(x) > 3"],
    ],
    ids=[
        "alone",
        "others",
        "bool",
        "no number",
        "not a number",
        "not exact",
        "nothing",
        "numbers only",
        "wrong",
    ],
)
def test_what_is_not_alike_shares_nothing(others: list[str]) -> None:
    """Then each is asked as it is."""
    assert {} == loosest.shared([question(one) for one in others])
