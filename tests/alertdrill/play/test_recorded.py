"""What a run records is all that its rules were evaluated on, out of a real Prometheus."""

from collections.abc import Iterator

import msgspec
import pytest

from alertdrill import engine, rules
from alertdrill.engine import Engine
from alertdrill.incident import STALE, Event, Limits, Series
from alertdrill.names import RESTARTS
from alertdrill.play import observe
from alertdrill.play.observe import Watcher, Window
from alertdrill.testing import ManualClock

FAULT = 1_700_000_000
SPEED = 20.0
WINDOW = Window(namespace="drill-a", started=FAULT - 6.0, fault_at=FAULT, ended=FAULT + 60.0, speed=SPEED)
LIMITS = Limits(
    scrape_interval=30, scrape_gap_max=120, evaluation_interval=15, jobs=("x",), canary="Watchdog"
)
RULES = """
groups:
  - name: g
    rules:
      - record: node:free
        expr: min by (node) (node_free)
      - alert: A
        expr: rate(other_total[1m]) > 0 and on () container_cpu > 0 or node:free < 1
  - name: rare
    interval: 3s
    rules:
      - alert: Rare
        expr: node_free > 0
"""


def series(name: str, times: range, own_ms: int = 0, **labels: str) -> Series:
    """Return a series with samples at these seconds since the fault, at times of its own where `own_ms`."""
    at = tuple((FAULT + t) * 1000 + own_ms for t in times)
    return Series(
        labels={"__name__": name, "instance": "i", **labels}, timestamps=at, values=(1.0,) * len(at)
    )


def given_up(one: Series) -> Series:
    """Return the series with the marker that Prometheus writes where the next scrape would have been."""
    ended = one.timestamps[-1] + 2000
    return msgspec.structs.replace(one, timestamps=(*one.timestamps, ended), values=(*one.values, STALE))


@pytest.fixture(scope="module")
def running() -> Iterator[Engine]:
    """Start a Prometheus that has scraped two jobs for two minutes, each series as long as it was there."""
    with engine.started() as one:
        one.write(
            [
                *(series("up", range(-120, 62, 2), job=job) for job in ("x", "y")),
                given_up(series("up", range(-120, 20, 2), job="gone")),
                series("up", range(-120, 20, 2), job="silent"),
                series("other_total", range(-120, 20, 2), job="y"),
                series("container_cpu", range(-120, 62, 6), own_ms=417, job="y"),
                series("node_free", range(-120, 62, 2), job="y", node="n"),
                series("node:free", range(-120, 62, 2), node="n"),
                series("nobody_reads_it", range(-120, 62, 2), job="y"),
                series(RESTARTS, range(-120, 62, 2), job="x", exported_namespace="drill-a"),
                series("scrape_duration_seconds", range(-120, 62, 2), job="x"),
                series("ALERTS", range(-120, 62, 2), alertname="Watchdog", alertstate="firing"),
                series("ALERTS", range(4, 32, 3), alertname="Rare", alertstate="firing"),
            ]
        )
        yield one


def everything(running: Engine) -> tuple[list[Series], list[Event]]:
    """Return what is recorded."""
    stated = rules.RuleSet(files={"r.yaml": rules.parse(RULES, "r.yaml")})
    watcher = Watcher(lambda: running.prometheus, ManualClock(FAULT), every=1)
    return observe.everything(running.prometheus, WINDOW, watcher, LIMITS, stated)


def recorded(running: Engine) -> dict[str, Series]:
    """Return what is recorded of job y and of what has no job, by name."""
    found, _ = everything(running)
    return {one.labels["__name__"]: one for one in found if one.labels.get("job") != "x"}


def test_everything_that_the_rules_read_is_recorded(running: Engine) -> None:
    """Of whatever job, raw; and neither what they make themselves nor what nobody reads."""
    assert ["ALERTS", "container_cpu", "node_free", "other_total", "up"] == sorted(recorded(running))


def test_it_is_recorded_from_as_far_back_as_rules_look(running: Engine) -> None:
    """What decides over the first evaluation was scraped before it: the window, and two lookbacks."""
    first = recorded(running)["other_total"].timestamps[0] / 1000 - WINDOW.started
    assert -(60 + 2 * 300 / SPEED) <= first <= -(60 + 300 / SPEED)


def test_a_series_that_ended_has_its_marker_and_one_with_own_times_has_none(running: Engine) -> None:
    """The first scrape without it ended it; the times that cAdvisor gives are no scrapes."""
    found = recorded(running)
    ended = found["other_total"]
    assert (((FAULT + 20) * 1000, "stale")) == (ended.timestamps[-1], ended.values[-1])
    assert {1.0} == set(found["container_cpu"].values)
    assert {417} == {ms % 1000 for ms in found["container_cpu"].timestamps}


def test_a_target_that_was_given_up_is_no_longer_there(running: Engine) -> None:
    """A query for it says so, and the marker is recorded; scrapes that are missing end nothing."""
    found, events = everything(running)
    ups = {one.labels["job"]: one for one in found if one.labels["__name__"] == "up"}
    assert (((FAULT + 20) * 1000, "stale")) == (ups["gone"].timestamps[-1], ups["gone"].values[-1])
    assert ((FAULT + 18) * 1000, 1.0) == (ups["silent"].timestamps[-1], ups["silent"].values[-1])
    assert [[]] * 4 == [event.data["down"] for event in events if event.kind == "scrape"]


def test_an_alert_of_a_group_with_an_interval_of_its_own_is_active_until_that_is_over(
    running: Engine,
) -> None:
    """At twenty times life a minute is three seconds; the other groups are evaluated four times in it."""
    _, events = everything(running)
    told = [
        (event.t, event.data["state"])
        for event in events
        if event.kind == "alert" and event.data["alert"] == "Rare"
    ]
    assert [(80.0, "firing"), (680.0, "inactive")] == told
