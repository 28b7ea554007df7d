"""Verdicts as people and machines read them."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertdrill.model import AlertState, Change, Finding, Judgement, Latency, Life, Verdict
from alertdrill.report import json as json_report
from alertdrill.report import junit, text

GOLDEN = Path(__file__).parents[1] / "golden"
ALERT = "DeploymentGenerationMismatch"


def life(*changes: tuple[float, AlertState], **labels: str) -> Life:
    """Return the life of one instance."""
    return Life(alert=ALERT, labels=labels, changes=tuple(Change(t=t, state=state) for t, state in changes))


def judgement(name: str, verdict: Verdict, *findings: Finding, lives: tuple[Life, ...] = ()) -> Judgement:
    """Return a judgement at twenty times the speed of life."""
    return Judgement(scenario=name, verdict=verdict, findings=findings, lives=lives, speed=20.0)


def finding(verdict: Verdict, sentence: str, alert: str = ALERT) -> Finding:
    """Return a finding of the check `fires`."""
    return Finding(check="fires", verdict=verdict, sentence=sentence, alert=alert)


FIRED = life(
    (40.6, AlertState.PENDING),
    (340.6, AlertState.FIRING),
    (580.6, AlertState.INACTIVE),
    name="web",
    job="monitoring/kube-api-exporter",
    severity="critical",
)
JUDGEMENTS = (
    judgement(
        "deployments/refused-replicaset",
        Verdict.PASS,
        finding(Verdict.PASS, f"{ALERT} fired at 5m41s, between 5m and 8m of the fault."),
        lives=(FIRED,),
    ),
    judgement(
        "pods/crash-loop",
        Verdict.FAIL,
        finding(
            Verdict.FAIL, "PodRestartingTooMuch never fired; it had to between 1h and 1h10m of the fault."
        ),
        finding(Verdict.PASS, "DeploymentReplicasMismatch never fired.", "DeploymentReplicasMismatch"),
    ),
    judgement(
        "pods/one-restart",
        Verdict.UNKNOWN,
        finding(Verdict.UNKNOWN, "The target 10.0.0.1:8080 was down at 2m, so a silence proves nothing.", ""),
    ),
)


def test_rules_that_did_not_run_are_told_once() -> None:
    """Of each verdict in JSON, and of all of them above the count in text: nothing is known of these."""
    out = ("my.rules.yaml:4: OfficeHours: hour() reads the calendar",)
    both = [msgspec.structs.replace(one, left_out=out) for one in JUDGEMENTS[:2]]
    *_, said, empty, count = text.render(both).splitlines()
    assert (f"left out, so nothing is said of it: {out[0]}", "", "2 scenarios: ") == (said, empty, count[:13])
    told = json.loads(json_report.render(both))["judgements"]
    assert [list(out)] * 2 == [one["left_out"] for one in told]


def test_of_many_rules_that_did_not_run_no_reason_is_told() -> None:
    """Which they are is a line each, so that a verdict is not lost among sentences."""
    out = tuple(f"my.rules.yaml:{line}: A{line}: hour() reads: the calendar" for line in range(6))
    said = text.render([msgspec.structs.replace(JUDGEMENTS[0], left_out=out)]).splitlines()
    start = said.index("6 rules were left out, so nothing is said of them; why, says alertdrill compress:")
    assert [f"        my.rules.yaml:{line}: A{line}" for line in range(6)] == said[start + 1 : start + 7]


def test_a_speed_that_is_not_known_is_not_told() -> None:
    """What can't be read was not played at the speed of life."""
    lines = text.render([msgspec.structs.replace(JUDGEMENTS[2], speed=None)]).splitlines()
    assert ("UNKNOWN pods/one-restart", "1 scenario: 0 pass") == (lines[0], lines[-1][:18])


