"""A run that broke off: what is missing after its first cause is missing because of it."""

from pathlib import Path

import msgspec

from alertdrill import incident
from alertdrill.incident import Event
from alertdrill.judge import judge
from alertdrill.model import Judgement

GOOD = incident.read(Path(__file__).parent / "good")
OF_CANARY = [one for one in GOOD.events if one.data.get("alert") == "Watchdog"]
END = [one for one in GOOD.events if one.kind == "end"]


def trouble(t: float, sentence: str) -> Event:
    """Return what was written down of lab trouble."""
    return Event(t=t, kind="trouble", data={"sentence": sentence})


def judged(*more: Event, without: list[Event]) -> Judgement:
    """Judge the good recording with more events, and without some."""
    events = (*(one for one in GOOD.events if one not in without), *more)
    return judge(msgspec.structs.replace(GOOD, events=events))


def test_a_run_that_broke_off_tells_its_first_cause_alone() -> None:
    """Where the workload did not come back, a missing end and a canary nobody saw follow from it."""
    first = trouble(600.0, "the workload did not come back")
    judgement = judged(trouble(700.0, "Prometheus is gone"), first, without=[*END, *OF_CANARY])
    assert ["the workload did not come back"] == [one.sentence for one in judgement.findings]
    assert judgement.lives, "it had a story until then"


def test_trouble_of_a_run_that_went_to_its_end_hides_nothing() -> None:
    """What came to its end did not break off: all that was not fit is told."""
    judgement = judged(trouble(600.0, "an answer was lost"), without=OF_CANARY)
    assert ["an answer was lost", "the canary alert Watchdog was never seen"] == [
        one.sentence for one in judgement.findings
    ]
