"""Nothing that people must know is lost on the way to them, and nothing is told twice for that."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from alertdrill.clock import NotYet, WallClock, wait_for
from alertdrill.judge.letters import Letter, sent

from .running import Alerting, alerting, alertmanager_to, firing, receiver

pytestmark = pytest.mark.slow

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


def troubled(folder: Path, how: str, lasts: float) -> list[Letter]:
    """Return what is sent of an alert while its receiver is in trouble."""
    with alerting(folder) as both:
        trouble(folder, how, lasts=lasts)
        both.tell(firing(ALERT))
        return told(both, "firing")


def restarted(folder: Path) -> list[list[str]]:
    """Return what is said of an alert: at first, once Alertmanager has started anew, and when it is over."""
    since = datetime.now(UTC)
    with receiver(folder) as address:
        with alertmanager_to(address, folder) as first:
            first.tell(firing(ALERT, since=since))
            said = [told(first, "firing")]
        with alertmanager_to(address, folder) as second:
            second.tell(firing(ALERT, since=since))
            said.append(told(second, "firing"))
            ended = datetime.now(UTC).isoformat()
            second.tell({**firing(ALERT, since=since), "endsAt": ended})
            said.append(told(second, "resolved"))
    return [[one.said.status for one in letters] for letters in said]


CASES: dict[str, Callable[[Path], Any]] = {
    "refuses": partial(troubled, how="refuses", lasts=1.0),
    "hangs up": partial(troubled, how="hangs up", lasts=1.0),
    "hangs up for long": partial(troubled, how="hangs up", lasts=14.0),  # given up on after ten seconds
    "is slow": partial(troubled, how="is slow", lasts=60.0),
    "restarts": restarted,
}


@pytest.fixture(scope="module")
def came(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Any]]]:
    """Begin every case at once: they do little but wait."""
    with ThreadPoolExecutor(len(CASES)) as pool:
        yield {name: pool.submit(case, tmp_path_factory.mktemp("case")) for name, case in CASES.items()}


@pytest.mark.parametrize(
    ("case", "tries"), [("refuses", 2), ("hangs up", 2), ("hangs up for long", 4), ("is slow", 1)]
)
def test_a_receiver_in_trouble_gets_each_message_once(
    case: str, tries: int, came: dict[str, Future[Any]]
) -> None:
    """It is tried until it is taken, also after Alertmanager gave up on it, and then no more."""
    (letter,) = came[case].result()
    assert ("page", 1) == (letter.said.receiver, letter.said.count)
    assert tries <= letter.tries


def test_an_alertmanager_that_restarts_says_nothing_twice_and_still_says_the_end(
    came: dict[str, Future[Any]],
) -> None:
    """What it has said outlives it where its folder does; the resolved message comes from the next one."""
    assert [["firing"], ["firing"], ["firing", "resolved"]] == came["restarts"].result()