@pytest.mark.parametrize(
    ("name", "render"),
    [("report.txt", text.render), ("report.xml", junit.render), ("report.json", json_report.render)],
)
def test_a_report_reads_as_its_golden_file(
    name: str, render: Callable[[Sequence[Judgement]], str], update_goldens: Callable[[Path, str], None]
) -> None:
    """The three formats are what their golden files show."""
    update_goldens(GOLDEN / name, render(JUDGEMENTS))
    assert (GOLDEN / name).read_text().rstrip("\n") == render(JUDGEMENTS).rstrip("\n")


HOSTILE = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(
    ["\x1b[2J", "[red]", "<&>]]>", "\x00", "\ufffe", "a\nb", "\r"]
)
HOSTILE_JUDGEMENTS = st.builds(
    lambda name, sentence, label, verdict: judgement(
        name, verdict, finding(verdict, sentence), lives=(life((1.0, AlertState.FIRING), name=label),)
    ),
    HOSTILE,
    HOSTILE,
    HOSTILE,
    st.sampled_from(Verdict),
)


@given(st.lists(HOSTILE_JUDGEMENTS, max_size=3))
def test_hostile_text_reaches_neither_the_terminal_nor_the_xml(hostile: list[Judgement]) -> None:
    """Whatever names, labels and sentences hold, text has no control characters and XML and JSON parse."""
    assert all(character.isprintable() or character == "\n" for character in text.render(hostile))
    assert len(hostile) == len(ET.fromstring(junit.render(hostile)).findall("testcase"))
    assert len(hostile) == len(json.loads(json_report.render(hostile))["judgements"])


def test_an_alert_s_way_to_people_is_told_stage_by_stage() -> None:
    """A line per alert in text, and all of it as data, each stage beside what it may take."""
    stages = tuple(
        Latency(alert=ALERT, stage=stage, seconds=seconds, budget=60.0)
        for stage, seconds in (("group wait", 31.4), ("send", 0.2))
    )
    told = msgspec.structs.replace(JUDGEMENTS[0], latencies=stages)
    said = f"> {ALERT} on its way to people: group wait 31s (at most 60s), send 0s (at most 60s)"
    assert said in text.render([told])
    (data,) = json.loads(json_report.render([told]))["judgements"]
    assert {"alert": ALERT, "stage": "send", "seconds": 0.2, "budget": 60.0} == data["latencies"][1]


def test_fail_and_unknown_are_told_apart_in_junit() -> None:
    """A failure is the alert's, an error the lab's; CI shows both as not passed."""
    suite = ET.fromstring(junit.render(JUDGEMENTS))
    found = {case.get("name"): [child.tag for child in case] for case in suite}
    expected = {
        "refused-replicaset": ["system-out"],
        "crash-loop": ["failure", "system-out"],
        "one-restart": ["error", "system-out"],
    }
    assert (expected, "1", "1") == (found, suite.get("failures"), suite.get("errors"))


def test_no_judgement_at_all_is_unknown() -> None:
    """An empty drill is not a passed one."""
    assert "unknown" == json.loads(json_report.render(()))["verdict"]


def test_a_long_life_is_told_by_its_end() -> None:
    """An alert that flaps is counted, and only the last of it is told step by step."""
    flapping = [
        (float(t), state) for t in range(0, 600, 60) for state in (AlertState.PENDING, AlertState.INACTIVE)
    ]
    flapping.insert(1, (30.0, AlertState.FIRING))
    told = text.render(
        [judgement("a/b", Verdict.PASS, finding(Verdict.PASS, "Good."), lives=(life(*flapping),))]
    )
    assert ("pending 10 times and firing once; the" in told, told.count("→")) == (True, 2)


def test_an_alert_nobody_speaks_of_is_told_only_if_it_fired() -> None:
    """What was pending and is no part of the story is left out; what fired never is."""
    quiet = life((1.0, AlertState.PENDING), name="quiet")
    loud = life((1.0, AlertState.FIRING), name="loud")
    told = text.render(
        [judgement("a/b", Verdict.PASS, finding(Verdict.PASS, "Good.", ""), lives=(quiet, loud))]
    )
    assert ("quiet" in told, "loud" in told) == (False, True)
