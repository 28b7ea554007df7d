"""Whose absence makes a run unknown: of those that its alerts read, that others read, that none reads."""

from pathlib import Path
from typing import Any

import msgspec

from alertdrill import incident
from alertdrill.incident import Event, Series
from alertdrill.judge import judge
from alertdrill.model import Judgement, Verdict

FAIL, PASS, UNKNOWN = Verdict.FAIL, Verdict.PASS, Verdict.UNKNOWN
GOOD = incident.read(Path(__file__).parent / "good")
JOB = GOOD.limits.jobs[0]
SCRAPE = next(event for event in GOOD.events if event.kind == "scrape")


def scrape(**changes: Any) -> Event:
    """Return the event of the target, with other data."""
    return msgspec.structs.replace(SCRAPE, data={**SCRAPE.data, **changes})


def said(judgement: Judgement, verdict: Verdict) -> list[str]:
    """Return the sentences with this verdict."""
    return [finding.sentence for finding in judgement.findings if finding.verdict is verdict]


TWO_JOBS = """
groups:
- name: g
  rules:
  - {alert: Mismatch, expr: 'mismatch{job="monitoring/kube-api-exporter"} > 0', for: 5m}
  - {alert: Brief, expr: 'brief{job="monitoring/kube-api-exporter"} > 0', for: 5m}
  - {alert: Other, expr: 'other > 0'}
  - {alert: Else, expr: 'up{job!="x"} == 0 or scrape_duration_seconds > 9 or else{job="apiserver"} > 0'}
  - {alert: Watchdog, expr: vector(1)}
"""
JOBS = msgspec.structs.replace(GOOD.limits, jobs=(JOB, "apiserver", "kubernetes-nodes"))
ELSE = Event(t=-9, kind="rule_health", data={"group": "g", "rule": "Else", "health": "ok", "error": ""})


def of_jobs(*scrapes: Event, touches: tuple[str, ...] = (), **changes: Any) -> Judgement:
    """Judge a recording of three jobs, two of which were scraped so."""
    scenario = msgspec.structs.replace(GOOD.scenario, touches=touches)
    given = {"scenario": scenario, "rules": TWO_JOBS, "limits": JOBS, **changes}
    return judge(msgspec.structs.replace(GOOD, events=(*GOOD.events, ELSE, *scrapes), **given))


def test_a_job_of_alerts_that_are_not_named_may_miss_a_scrape() -> None:
    """It must be scraped; but a scrape that fails touches no alert that the scenario speaks of."""
    kubelet = scrape(job="kubernetes-nodes")
    assert PASS is of_jobs(kubelet, scrape(job="apiserver", down=[60.0])).verdict
    hole = of_jobs(kubelet, scrape(job="apiserver", gaps=[[60.0, 120.0]]))
    assert ["the target 10.0.0.1:8080 of the job apiserver was not scraped from 1m to 2m"] == said(
        hole, UNKNOWN
    )
    (missing,) = said(of_jobs(kubelet), UNKNOWN)
    assert missing.startswith(
        f"no target of the job apiserver was scraped; jobs that were scraped: kubernetes-nodes, {JOB}; "
    )


STAYS_DOWN = (
    scrape(job="apiserver"),
    scrape(job="kubernetes-nodes", down=[60.0, 90.0, 120.0]),
)


def reading(expr: str) -> str:
    """Return the rules with an alert that reads this, too, and that the scenario does not name."""
    return TWO_JOBS.replace('else{job="apiserver"} > 0', f'else{{job="apiserver"}} > 0 or {expr}')


def fired(**labels: str) -> list[Event]:
    """Return the events of an alert of these labels that nobody expects."""
    states = (60, "pending"), (660, "firing")
    data = {"alert": "Else", "labels": labels}
    return [Event(t=t, kind="alert", data={**data, "state": state}) for t, state in states]


