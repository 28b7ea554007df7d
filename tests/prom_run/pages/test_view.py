"""What a page shows of a command."""

import time

import pytest

from prom_run.pages import view
from prom_run.pages.view import Card
from prom_run.runs.command import Command
from prom_run.runs.record import Outcome, Run


def run(number: int, outcome: Outcome = "success", *, code: int = 0, duration: float = 1.0) -> Run:
    """Return a run that began so many minutes ago."""
    begun = time.time() - 60 * number
    return Run(
        id=f"{10_000 - number:017d}",
        command="x",
        started=begun,
        duration=duration,
        outcome=outcome,
        exit_code=code,
    )


@pytest.mark.parametrize(
    ("given", "state", "word"),
    [
        (None, "unknown", "no run yet"),
        (run(1), "good", "ok"),
        (run(1, "success", code=3), "good", "ok"),
        (run(1, "failure", code=2), "bad", "exit 2"),
        (run(1, "timeout"), "bad", "timed out"),
        (run(1, "not started"), "bad", "not started"),
        (run(1, "stopped"), "unknown", "stopped"),
    ],
)
def test_an_outcome_has_a_colour_and_a_word(given: Run | None, state: str, word: str) -> None:
    """Colours and words follow from the outcome; what is not known is neither good nor bad."""
    assert (state, word) == (view.state(given), view.word(given))


def test_a_state_lasts_since_the_first_run_that_had_it() -> None:
    """Runs that we ended ourselves do not interrupt a state."""
    runs = [run(9), run(8, "failure"), run(7, "timeout"), run(6, "stopped"), run(5, "failure")]
    assert runs[1].ended == view._since(runs)  # noqa: SLF001  # the card shows only its age


def test_bars_are_as_tall_as_runs_are_long() -> None:
    """The longest run has the full height, none is invisible, and old ones make room."""
    bars = view.bars(
        [run(number, duration=1.0) for number in range(200, 2, -1)]
        + [run(2, duration=0.01), run(1, duration=2.0)]
    )
    assert view.BARS == len(bars)
    assert (12, 3, 24) == (bars[0].height, bars[-2].height, bars[-1].height)
    assert bars[-1].title.endswith("UTC: ok after 2s")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"period": 60.0}, "every 1m"),
        ({"period": 90.0, "jitter": 5.0}, "every 1m30s ± 5s"),
        ({"cron": "0 3 * * *"}, "cron 0 3 * * * UTC"),
    ],
)
def test_a_schedule_is_said_in_words(fields: dict[str, float], expected: str) -> None:
    """People read when a command runs."""
    assert expected == view.schedule(Command(name="x", argv=("x",), **fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (["good"], ("good", "well")),
        (["good", "good"], ("good", "all 2 well")),
        (["bad"], ("bad", "failing")),
        (["bad", "good", "unknown"], ("bad", "1 of 3 failing")),
        (["good", "unknown"], ("unknown", "1 of 2 not known yet")),
    ],
)
def test_the_headline_is_the_worst(states: list[view.State], expected: tuple[str, str]) -> None:
    """One failing command colours the wall; what is not known is never well."""
    blank = dict.fromkeys(
        ("name", "line", "word", "note", "since", "schedule", "commit", "running", "preview"), ""
    )
    shown = [Card(**blank, state=state, last=None, asked=False, bars=()) for state in states]
    assert expected == view.headline(shown)


def test_times_are_for_people() -> None:
    """Moments are UTC, ages whole seconds."""
    assert ("2026-01-02 03:04:05 UTC", "01-02 03:04:05") == (view.moment(1767323045), view.clock(1767323045))
    assert ("just now", "2m ago") == (view.ago(time.time()), view.ago(time.time() - 120))
