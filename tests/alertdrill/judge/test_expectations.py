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
CORE = {"exported_namespace": "kube-system"}
NAMED: dict[str, Match] = {"job": JOB, "name": like("we."), "severity": "critical"}
FIRES = fires("Mismatch", after="5m", within="8m", labels=NAMED, annotations={"summary": like(".*web.*")})


def alert(t: float, state: str, name: str = "Mismatch", *, scraped_in: str = "", **changes: Any) -> Event:
    """Return the event of an instance that changes to a state."""
    labels = {**LABELS, **changes.pop("labels", {})}
    if scraped_in:  # the alert says of no namespace what it is about
        labels = {**labels, "namespace": scraped_in}
        del labels["exported_namespace"]
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
        f'="web" is not named in the scenario; as it fired: labels={{"job": "{JOB}", "name": "web",',
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
        swapped(LIFE[1], alert(331, "firing", annotations={"summary": "web", "link": " "})),
        [FIRES],
        "its annotation link is empty",
    ),
    "annotation without a value": (
        swapped(LIFE[1], alert(331, "firing", annotations={"summary": "web <no value>"})),
        [FIRES],
        'its annotation summary has a broken template: "web <no value>"',
    ),
    "annotation that broke": (
        swapped(LIFE[1], alert(331, "firing", annotations={"summary": "web <error expanding template: x>"})),
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
        "resolved only 1m31s after the repair at 9m, allowed 1m",
    ),
    "never resolves": (
        [
            *without(LIFE[2], END, CANARY_END, SCRAPE),
            Event(t=700, kind="end"),
            msgspec.structs.replace(SCRAPE, data={**SCRAPE.data, "last": 700.0}),
        ],
        [FIRES, resolves("Mismatch", within="2m")],
        "was still firing when watching ended at 11m40s",
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
    "silent although nothing was repaired": (
        swapped(LIFE[2], alert(400, "inactive"), alert(500, "pending"), LIFE[2]),
        [FIRES, resolves("Mismatch", within="5m")],
        "stopped firing at 6m40s, although nothing was repaired",
    ),
    "silent for good although nothing was repaired": (
        swapped(LIFE[2], alert(400, "inactive")),
        [FIRES, resolves("Mismatch", within="5m")],
        "stopped firing at 6m40s, although nothing was repaired",
    ),
    "only a stranger got pending": (
        [alert(t, state, "Brief", labels=CORE) for t, state in ((46, "pending"), (76, "inactive"))]
        + without(*BRIEF),
        [FIRES, pends("Brief", within="2m")],
        "Brief never got pending",
    ),
    "only a stranger was active at the repair": (
        [*without(*LIFE), alert(500, "pending", labels=CORE), alert(600, "inactive", labels=CORE)],
        [resolves("Mismatch", within="5m")],
        "Mismatch was not active when the repair came",
    ),
    "scraped in another scenario": (
        [
            *without(*LIFE),
            *(alert(e.t, e.data["state"], scraped_in="drill-y") for e in LIFE),
        ],
        [FIRES],
        'its label namespace is "drill-y", which is another scenario\'s',
    ),
    "pending in another scenario": (
        [*without(*BRIEF), alert(46, "pending", "Brief", scraped_in="drill-y")],
        [FIRES, pends("Brief", within="2m")],
        "Brief never got pending",
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
    """What is firing again without having been pending anew may not have been evaluated, so nobody knows."""
    events = swapped(LIFE[2], alert(361, "inactive"), alert(421, "firing"), LIFE[2])
    judgement = judge(recorded(events, [FIRES, resolves("Mismatch", within="5m")]))
    assert (UNKNOWN, True) == (
        judgement.verdict,
        "nothing known of it since 6m1s" in said(judgement, UNKNOWN)[0],
    )


@pytest.mark.parametrize(("hold", "verdict"), [("for: 5m", PASS), ("", UNKNOWN), ("for: 0s", UNKNOWN)])
def test_few_missing_evaluations_are_bridged(hold: str, verdict: Verdict) -> None:
    """Up to three are, if the rule has a `for`: then it was firing; without one it may have been inactive."""
    events = swapped(LIFE[2], alert(361, "inactive"), alert(406, "firing"), LIFE[2])
    played = recorded(events, [FIRES, resolves("Mismatch", within="5m")])
    rules = played.rules.replace("for: 5m", hold)
    assert verdict is judge(msgspec.structs.replace(played, rules=rules)).verdict


def test_another_instance_may_take_over() -> None:
    """An alert goes on while another of its instances fires, as when a pod is replaced by another."""
    heir = [
        alert(t, state, labels={"name": "wet"})
        for t, state in ((60, "pending"), (380, "firing"), (600, "inactive"))
    ]
    expect = [FIRES, resolves("Mismatch", within="5m")]
    assert PASS is judge(recorded([*swapped(LIFE[2], alert(400, "inactive")), *heir], expect)).verdict


def test_what_is_still_pending_at_the_end_is_unknown() -> None:
    """A forbidden alert that waits for its `for` when watching ends may have been about to fire."""
    judgement = judge(recorded([*EVENTS, alert(700, "pending", "Other")], [FIRES, never("Other")]))
    assert (UNKNOWN, True) == (
        judgement.verdict,
        "was still pending when watching ended at 12m10s" in said(judgement, UNKNOWN)[0],
    )


def test_strangers_may_come_and_go() -> None:
    """What is not about the scenario may be pending at any time: it neither resolves nor was forbidden."""
    strangers = [alert(690, "pending", labels=CORE), alert(690, "pending", "Brief", labels=CORE)]
    expect = [FIRES, resolves("Mismatch", within="5m"), pends("Brief", within="2m"), never("Brief")]
    assert PASS is judge(recorded([*EVENTS, *strangers], expect)).verdict


def test_what_is_pending_of_nobody_is_no_part_of_what_resolves() -> None:
    """A target of the lab that is slow for a moment, say, beside the one that was made slow."""
    elsewhere = alert(720, "pending", scraped_in="monitoring", labels={"job": "another"})
    expect = [FIRES, resolves("Mismatch", within="5m")]
    assert PASS is judge(recorded([*EVENTS, elsewhere], expect)).verdict


def test_what_a_scenario_says_fires_is_its_own() -> None:
    """An alert about another namespace is the scenario's where it names that one."""
    life = [alert(e.t, e.data["state"], labels=CORE) for e in LIFE]
    expect = fires("Mismatch", within="8m", labels={**NAMED, **CORE})
    judgement = judge(recorded([*without(*LIFE), *life], [expect, resolves("Mismatch", within="5m")]))
    assert PASS is judgement.verdict


def test_annotations_that_nobody_saw_are_unknown() -> None:
    """A rule has annotations and its alert none: they were not recorded, so nothing is known of them."""
    bare = [alert(e.t, e.data["state"], annotations={}) for e in LIFE]
    judgement = judge(recorded([*without(*LIFE), *bare], [FIRES]))
    assert (UNKNOWN, ['Mismatch{name="web"} fired, but nobody saw what it told people']) == (
        judgement.verdict,
        said(judgement, UNKNOWN),
    )


def test_a_rule_without_annotations_has_none_to_see() -> None:
    """Where the rule has none, one that the scenario names is a failure, and else nothing is missing."""
    bare = [alert(e.t, e.data["state"], annotations={}) for e in LIFE]
    expect = fires("Mismatch", within="8m", labels=NAMED)
    rules = "groups: [{name: g, rules: [{alert: Mismatch, expr: a}]}]"
    told = [
        judge(msgspec.structs.replace(recorded([*without(*LIFE), *bare], [one]), rules=rules)).verdict
        for one in (expect, FIRES)
    ]
    assert [PASS, FAIL] == told


@pytest.mark.parametrize(("broken_at", "verdict"), [(0.1, FAIL), (10, UNKNOWN), (40, PASS)])
def test_a_window_ends_that_long_after_it_was_broken(broken_at: float, verdict: Verdict) -> None:
    """The time that breaking it took is the lab's, not the rule's."""
    events = [msgspec.structs.replace(e, t=broken_at) if e.kind == "fault" else e for e in EVENTS]
    assert verdict is judge(recorded(events, [fires("Mismatch", within="4m52s", labels=NAMED)])).verdict


def test_an_alert_may_resolve_while_it_is_repaired() -> None:
    """A repair is written down when it is done, and what it does may be done before."""
    events = [msgspec.structs.replace(e, t=584) if e.kind == "heal" else e for e in EVENTS]
    events = [msgspec.structs.replace(e, t=545) if e == LIFE[2] else e for e in events]
    slow = recorded(events, [FIRES, resolves("Mismatch", within="5m")])
    assert PASS is judge(slow).verdict


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
