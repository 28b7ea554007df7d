"""The harness can fail: wrong expectations about this session's own recordings are each reported.

What they rest on is played in every profile.
"""

import msgspec
import pytest

from alertdrill import judge
from alertdrill.incident import Incident
from alertdrill.model import Verdict
from alertdrill.scenario import Expectation, Match, fires, like, never, notified, pends, resolves, unnotified

PLAYED = "deployments/refused-replicaset"
ALERT = "DeploymentGenerationMismatch"
LABELS: dict[str, Match] = {"job": "monitoring/kube-api-exporter", "name": "web", "severity": "critical"}
RIGHT = fires(ALERT, after="5m", within="8m", labels=LABELS)

WRONG: dict[str, tuple[Expectation, ...]] = {
    "wrong label value": (fires(ALERT, within="8m", labels={**LABELS, "severity": "warning"}),),
    "label that is not there": (fires(ALERT, within="8m", labels={**LABELS, "team": like(".*")}),),
    "label left out": (fires(ALERT, within="8m", labels={"job": LABELS["job"], "name": "web"}),),
    "wrong annotation": (fires(ALERT, within="8m", labels=LABELS, annotations={"summary": "all is well"}),),
    "fires before its window": (fires(ALERT, after="8m", within="9m", labels=LABELS),),
    "fires after its window": (fires(ALERT, within="3m", labels=LABELS),),
    "forbidden alert that fires": (RIGHT, never(ALERT)),
    "alert nobody expected": (),
    "alert that never comes": (RIGHT, fires("PodRestartingTooMuch", within="8m", labels=LABELS)),
    "alert that never gets pending": (RIGHT, pends("PodRestartingTooMuch", within="8m")),
    "alert that has nothing to resolve": (RIGHT, resolves("PodRestartingTooMuch", within="5m")),
}


@pytest.mark.parametrize("expect", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_expectation_is_a_failure(
    expect: tuple[Expectation, ...], incidents: dict[str, Incident]
) -> None:
    """A recording judged against an expectation that does not hold fails."""
    played = incidents[PLAYED]
    twisted = msgspec.structs.replace(
        played, scenario=msgspec.structs.replace(played.scenario, expect=expect)
    )
    assert Verdict.FAIL is judge.judge(twisted).verdict


TOLD = "notifications/once"
MISTOLD: dict[str, Expectation] = {
    "by another way": notified("DeploymentReplicasMismatch", receiver="tickets", within="2m"),
    "more often": notified("DeploymentReplicasMismatch", receiver="page", within="2m", times=2),
    "of more at once": notified("DeploymentReplicasMismatch", receiver="page", within="2m", alerts=2),
    "in other words": notified("DeploymentReplicasMismatch", receiver="page", within="2m", says="Fine"),
    "with another link": notified(
        "DeploymentReplicasMismatch", receiver="page", within="2m", link="http://x"
    ),
    "sooner than can be": notified("DeploymentReplicasMismatch", receiver="page", within="0s"),
    "of another alert": notified("DeploymentStuck", receiver="page", within="2m"),
    "not at all": unnotified("DeploymentReplicasMismatch"),
}


@pytest.mark.parametrize("expectation", MISTOLD.values(), ids=MISTOLD.keys())
def test_a_wrong_expectation_of_a_message_does_not_pass(
    expectation: Expectation, incidents: dict[str, Incident]
) -> None:
    """What people were told is held against what the scenario says, and not against nothing."""
    played = incidents[TOLD]
    others = tuple(one for one in played.scenario.expect if not one.is_about_messages)
    scenario = msgspec.structs.replace(played.scenario, expect=(*others, expectation))
    assert Verdict.PASS is not judge.judge(msgspec.structs.replace(played, scenario=scenario)).verdict


def test_a_message_that_was_lost_is_a_failure(incidents: dict[str, Incident]) -> None:
    """Of a recording without it nobody can say that people were told."""
    played = incidents[TOLD]
    kept = [
        one
        for one in played.events
        if one.data.get("alert") != "DeploymentReplicasMismatch" or one.kind == "alert"
    ]
    assert Verdict.FAIL is judge.judge(msgspec.structs.replace(played, events=tuple(kept))).verdict


def test_a_receiver_that_nobody_asked_is_unknown(incidents: dict[str, Incident]) -> None:
    """That no message came says nothing where nobody looked, nor where the switch is silent."""
    played = incidents[TOLD]
    for kind, alert in (("receiver", None), ("notification", "Watchdog")):
        kept = [one for one in played.events if not (one.kind == kind and one.data.get("alert") == alert)]
        assert Verdict.UNKNOWN is judge.judge(msgspec.structs.replace(played, events=tuple(kept))).verdict


def test_an_alert_that_resolves_too_late_is_a_failure(incidents: dict[str, Incident]) -> None:
    """A crash loop stays in the rule's window of 10 m, so it can't resolve a minute after the repair."""
    played = incidents["pods/crash-loop"]
    hasty = [
        msgspec.structs.replace(one, within="1m") if one.kind == "resolves" else one
        for one in played.scenario.expect
    ]
    twisted = msgspec.structs.replace(
        played, scenario=msgspec.structs.replace(played.scenario, expect=tuple(hasty))
    )
    assert Verdict.FAIL is judge.judge(twisted).verdict


def test_a_silence_without_a_sign_that_it_was_near_is_a_failure(incidents: dict[str, Incident]) -> None:
    """An old form of the rule that had not got pending would be silent for having seen no restart at all."""
    played = incidents["pods/crash-loop"]
    kept = [event for event in played.events if event.data.get("alert") != "PodRestartingTooMuchHistoric"]
    assert Verdict.FAIL is judge.judge(msgspec.structs.replace(played, events=tuple(kept))).verdict


def test_a_workload_that_prometheus_did_not_see_is_unknown(incidents: dict[str, Incident]) -> None:
    """No alert about what has no series can fire, so nothing follows from its silence."""
    played = incidents[PLAYED]
    assert Verdict.UNKNOWN is judge.judge(msgspec.structs.replace(played, series=())).verdict


def test_the_right_expectation_passes(incidents: dict[str, Incident]) -> None:
    """The same recording passes when judged as it was, so the failures above are the expectations'."""
    assert Verdict.PASS is judge.judge(incidents[PLAYED]).verdict
