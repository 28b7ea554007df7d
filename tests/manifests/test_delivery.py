"""Nothing that people must know is lost on the way to them, and nothing is told twice for that."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alertdrill.clock import NotYet, WallClock, wait_for
from alertdrill.judge.letters import Letter, sent

from .running import Alerting, alerting, alertmanager_to, firing, receiver

ALERT = {"alertname": "Broken", "severity": "critical", "exported_namespace": "drill-a"}
WATCHED_SECONDS = 6.0  # longer than the pause between two messages of one group


def trouble(folder: Path, how: str, *, lasts: float) -> None:
    """Have the receiver meet what is about the alert's namespace with trouble, from the first message on."""
    (folder / "drill-a.json").write_text(json.dumps({"how": how, "seconds": 2, "lasts": lasts}))


def told(both: Alerting, *status: str) -> list[Letter]:
    """Return what was sent once messages of these sorts have been taken, and some time has passed since."""

    def taken() -> list[Letter]:
        letters = list(sent((float(number), one) for number, one in enumerate(both.messages(0))))
        if missing := {*status} - {one.said.status for one in letters if one.taken is not None}:
            raise NotYet(f"no {missing} of {letters}")
        return letters

    wait_for("messages", taken, deadline=40, clock=WallClock(), every=0.1)
    WallClock().sleep(WATCHED_SECONDS)
    return taken()


@pytest.mark.parametrize(
    ("how", "lasts", "tries"),
    [
        ("refuses", 1.0, 2),
        ("hangs up", 1.0, 2),
        ("hangs up", 14.0, 4),  # a message is given up on after ten seconds
        ("is slow", 60.0, 1),
    ],
)
def test_a_receiver_in_trouble_gets_each_message_once(
    how: str, lasts: float, tries: int, tmp_path: Path
) -> None:
    """It is tried until it is taken, also after Alertmanager gave up on it, and then no more."""
    with alerting(tmp_path) as both:
        trouble(tmp_path, how, lasts=lasts)
        both.tell(firing(ALERT))
        (letter,) = told(both, "firing")
    assert ("page", 1) == (letter.said.receiver, letter.said.count)
    assert tries <= letter.tries


def test_an_alertmanager_that_restarts_says_nothing_twice_and_still_says_the_end(tmp_path: Path) -> None:
    """What it has said outlives it where its folder does; the resolved message comes from the next one."""
    since = datetime.now(UTC)
    with receiver(tmp_path) as address:
        with alertmanager_to(address, tmp_path) as first:
            first.tell(firing(ALERT, since=since))
            told(first, "firing")
        with alertmanager_to(address, tmp_path) as second:
            second.tell(firing(ALERT, since=since))
            assert ["firing"] == [one.said.status for one in told(second, "firing")]
            ended = datetime.now(UTC).isoformat()
            second.tell({**firing(ALERT, since=since), "endsAt": ended})
            assert ["firing", "resolved"] == [one.said.status for one in told(second, "resolved")]
