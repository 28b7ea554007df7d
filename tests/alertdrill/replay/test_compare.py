"""Two tellings of the same alerts are held against each other where both can know."""

import pytest

from alertdrill.model import AlertState, Change, Life
from alertdrill.replay import compare

PENDING, FIRING, INACTIVE = AlertState.PENDING, AlertState.FIRING, AlertState.INACTIVE
SPAN = (-120.0, 1000.0)


def life(pending: float, firing: float, resolved: float | None = None, alert: str = "A") -> Life:
    """Return the life of an instance."""
    changes = [Change(t=pending, state=PENDING), Change(t=firing, state=FIRING)]
    changes += [Change(t=resolved, state=INACTIVE)] if resolved is not None else []
    return Life(alert=alert, labels={}, annotations={}, changes=tuple(changes))


def told(live: list[Life], replayed: list[Life]) -> list[str]:
    """Return the differences of two tellings, which may be a minute apart."""
    then, now = compare.known(live, replayed, span=SPAN, apart=lambda _alert: 60.0)
    return list(compare.firing(then, now, apart=lambda _alert: 60.0))


@pytest.mark.parametrize(
    ("live", "replayed", "differences"),
    [
        ([life(0, 300, 600)], [life(50, 350, 650)], []),
        (
            [life(0, 300, 600)],
            [life(0, 400, 600)],
            ["A fired from 5m to 10m live, and from 6m40s to 10m at real durations"],
        ),
        ([], [life(0, 300, 600)], ["A fires at 5m at real durations, and did not live"]),
        ([life(0, 300, 600)], [], ["A fired at 5m live, and not at real durations"]),
    ],
    ids=["at most a minute apart", "later", "not live", "only live"],
)
def test_who_fires_at_another_time_is_told(
    live: list[Life], replayed: list[Life], differences: list[str]
) -> None:
    """Or not at all, in one of the two."""
    assert differences == told(live, replayed)


def test_since_when_it_was_pending_before_the_recording_nobody_knows() -> None:
    """It fires live when its `for` is over, which began before, and later by what was recorded of it."""
    assert [] == told([life(-120, 100, 600)], [life(-120, 480, 600)])


def test_what_is_active_from_the_beginning_in_a_replay_alone_is_a_difference() -> None:
    """Live it was seen to be silent then."""
    assert ["A fires at 5m at real durations, and did not live"] == told([], [life(-120, 300, 600)])


def test_what_fires_just_before_the_end_may_do_so_just_after_in_life() -> None:
    """The recording ends in between."""
    assert [] == told([], [life(640, 960)])
    assert [] == told([life(660, 980)], [life(600, 930)])
    assert ["A fires at 15m at real durations, and did not live"] == told([], [life(600, 900)])
