"""An alert is as exact as its group is evaluated, and is judged by what it said when it fired."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from alertdrill import incident
from alertdrill.incident import Event
from alertdrill.judge import judge
from alertdrill.model import Verdict
from alertdrill.scenario import Expectation, Match, fires, resolves

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
# Mismatch is pending at 31 s, firing at 5m31s, repaired at 9m, resolved at 10m31s.
GOOD = incident.read(Path(__file__).parent / "good")
LIFE = [event for event in GOOD.events if event.data.get("alert") == "Mismatch"]
NAMED: dict[str, Match] = {"job": LIFE[0].data["labels"]["job"], "name": "web", "severity": "critical"}
FIRES = fires("Mismatch", within="9m", labels=NAMED)
RARE = GOOD.rules.replace("- name: g", "- name: g\n  interval: 1m")


def change(t: float, state: str, summary: str = "web is stuck") -> Event:
    """Return the event of Mismatch changing to a state."""
    data = {**LIFE[0].data, "state": state, "annotations": {"summary": summary}}
    return Event(t=t, kind="alert", data=data)


def verdict(life: Sequence[Event], *expect: Expectation, rules: str = RARE) -> Verdict:
    """Return the verdict on the good recording with another life of Mismatch and other rules."""
    events = sorted([*(one for one in GOOD.events if one not in LIFE), *life], key=lambda event: event.t)
    scenario = msgspec.structs.replace(GOOD.scenario, expect=expect)
    played = msgspec.structs.replace(GOOD, events=tuple(events), scenario=scenario, rules=rules)
    return judge(played).verdict


@pytest.mark.parametrize(
    ("expect", "expected"),
    [
        (resolves("Mismatch", within="91s"), PASS),
        (resolves("Mismatch", within="16s"), UNKNOWN),
        (resolves("Mismatch", within="15s"), FAIL),
        (fires("Mismatch", within="4m16s", labels=NAMED), UNKNOWN),
        (fires("Mismatch", within="4m15s", labels=NAMED), FAIL),
    ],
)
def test_an_alert_is_as_exact_as_its_group_is_evaluated(expect: Expectation, expected: Verdict) -> None:
    """Of a group with an interval of a minute a minute and a scrape can't be told apart."""
    assert expected is verdict(LIFE, FIRES, expect)


@pytest.mark.parametrize(("rules", "expected"), [(GOOD.rules, UNKNOWN), (RARE, PASS)], ids=["15s", "1m"])
def test_few_missing_evaluations_are_those_of_its_group(rules: str, expected: Verdict) -> None:
    """Three of a group with an interval of a minute are three minutes."""
    life = [*LIFE[:2], change(361, "inactive"), change(521, "firing"), LIFE[2]]
    assert expected is verdict(life, FIRES, resolves("Mismatch", within="5m"), rules=rules)


@pytest.mark.parametrize(
    ("summary", "expected"), [("Only 2 of 2", FAIL), ("Only 0 of 2", PASS), ("Only 1 of 2", FAIL)]
)
def test_what_people_were_told_is_what_it_said_when_it_fired(summary: str, expected: Verdict) -> None:
    """The values it had while it waited, and while it recovered, are in no message that woke somebody."""
    texts = ("Only 2 of 2", "Only 0 of 2", "Only 1 of 2")
    life = [change(one.t, one.data["state"], text) for one, text in zip(LIFE, texts, strict=True)]
    assert expected is verdict(
        life, fires("Mismatch", within="8m", labels=NAMED, annotations={"summary": summary})
    )
