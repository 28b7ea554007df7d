"""What Prometheus says, as events."""

import msgspec
import pytest

from alertdrill.errors import LabError, TransientError
from alertdrill.faults import crash_container
from alertdrill.incident import Limits, Series
from alertdrill.model import AlertState, Change, Life
from alertdrill.names import RESTARTS
from alertdrill.play import observe
from alertdrill.play.observe import Watcher, Window, workload_series
from alertdrill.prometheus import AlertInstance, Prometheus, RuleState
from alertdrill.scenario import Scenario
from alertdrill.testing import FakePrometheus, ManualClock

WINDOW = Window(namespace="drill-a", started=90.0, fault_at=100.0, ended=130.0, speed=20.0)
LIMITS = Limits(
    scrape_interval=15, scrape_gap_max=60, evaluation_interval=15, jobs=("monitoring/x",), canary="Watchdog"
)


class Scripted(Prometheus):
    """A server that gives the next answer each time its rules are asked for."""

    def __init__(self, *answers: list[RuleState]) -> None:
        super().__init__("http://127.0.0.1:1")
        self.answers = list(answers)

    def rules(self) -> list[RuleState]:
        """Give the next answer."""
        return self.answers.pop(0)


def rule(health: str, *alerts: AlertInstance) -> RuleState:
    """Return a rule's state."""
    return RuleState(group="g", name="A", health=health, error="", alerts=alerts)


def loop(lives: str) -> Scenario:
    """Return a scenario whose container lives for a while before each end."""
    fault = crash_container("deployment/web", container="app", lives=lives)
    return Scenario(name="a/b", why="", workload="web", hold="1h", expect=(), fault=fault)


def watched(*answers: list[RuleState]) -> Watcher:
    """Return a watcher that has looked once per answer, ten seconds apart from t = 80."""
    server, clock = Scripted(*answers), ManualClock(80.0)
    watcher = Watcher(lambda: server, clock, every=1)
    for _ in answers:
        watcher.look(server)
        clock.sleep(10)
    return watcher


def test_rule_time_counts_from_the_fault_and_runs_faster() -> None:
    """A live second is twenty seconds of rule time, and the fault is at zero."""
    assert (-200.0, 0.0, 600.0) == tuple(WINDOW.rule_time(live) for live in (90.0, 100.0, 130.0))


def test_health_is_told_at_the_start_of_a_window_and_when_it_changes() -> None:
    """What was so before the window opened is told at its start; what stays the same is not told again."""
    events = list(
        observe.health_events(watched([rule("ok")], [rule("ok")], [rule("ok")], [rule("err")]), WINDOW)
    )
    assert [(-200.0, "ok"), (200.0, "err")] == [(event.t, event.data["health"]) for event in events]


def test_a_change_of_health_after_the_window_is_not_told() -> None:
    """What happened to the lab after a run ended is not that run's trouble."""
    late = watched([rule("ok")], *([[rule("ok")]] * 5), [rule("err")])
    assert ["ok"] == [event.data["health"] for event in observe.health_events(late, WINDOW)]


def test_annotations_are_those_of_the_instance() -> None:
    """An alert's event carries the annotations that Prometheus rendered for this very instance."""
    labels = {"alertname": "A", "name": "web"}
    instance = AlertInstance(labels=labels, annotations={"summary": "web is down"}, state="firing")
    life = Life(alert="A", labels={"name": "web"}, changes=(Change(t=-400, state=AlertState.FIRING),))
    other = Life(alert="A", labels={"name": "db"}, changes=(Change(t=2, state=AlertState.FIRING),))
    events = list(observe.alert_events([life, other], watched([rule("ok", instance)]), WINDOW))
    assert [{"summary": "web is down"}, {}] == [event.data["annotations"] for event in events]


def test_annotations_are_those_of_the_time() -> None:
    """Each event has the first text of its state, of what is over the last; no later look changes one."""
    said = [("pending", "2 of 3"), ("pending", "1 of 3"), ("firing", "0 of 3"), ("firing", "1 of 3")]
    looks = [
        [rule("ok", AlertInstance(labels={"name": "web"}, annotations={"summary": text}, state=state))]
        for state, text in said
    ]
    again = [
        [rule("ok", AlertInstance(labels={"name": "web"}, annotations={"summary": "again"}, state="firing"))]
    ]
    times = ((-500, AlertState.PENDING), (-10, AlertState.FIRING), (395, AlertState.INACTIVE))
    changes = [Change(t=t, state=state) for t, state in (*times, (590, AlertState.FIRING))]
    life = Life(alert="A", labels={"name": "web"}, changes=tuple(changes))
    events = observe.alert_events([life], watched(*looks, [rule("ok")], *again), WINDOW)
    assert ["2 of 3", "0 of 3", "1 of 3", "again"] == [
        event.data["annotations"]["summary"] for event in events
    ]