def test_a_job_that_nobody_took_down_and_that_stays_down_is_trouble_of_the_lab() -> None:
    """A kubelet that has no time to answer says of the machine, not of any rule; its alert is no failure."""
    down = "the target 10.0.0.1:8080 of the job kubernetes-nodes was down from 1m to 2m, which nobody did"
    made = """  - {record: 'node:heat', expr: 'heat{job="kubernetes-nodes"}'}\n"""
    for rules in (
        reading('heat{job="kubernetes-nodes"} > 0'),
        reading('up{job="kubernetes-nodes"} == 0'),
        reading("node:heat > 0") + made,
    ):
        (busy,) = said(of_jobs(*STAYS_DOWN, rules=rules), UNKNOWN)
        assert busy.startswith(f"{down}: nothing follows from the silence of Else; play it on a machine")
        assert PASS is of_jobs(*STAYS_DOWN, touches=("kubelet",), rules=rules).verdict


def test_a_job_that_no_alert_reads_may_stay_down_and_that_is_told() -> None:
    """What only dashboards show makes no silence worthless; nobody is told of what is meant to be down."""
    found = of_jobs(*STAYS_DOWN)
    sentence = (
        "the target 10.0.0.1:8080 of the job kubernetes-nodes was down from 1m to 2m, and no alert reads what"
        " it tells"
    )
    assert (PASS, (sentence,)) == (found.verdict, found.notes)
    assert () == of_jobs(*STAYS_DOWN, touches=("kubelet",)).notes


def test_a_job_is_read_by_alerts_that_name_none() -> None:
    """Whose series are of that job, or may be; one that fires and may be about it counts, too."""
    heat = Series(labels={"__name__": "heat", "job": "kubernetes-nodes"}, timestamps=(), values=())
    never_up = scrape(job="kubernetes-nodes", down=[60.0, 90.0, 120.0], samples=3)
    for found in (
        of_jobs(*STAYS_DOWN, series=(*GOOD.series, heat), rules=reading("heat > 0")),
        of_jobs(*STAYS_DOWN, rules=reading('{a="b"} > 0')),
        of_jobs(STAYS_DOWN[0], never_up),
        of_jobs(*STAYS_DOWN, *fired(job="kubernetes-nodes")),
        of_jobs(*STAYS_DOWN, *fired()),
    ):
        (busy,) = said(found, UNKNOWN)
        assert "kubernetes-nodes was down from 1m to 2m, which nobody did" in busy


def test_an_alert_that_asks_of_another_job_fires_for_no_target_of_this_one() -> None:
    """Whether or not it has a label of the job: it is what it is, here a failure."""
    named = TWO_JOBS.replace('up{job!="x"} == 0 or scrape_duration_seconds > 9 or ', "")
    assert FAIL is of_jobs(*STAYS_DOWN, *fired(), rules=named).verdict


def test_what_an_alert_reads_through_recording_rules_is_its_own() -> None:
    """One scrape of it that fails may start its `for` anew, as if the alert named the job itself."""
    through = TWO_JOBS.replace('brief{job="monitoring/kube-api-exporter"} > 0', "node:brief > 0")
    through += """  - {record: 'node:brief', expr: 'brief{job="apiserver"}'}\n"""
    scrapes = scrape(job="apiserver", down=[60.0]), scrape(job="kubernetes-nodes")
    assert PASS is of_jobs(*scrapes).verdict
    assert UNKNOWN is of_jobs(*scrapes, rules=through).verdict


def test_a_job_that_the_scenario_takes_down_is_not_missed() -> None:
    """That is what it is about, or what one beside it is about; only who says so may."""
    scrapes = scrape(job="apiserver"), scrape(job="kubernetes-nodes", gaps=[[60.0, 400.0]])
    assert UNKNOWN is of_jobs(*scrapes).verdict
    assert PASS is of_jobs(*scrapes, touches=("kubelet",)).verdict
    assert PASS is of_jobs(*scrapes, disturbed=("kubelet",)).verdict
