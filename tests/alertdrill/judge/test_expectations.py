"""What is expected of alerts, against what became of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alertdrill import incident
from alertdrill.incident import Event, Incident
from alertdrill.judge import judge
from alertdrill.model import Judgement, Verdict
from alertdrill.scenario import Expectation, Match, fires, like, never, pends, resolves

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
# Mismatch is pending at 31 s, firing at 5m31s, repaired at 9m, resolved at 10m31s; Brief is pending for 30 s.
GOOD = incident.read(Path(__file__).parent / "good")
EVENTS = GOOD.events
LIFE = tuple(event for event in EVENTS if event.data.get("alert") == "Mismatch")
BRIEF = tuple(event for event in EVENTS if event.data.get("alert") == "Brief")
CANARY_END = next(event for event in EVENTS if event.kind == "alert" and event.t == 735)
SCRAPE = next(event for event in EVENTS if event.kind == "scrape")
END = next(event for event in EVENTS if event.kind == "end")
LABELS = LIFE[0].data["labels"]
JOB = LABELS["job"]
NAMED: dict[str, Match] = {"job": JOB, "name": like("we."), "severity": "critical"}
FIRES = fires("Mismatch", after="5m", within="8m", labels=NAMED, annotations={"summary": like(".*web.*")})


def alert(t: float, state: str, name: str = "Mismatch", **changes: Any) -> Event:
    """Return the event of an instance that changes to a state."""
    labels = {**LABELS, **changes.pop("labels", {})}
    data = {"alert": name, "labels": labels, "state": state, "annotations": {"summary": "web is stuck"}}
    return Event(t=t, kind="alert", data={**data, **changes})


def recorded(events: Sequence[Event], expect: Sequence[Expectation]) -> Incident:
    """Return the good recording with other events and expectations."""
    scenario = msgspec.structs.replace(GOOD.scenario, expect=tuple(expect))
    return msgspec.structs.replace(GOOD, events=tuple(events), scenario=scenario)


def without(*gone: Event) -> list[Event]:
    """Return the good events without some."""
    return [event for event in EVENTS if event not in gone]


def swapped(old: Event, *new: Event) -> list[Event]:
    """Return the good events with others in the place of one."""
    return [other for event in EVENTS for other in (new if event == old else (event,))]


def said(judgement: Judgement, verdict: Verdict) -> list[str]:
    """Return the sentences with this verdict."""
    return [finding.sentence for finding in judgement.findings if finding.verdict is verdict]


FAILURES: dict[str, tuple[Sequence[Event], Sequence[Expectation], str]] = {
    "never came": (without(*LIFE), [FIRES], "Mismatch never fired; it was not even pending"),
    "only pending": (without(*LIFE[1:]), [FIRES], "Mismatch never fired; it was pending at 31s"),
    "wrong value": (
        EVENTS,
        [fires("Mismatch", within="8m", labels={**NAMED, "severity": "warning"})],
        'its label severity is "critical", expected "warning"',
    ),
    "wrong pattern": (
        EVENTS,
        [fires("Mismatch", within="8m", labels={**NAMED, "name": like("w")})],
        'its label name is "web", expected something like w',
    ),
    "label not there": (
        EVENTS,
        [fires("Mismatch", within="8m", labels={**NAMED, "team": like(".*")})],
        "it has no label team, expected something like .*",
    ),
    "label not named": (
        EVENTS,
        [fires("Mismatch", within="8m", labels={"job": JOB, "severity": "critical"})],
        'its label name="web" is not named in the scenario',
    ),
    "target label that is named and wrong": (
        EVENTS,
        [fires("Mismatch", within="8m", labels={**NAMED, "pod": "p-2"})],
        'its label pod is "p-1", expected "p-2"',
    ),
    "another namespace": (
        [*without(*LIFE), *(alert(e.t, e.data["state"], labels={"exported_namespace": "y"}) for e in LIFE)],
        [FIRES],
        'its label exported_namespace is "y", expected "drill-x"',
    ),
    "wrong annotation": (
        EVENTS,
        [fires("Mismatch", within="8m", labels=NAMED, annotations={"summary": "fine"})],
        'its annotation summary is "web is stuck", expected "fine"',
    ),
    "annotation not there": (
        EVENTS,
        [fires("Mismatch", within="8m", labels=NAMED, annotations={"link": like(".*")})],
        "it has no annotation link",
    ),
    "empty annotation": (
        swapped(LIFE[2], alert(631, "inactive", annotations={"summary": "web", "link": " "})),
        [FIRES],
        "its annotation link is empty",
    ),
    "annotation without a value": (
        swapped(LIFE[2], alert(631, "inactive", annotations={"summary": "web <no value>"})),
        [FIRES],
        'its annotation summary has a broken template: "web <no value>"',
    ),
    "annotation that broke": (
        swapped(
            LIFE[2], alert(631, "inactive", annotations={"summary": "web <error expanding template: x>"})
        ),
        [FIRES],
        "broken template",
    ),
    "too early": (
        EVENTS,
        [fires("Mismatch", after="7m", within="8m", labels=NAMED)],
        "5m31s, expected 7m to 8m: too early",
    ),
    "too late": (
        EVENTS,
        [fires("Mismatch", within="4m", labels=NAMED)],
        "5m31s, expected 0s to 4m: too late",
    ),
    "before the fault": (
        [alert(-60, "firing"), *without(*LIFE)],
        [FIRES],
        "fired at 1m before the fault, expected 5m to 8m: too early",
    ),
    "a second instance too late": (
        [
            *EVENTS,
            alert(520, "firing", labels={"name": "wet"}),
            alert(640, "inactive", labels={"name": "wet"}),
        ],
        [FIRES],
        "8m40s, expected 5m to 8m: too late",
    ),
    "flaps": (
        swapped(LIFE[2], alert(346, "inactive"), alert(361, "pending"), alert(400, "firing"), LIFE[2]),
        [FIRES],
        "fired again at 6m40s",
    ),
    "never pending": (
        without(*BRIEF),
        [pends("Brief", within="2m")],
        "Brief never got pending, so its silence",
    ),
    "pending too late": (EVENTS, [pends("Brief", within="10s"), pends("Mismatch", within="0s")], "too late"),
    "resolves too late": (
        EVENTS,
        [FIRES, resolves("Mismatch", within="1m")],
        "only 1m31s of the repair at 9m, allowed 1m",
    ),
    "never resolves": (
        [
            *without(LIFE[2], END, CANARY_END, SCRAPE),
            Event(t=1000, kind="end"),
            msgspec.structs.replace(SCRAPE, data={**SCRAPE.data, "last": 1000.0}),
        ],
        [FIRES, resolves("Mismatch", within="5m")],
        "was still firing when watching ended at 16m40s",
    ),
    "resolved before the repair": (
        swapped(LIFE[2], alert(400, "inactive")),
        [FIRES, resolves("Mismatch", within="5m")],
        "Mismatch was not active when the repair came at 9m, so nothing resolved",
    ),
    "nothing to resolve": (
        without(*LIFE),
        [resolves("Mismatch", within="5m")],
        "Mismatch was not active when the repair came",
    ),
    "forbidden": (EVENTS, [FIRES, never("Mismatch")], "fired at 5m31s, and must never"),
    "nobody expected it": (EVENTS, [], "fired at 5m31s, and no expectation says so"),
    "nobody expected this instance": (
        [*EVENTS, alert(400, "firing", labels={"team": "x"}), alert(640, "inactive", labels={"team": "x"})],
        [FIRES],
        'team="x"} fired at 6m40s, and no expectation says so',
    ),
    "nobody expected it of the cluster": (
        [*EVENTS, alert(100, "firing", "Other", labels={"exported_namespace": "kube-system"})],
        [FIRES],
        "fired at 1m40s, and no expectation says so",
    ),
}


@pytest.mark.parametrize(("events", "expect", "sentence"), FAILURES.values(), ids=FAILURES.keys())
def test_what_is_wrong_is_a_failure(
    events: Sequence[Event], expect: Sequence[Expectation], sentence: str
) -> None:
    """Each way an alert can be wrong fails the scenario, with a sentence about it."""
    judgement = judge(recorded(events, expect))
    assert (FAIL, True) == (
        judgement.verdict,
        any(sentence in told for told in said(judgement, FAIL)),
    ), said(judgement, FAIL)


@pytest.mark.parametrize(
    ("expect", "verdict"),
    [
        (fires("Mismatch", after="5m31s", within="5m31s", labels=NAMED), PASS),
        (fires("Mismatch", after="5m32s", within="8m", labels=NAMED), UNKNOWN),
        (fires("Mismatch", after="6m1s", within="8m", labels=NAMED), UNKNOWN),
        (fires("Mismatch", after="6m2s", within="8m", labels=NAMED), FAIL),
        (fires("Mismatch", within="5m1s", labels=NAMED), UNKNOWN),
        (fires("Mismatch", within="5m", labels=NAMED), FAIL),
        (resolves("Mismatch", within="1m31s"), PASS),
        (resolves("Mismatch", within="1m1s"), UNKNOWN),
        (resolves("Mismatch", within="1m"), FAIL),
        (pends("Mismatch", within="1s"), UNKNOWN),
        (pends("Mismatch", within="31s"), PASS),
    ],
)
def test_an_edge_within_the_labs_resolution_is_unknown(expect: Expectation, verdict: Verdict) -> None:
    """Inside is inside; outside by no more than a scrape and an evaluation can't be told apart."""
    judgement = judge(recorded(EVENTS, [fires("Mismatch", within="9m", labels=NAMED), expect]))
    assert verdict is judgement.verdict


