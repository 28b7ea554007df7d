"""A recording that is cut down says what the whole one said, or is not cut."""

from pathlib import Path

import msgspec
import pytest

from alertdrill import incident, judge
from alertdrill.errors import LabError
from alertdrill.incident import Event, Incident, Series
from alertdrill.model import Verdict
from alertdrill.replay import replay
from alertdrill.replay.cut import cut

from .conftest import RECORDINGS

STRANGER = """- name: strangers
  rules:
  - alert: Stranger
    expr: stranger{job="strangers"} > 0
"""
ANOTHER = "drill-another-0000"


def strange(recorded: Incident, *events: Event) -> Incident:
    """Return a recording with a rule, a target and series that its scenario does not speak of."""
    return msgspec.structs.replace(
        recorded,
        rules=recorded.rules + STRANGER,
        events=(
            *recorded.events,
            Event(t=-60, kind="rule_health", data=_health("ok")),
            Event(t=-60, kind="scrape", data=_scrape()),
            *events,
        ),
        series=(
            *recorded.series,
            _series("stranger", job="strangers", instance="s"),
            _series("k8s_deployment_spec_replicas", exported_namespace=ANOTHER, name="web"),
        ),
        limits=msgspec.structs.replace(recorded.limits, jobs=(*recorded.limits.jobs, "strangers")),
    )


def _series(metric: str, **labels: str) -> Series:
    return Series(labels={"__name__": metric, **labels}, timestamps=(1,), values=(0.0,))


def _health(health: str) -> dict[str, str]:
    return {"group": "strangers", "rule": "Stranger", "health": health, "error": ""}


def _scrape(*down: float) -> dict[str, object]:
    times = {"first": -120.0, "last": 1e6, "down": down, "gaps": [], "samples": 100}
    return {"job": "strangers", "instance": "s", **times}


@pytest.mark.parametrize("recorded", RECORDINGS.values(), ids=RECORDINGS.keys())
def test_what_is_left_is_judged_as_the_whole_was(recorded: Incident, tmp_path: Path) -> None:
    """Sentence by sentence, live and at real durations, and it is as complete as it was."""
    whole = strange(recorded)
    small = cut(whole)
    incident.write(small, tmp_path / "small")
    assert small == incident.read(tmp_path / "small")
    assert judge.judge(whole).findings == judge.judge(small).findings
    assert Verdict.PASS is replay(small).judgement.verdict


def test_what_others_are_about_is_left_out(crash_loop: Incident) -> None:
    """Neither rules, targets nor series of alerts that it does not speak of, nor another drill's objects."""
    small = cut(strange(crash_loop))
    assert "Stranger" not in small.rules
    assert "strangers" not in {*small.limits.jobs, *(event.data.get("job") for event in small.events)}
    assert "Stranger" not in {event.data.get("rule") for event in small.events}
    names = {one.labels["__name__"] for one in small.series}
    assert "stranger" not in names
    assert ANOTHER not in {one.labels.get("exported_namespace") for one in small.series}
    assert "k8s_pod_status_restartCount" in names
    assert small == cut(small)


def test_what_fired_or_could_not_be_evaluated_is_kept(crash_loop: Incident) -> None:
    """Nobody expected it, and it is what the verdict is about."""
    data = {"alert": "Stranger", "labels": {}, "state": "firing", "annotations": {}}
    fired = cut(strange(crash_loop, Event(t=60, kind="alert", data=data)))
    assert "Stranger" in fired.rules
    assert Verdict.FAIL is judge.judge(fired).verdict
    broken = cut(strange(crash_loop, Event(t=60, kind="rule_health", data=_health("err"))))
    assert "Stranger" in broken.rules
    assert Verdict.UNKNOWN is judge.judge(broken).verdict


def test_what_would_get_another_verdict_is_not_cut(crash_loop: Incident) -> None:
    """A target that was lost makes a run unknown, and nobody may make a pass of it by leaving that out."""
    lost = Event(t=-60, kind="scrape", data=_scrape(*map(float, range(60, 600, 15))))
    with pytest.raises(LabError, match=r"what is left is pass, and all of it unknown \(the target s of"):
        cut(strange(crash_loop, lost))
