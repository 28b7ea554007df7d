"""A silent alert that reads what there is not: a metric that is misspelt is silent for ever."""

from pathlib import Path

import msgspec
import pytest

from alertdrill import incident
from alertdrill.judge import judge
from alertdrill.model import Judgement, Verdict
from alertdrill.names import AVAILABLE, REPLICAS
from alertdrill.scenario import Expectation, fires, never, pends

GOOD = incident.read(Path(__file__).parent / "good")
SILENT = """
groups:
- name: g
  rules:
  - {alert: Silent, expr: 'EXPR', for: 5m}
  - {alert: Brief, expr: 'brief_errors_total > 0'}
  - {record: 'job:made', expr: 'brief_erors_total{a="b"} + job:made'}
  - {alert: Watchdog, expr: vector(1)}
"""
READ = (AVAILABLE, REPLICAS, "k8s_deployment_spec_replcas", "brief_errors_total", "brief_erors_total", "z")
NOTHING = "; Prometheus had no series of "


def judged(expr: str, expectation: Expectation, metrics: tuple[str, ...] | None = READ) -> Judgement:
    """Return the verdict on an alert of such an expression, which was silent."""
    silent = msgspec.structs.replace(
        GOOD,
        rules=SILENT.replace("EXPR", expr),
        metrics=metrics,
        events=tuple(one for one in GOOD.events if one.data.get("alert") not in {"Mismatch", "Brief"})
        + tuple(
            msgspec.structs.replace(one, data={**one.data, "rule": "Silent"})
            for one in GOOD.events
            if one.data.get("rule") == "Mismatch"
        ),
        scenario=msgspec.structs.replace(GOOD.scenario, expect=(expectation,)),
    )
    return judge(silent)


def said(expr: str, expectation: Expectation, metrics: tuple[str, ...] | None = READ) -> str:
    """Return the failure of such an alert."""
    findings = judged(expr, expectation, metrics).findings
    (failure,) = [one for one in findings if one.verdict is not Verdict.PASS]
    return failure.sentence


SILENCE = "Silent never fired; it was not even pending"


@pytest.mark.parametrize(
    ("expr", "rest"),
    [
        (f"{REPLICAS} > 9", ""),
        (f"{AVAILABLE} < 1 unless ALERTS", ""),
        (
            "k8s_deployment_spec_replcas > 1",
            f"{NOTHING}k8s_deployment_spec_replcas, which it reads; did you mean {REPLICAS}?",
        ),
        (
            'rate(z{a="b"}[5m] offset 1h) > 1',
            f'{NOTHING}z{{a="b"}}, which it reads',
        ),
        (
            "job:made > 1",
            f'{NOTHING}brief_erors_total{{a="b"}}, which it reads; did you mean brief_errors_total?',
        ),
        (
            "z + k8s_deployment_spec_replcas > 1",
            f"{NOTHING}k8s_deployment_spec_replcas, z, which it reads; did you mean {REPLICAS}?",
        ),
    ],
)
def test_what_a_silent_alert_reads_in_vain_is_told(expr: str, rest: str) -> None:
    """With its selector, also through a recording rule, and the name that is like it, if there is one."""
    assert f"{SILENCE}{rest}" == said(expr, fires("Silent", within="8m"))


def test_an_alert_that_never_got_pending_tells_it_too() -> None:
    """It is the same mistake."""
    silence = "Silent never got pending, so its silence says nothing about the rule"
    assert f"{silence}{NOTHING}z, which it reads" == said("z > 1", pends("Silent", within="8m"))


@pytest.mark.parametrize(
    ("expr", "rest"),
    [
        (
            "k8s_deployment_spec_replcas > 1",
            f"k8s_deployment_spec_replcas, which it reads; did you mean {REPLICAS}?",
        ),
        (
            f"{AVAILABLE} < 1 unless k8s_deployment_spec_replcas",
            f"k8s_deployment_spec_replcas, which it reads; did you mean {REPLICAS}?",
        ),
        ("z > 1", "z, which it reads"),
        (
            f'{REPLICAS}{{job="monitoring/kube-apiexporter"}} > 9',
            (
                f'{REPLICAS}{{job="monitoring/kube-apiexporter"}}, which it reads;'
                ' did you mean job="monitoring/kube-api-exporter"?'
            ),
        ),
    ],
)
def test_nothing_follows_from_a_silence_that_had_nothing_to_read(expr: str, rest: str) -> None:
    """Where all that the rule reads was not there, or a word of it is nearly one that was."""
    silence = f"Silent stayed silent, from which nothing follows{NOTHING}{rest}"
    blind = judged(expr, never("Silent"))
    assert (Verdict.UNKNOWN, silence) == (blind.verdict, said(expr, never("Silent")))


def test_a_silence_that_had_something_to_read_is_noted() -> None:
    """Many a metric is there in trouble only, so it passes; what was not there is told beside that."""
    partly = judged(f"{REPLICAS} > 9 or z > 1", never("Silent"))
    note = f"Silent stayed silent, which proves little{NOTHING}z, which it reads"
    assert (Verdict.PASS, (note,)) == (partly.verdict, partly.notes)
    assert () == judged(f"{REPLICAS} > 9", never("Silent")).notes


@pytest.mark.parametrize("selector", ['{name="web2"}', '{name="shop"}', '{name!="web"}'])
def test_a_value_that_is_not_there_need_not_be_misspelt(selector: str) -> None:
    """Another number, another word, or none that is asked for: it may be there in trouble only."""
    assert Verdict.PASS == judged(f"{REPLICAS}{selector} > 9", never("Silent")).verdict


def test_an_alert_that_was_pending_had_something_to_read() -> None:
    """Nothing is to be said of what else its rule reads."""
    rules = SILENT.replace("Silent", "Mismatch").replace("EXPR", "z > 1")
    wanted = msgspec.structs.replace(GOOD.scenario, expect=(never("Mismatch"),))
    active = msgspec.structs.replace(GOOD, scenario=wanted, rules=rules, metrics=READ)
    assert () == judge(active).notes


@pytest.mark.parametrize("metrics", [None, (REPLICAS,)])
def test_what_a_recording_would_not_have_is_not_missed(metrics: tuple[str, ...] | None) -> None:
    """An older recording has only what is told of every object, and a newer one no metric of other rules."""
    assert SILENCE == said("z > 1", fires("Silent", within="8m"), metrics)