def test_a_hole_in_the_evaluations_is_no_flapping() -> None:
    """An alert that is firing again without having been pending anew may not have been evaluated."""
    events = swapped(LIFE[2], alert(361, "inactive"), alert(391, "firing"), LIFE[2])
    judgement = judge(recorded(events, [FIRES]))
    assert (UNKNOWN, True) == (
        judgement.verdict,
        "nothing known of it since 6m1s" in said(judgement, UNKNOWN)[0],
    )


def test_the_end_of_the_recording_is_not_the_end_of_an_alert() -> None:
    """An instance whose last sample is the recording's last has not resolved."""
    judgement = judge(recorded(swapped(LIFE[2], alert(732, "inactive")), [FIRES]))
    (life,) = [life for life in judgement.lives if life.alert == "Mismatch"]
    assert ["pending", "firing"] == [change.state.value for change in life.changes]


def test_an_alert_without_a_hold_counts_as_pending_when_it_fires() -> None:
    """At least pending is pending or firing."""
    events = [*without(*BRIEF), alert(46, "firing", "Brief"), alert(76, "inactive", "Brief")]
    assert (
        PASS
        is judge(
            recorded(events, [FIRES, pends("Brief", within="2m"), fires("Brief", within="2m", labels=NAMED)])
        ).verdict
    )


def test_an_alert_of_no_namespace_needs_none() -> None:
    """The scenario's namespace is implied only for alerts that have one."""
    labels = {"severity": "critical"}
    life = [msgspec.structs.replace(one, data={**one.data, "labels": labels}) for one in LIFE]
    expect = fires("Mismatch", within="8m", labels={"severity": "critical"})
    assert PASS is judge(recorded([*without(*LIFE), *life], [expect])).verdict
