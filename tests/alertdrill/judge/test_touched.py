"""Scenarios that disturb what others rely on: what that excuses, and what it makes worthless."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from alertdrill import incident
from alertdrill.incident import Event, Incident
from alertdrill.judge import judge
from alertdrill.model import Verdict
from alertdrill.scenario import Expectation, Match, fires, like, never

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
# Mismatch is pending at 31 s, firing at 5m31s, repaired at 9m, resolved at 10m31s; Brief is pending for 30 s.
GOOD = incident.read(Path(__file__).parent / "good")
EVENTS = GOOD.events
LIFE = tuple(event for event in EVENTS if event.data.get("alert") == "Mismatch")
OTHERS = [event for event in EVENTS if event not in LIFE]
NAMED: dict[str, Match] = {"job": LIFE[0].data["labels"]["job"], "name": like("we."), "severity": "critical"}
FIRES = fires("Mismatch", after="5m", within="8m", labels=NAMED, annotations={"summary": like(".*web.*")})


def recorded(events: Sequence[Event], expect: Sequence[Expectation]) -> Incident:
    """Return the good recording with other events and expectations."""
    scenario = msgspec.structs.replace(GOOD.scenario, expect=tuple(expect))
    return msgspec.structs.replace(GOOD, events=tuple(events), scenario=scenario)


def test_what_is_meant_to_fire_beside_it_is_nothing_else() -> None:
    """An alert about nothing of a scenario's own that another, played beside it, says it brings about."""
    data = {"alert": "Other", "labels": {"node": "n"}, "state": "firing", "annotations": {"summary": "x"}}
    events = [*EVENTS, Event(t=60, kind="alert", data=data)]
    alone = recorded(events, [FIRES])
    assert FAIL is judge(alone).verdict
    beside = (fires("Other", within="9m"),)
    assert PASS is judge(msgspec.structs.replace(alone, beside=beside)).verdict
    another = (fires("Another", within="9m"),)
    assert FAIL is judge(msgspec.structs.replace(alone, beside=another)).verdict


def test_a_silence_over_what_the_scenario_takes_down_says_nothing() -> None:
    """An alert with nothing to read is silent, whatever is the matter; one that reads `up` sees just that."""
    made = "{{record: warm, expr: 'heat{{job=\"kubernetes-nodes\"}}'}}"
    alert = "{{alert: Mismatch, expr: '{}{{job=\"kubernetes-nodes\"}} > 0'}}"
    rules = f"groups: [{{{{name: g, rules: [{made}, {alert}]}}}}]"
    for metric, verdict in (("heat", UNKNOWN), ("warm", UNKNOWN), ("up", PASS)):
        run = recorded(OTHERS, [never("Mismatch")])
        scenario = msgspec.structs.replace(run.scenario, touches=("kubelet",))
        found = judge(msgspec.structs.replace(run, scenario=scenario, rules=rules.format(metric)))
        assert verdict is found.verdict, found.findings


def test_what_an_alert_told_while_nobody_could_look_is_not_asked() -> None:
    """Where the scenario cuts the way to Prometheus and says nothing of annotations; else it is unknown."""
    silent = [msgspec.structs.replace(one, data={**one.data, "annotations": {}}) for one in LIFE]
    plain = fires("Mismatch", after="5m", within="8m", labels=NAMED)
    for touches, expectation, verdict in (
        ((), plain, UNKNOWN),
        (("apiserver",), plain, PASS),
        (("kubelet",), plain, PASS),
        (("apiserver",), FIRES, UNKNOWN),
    ):
        run = recorded([*OTHERS, *silent], [expectation])
        scenario = msgspec.structs.replace(run.scenario, touches=touches)
        assert verdict is judge(msgspec.structs.replace(run, scenario=scenario)).verdict
