"""Recordings that stand between two gates: what is said is the same, and only what differs is asked."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from alertdrill import engine, gate, rules
from alertdrill.engine import Engine
from alertdrill.gate import Standing, held
from alertdrill.incident import Incident, Series
from alertdrill.machine.daemon import find
from alertdrill.rules import RuleSet

Ruled = Callable[..., RuleSet]
READS_A_RECORD = (
    "groups: [{{name: g, rules: [{{record: 'pod:restarts', expr: 'rate(k8s_pod_status_restartCount[{}])'}},"
    " {{alert: A, expr: 'pod:restarts > 0', for: 1h}}]}}]"
)


@pytest.fixture
def crash_loop(recordings: list[Incident]) -> list[Incident]:
    """Return the recording on which rules of restarts move."""
    return [one for one in recordings if one.scenario.name == "pods/crash-loop"]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Engine]:
    """Return the engines that are started from now on."""
    every: list[Engine] = []
    start = engine.started

    @contextmanager
    def noted() -> Iterator[Engine]:
        with start() as running:
            every.append(running)
            yield running

    monkeypatch.setattr(engine, "started", noted)
    return every


def processes(engines: list[Engine]) -> list[int]:
    """Return the engines' processes that are there still."""
    return [pid for one in engines for pid in find(f"--config.file={one.folder}/prometheus.yml")]


def recorded(window: str) -> RuleSet:
    """Return an alert that reads a recording rule of a window."""
    return RuleSet(files={"r.yaml": rules.parse(READS_A_RECORD.format(window), "r.yaml")})


def test_each_save_is_told_as_if_it_were_the_only_one(
    ruled: Ruled, crash_loop: list[Incident], started: list[Engine]
) -> None:
    """One engine is asked again and again, says what a new one says each time, and ends in the end."""
    saves = [
        ruled("for: 1h", "for: 40m"),
        ruled("[10m]) > 0", "[1m]) > 1/(5*60)"),
        ruled("alert: PodRestartingTooMuch", "alert: PodRestarts"),
        ruled("keeps restarting", "restarts"),
        ruled(),
    ]
    apart = [gate.gate(ruled(), new, crash_loop) for new in saves]
    started.clear()
    with Standing() as standing:
        standing.ready(old := ruled(), crash_loop)
        assert apart == [gate.gate(old, new, crash_loop, hold=standing.case) for new in saves]
        assert (1, 1) == (len(started), len(processes(started)))
    assert [] == processes(started)


def test_only_what_differs_is_asked(
    ruled: Ruled, crash_loop: list[Incident], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queries of a save are those of the rule that was changed."""
    asked: list[str] = []
    ask = Engine.ask

    def noted(running: Engine, promql: str, **said: float) -> list[Series]:
        asked.append(promql)
        return ask(running, promql, **said)

    with Standing() as standing:
        standing.ready(old := ruled(), crash_loop)
        monkeypatch.setattr(Engine, "ask", noted)
        gate.gate(old, ruled("[10m]) > 0", "[9m]) > 0"), crash_loop, hold=standing.case)
    assert ['rate(k8s_pod_status_restartCount{job="monitoring/kube-api-exporter"}[9m]) > 0'] == asked


def test_what_an_earlier_save_recorded_is_not_read(crash_loop: list[Incident], started: list[Engine]) -> None:
    """A recording rule that is changed twice is read as it is now."""
    old = recorded("1m")
    with Standing() as standing:
        found = [
            gate.gate(old, recorded(window), crash_loop, hold=standing.case)
            for window in ("10m", "2m", "10m")
        ]
    assert [("now-fires",), (), ("now-fires",)] == [tuple(one.kind for one in each.changes) for each in found]
    assert 1 == len(started)


def test_an_engine_that_ended_is_started_anew(
    ruled: Ruled, crash_loop: list[Incident], started: list[Engine]
) -> None:
    """Whatever killed it between two saves, the next one is told."""
    old, new = ruled(), ruled("for: 1h", "for: 40m")
    with Standing() as standing:
        standing.ready(old, crash_loop)
        (process,) = processes(started)
        os.kill(process, signal.SIGKILL)
        assert gate.gate(old, new, crash_loop) == gate.gate(old, new, crash_loop, hold=standing.case)
        assert 1 == len(processes(started))


def test_rules_that_are_stretched_otherwise_have_an_engine_of_their_own(
    crash_loop: list[Incident], started: list[Engine]
) -> None:
    """What a rule takes to keep its own pace counts more there; taken back, that engine ends."""
    text = "groups: [{name: g, rules: [{alert: A, expr: 'rate(other_total[10m]) > 5', for: 1h}]}]"
    other = RuleSet(files={"o.yaml": rules.parse(text, "o.yaml")})
    old = recorded("1m")
    with Standing() as standing:
        standing.ready(old, crash_loop)
        gate.gate(old, other, crash_loop, hold=standing.case)
        assert 2 == len(processes(started))
        gate.gate(old, recorded("10m"), crash_loop, hold=standing.case)
        assert 1 == len(processes(started))


def test_no_more_engines_stand_than_a_machine_bears(
    ruled: Ruled, recordings: list[Incident], started: list[Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recordings beyond that are told as well, each by an engine that ends at once."""
    monkeypatch.setattr(held, "STANDING_MAX", 1)
    with Standing() as standing:
        standing.ready(old := ruled(), recordings)
        new = ruled("for: 1h", "for: 40m")
        assert gate.gate(old, new, recordings) == gate.gate(old, new, recordings, hold=standing.case)
        assert 1 == len(processes(started))