def test_what_nobody_saw_firing_has_no_annotations() -> None:
    """What it said while it waited may have had another value in it."""
    waiting = AlertInstance(labels={}, annotations={"summary": "2 of 3"}, state="pending")
    times = ((-390, AlertState.PENDING), (-300, AlertState.FIRING), (-285, AlertState.INACTIVE))
    life = Life(alert="A", labels={}, changes=tuple(Change(t=t, state=state) for t, state in times))
    events = observe.alert_events([life], watched([rule("ok", waiting)], [rule("ok")]), WINDOW)
    summary = {"summary": "2 of 3"}
    assert [summary, {}, summary] == [event.data["annotations"] for event in events]


def test_a_target_tells_its_failed_and_missing_scrapes_in_rule_time() -> None:
    """A scrape that failed is `down`; two scrapes too far apart are a gap."""
    up = Series(
        labels={"__name__": "up", "job": "j", "instance": "i"},
        timestamps=(99_000, 100_000, 105_000, 106_000),
        values=(1.0, 0.0, 1.0, 1.0),
    )
    (event,) = observe.scrape_events([up], WINDOW, LIMITS)
    assert ([0.0], [[0.0, 100.0]], -20.0, 120.0, 4) == tuple(
        event.data[name] for name in ("down", "gaps", "first", "last", "samples")
    )


@pytest.mark.parametrize(("lives", "promised"), [("0s", (200, 300, 400)), ("20s", (220, 320, 420))])
def test_the_cadence_is_the_pauses_between_restarts_in_rule_time(
    lives: str, promised: tuple[float, float, float]
) -> None:
    """Restarts 15 live seconds apart, twenty times as fast as life, are 300 s apart.

    What lives for a while before it ends takes as much longer in life, too.
    """
    restarts = Series(
        labels={"__name__": RESTARTS},
        timestamps=(100_000, 101_000, 116_000, 117_000, 131_000),
        values=(0.0, 1.0, 2.0, "stale", 3.0),
    )
    other = Series(labels={"__name__": "else"}, timestamps=(1, 2), values=(1.0, 2.0))
    found = observe.cadence([restarts, other], WINDOW, loop(lives))
    assert found
    assert (300.0, 300.0) == found.measured
    assert promised == (found.low, found.promised, found.high)


def test_what_is_no_crash_loop_has_no_cadence() -> None:
    """One restart is no pace."""
    assert observe.cadence([], WINDOW, msgspec.structs.replace(loop("0s"), fault=None)) is None


def test_a_first_look_that_fails_is_repeated() -> None:
    """A session does not end because the forward to Prometheus was just coming back."""
    answers: list[Prometheus | LabError] = [TransientError("no connection"), Scripted([rule("ok")])]

    def prometheus() -> Prometheus:
        answer = answers.pop(0)
        if isinstance(answer, LabError):
            raise answer
        return answer

    clock = ManualClock(80.0)
    with Watcher(prometheus, clock, every=60) as watcher:
        assert [(81.0, rule("ok"))] == watcher.health


def test_a_first_look_that_is_refused_is_said_at_once() -> None:
    """What asking again does not mend is not asked again."""

    def prometheus() -> Prometheus:
        raise LabError("it answered 403")

    clock = ManualClock()
    with pytest.raises(LabError, match="it answered 403"), Watcher(prometheus, clock, every=60):
        pass
    assert [] == clock.slept


class Asked(Prometheus):
    """A server that has no series and remembers what was asked."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1")
        self.queries: list[str] = []

    def samples(self, selector: str, *, start: float, end: float) -> list[Series]:
        """Remember the query."""
        assert (WINDOW.started, WINDOW.ended) == (start, end)
        self.queries.append(selector)
        return []


def test_alerts_are_the_scenarios_own_by_either_namespace_and_those_of_no_scenario() -> None:
    """What another scenario's pods caused stays out, also where no rule says whose object it is about."""
    server = Asked()
    observe.alert_series(server, WINDOW)
    assert [
        'ALERTS{exported_namespace!~"drill-.*",namespace!~"drill-.*"}',
        'ALERTS{exported_namespace="drill-a"}',
        'ALERTS{namespace="drill-a",exported_namespace!="drill-a"}',
    ] == server.queries


def test_a_series_that_is_about_the_namespace_and_scraped_in_it_is_recorded_once() -> None:
    """A recording in which a series stands twice is refused as damaged."""
    asked: list[str] = []

    class Asked(FakePrometheus):
        def samples(self, selector: str, *, start: float, end: float) -> list[Series]:
            """Remember what was asked."""
            del start, end
            asked.append(selector)
            return []

    assert [] == workload_series(Asked(), WINDOW)
    assert [
        '{__name__!="ALERTS",exported_namespace="drill-a"}',
        '{__name__!~"ALERTS|up",namespace="drill-a",exported_namespace!="drill-a"}',
    ] == asked
