"""Values that all lanes share."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertdrill.model import AlertState, Change, Finding, Life, Verdict

LIFE = Life(
    alert="A",
    labels={"name": "web"},
    changes=(
        Change(t=10, state=AlertState.PENDING),
        Change(t=40, state=AlertState.FIRING),
        Change(t=90, state=AlertState.INACTIVE),
    ),
)


@given(st.lists(st.sampled_from(Verdict)))
def test_the_worst_verdict_is_fail_then_unknown(verdicts: list[Verdict]) -> None:
    """One failure fails all, one unknown makes the rest unknown, and nothing at all is unknown."""
    worst = Verdict.worst(verdicts)
    assert (Verdict.FAIL in verdicts) == (worst is Verdict.FAIL)
    assert (worst is Verdict.PASS) == (set(verdicts) == {Verdict.PASS})


def test_exit_codes() -> None:
    """The exit codes are those the command line promises."""
    assert {"pass": 0, "fail": 1, "unknown": 3} == {one.value: one.exit_code for one in Verdict}


@pytest.mark.parametrize(
    ("t", "state"),
    [
        (9.9, AlertState.INACTIVE),
        (10, AlertState.PENDING),
        (39, AlertState.PENDING),
        (40, AlertState.FIRING),
        (90, AlertState.INACTIVE),
        (1e9, AlertState.INACTIVE),
    ],
)
def test_a_life_knows_its_state_at_any_time(t: float, state: AlertState) -> None:
    """Before the first change an instance is inactive; a change holds from its own moment on."""
    assert state is LIFE.state_at(t)


@pytest.mark.parametrize(
    ("state", "since", "first"),
    [
        (AlertState.FIRING, 0, 40),
        (AlertState.FIRING, 40, 40),
        (AlertState.FIRING, 41, None),
        (AlertState.PENDING, float("-inf"), 10),
    ],
)
def test_a_life_knows_when_it_first_got_there(state: AlertState, since: float, first: float | None) -> None:
    """The first entry into a state at or after a moment is found, or None."""
    assert first == LIFE.first(state, since)


def test_a_value_refuses_fields_it_does_not_have() -> None:
    """A misspelled field is an error, not silence."""
    finding = {"check": "fires", "verdict": "pass", "sentence": "Good.", "alret": "A"}
    with pytest.raises(msgspec.ValidationError, match="alret"):
        msgspec.convert(finding, Finding)
