"""Where series end that come without their markers, as Thanos and others give them to queries."""

import pytest

from alertdrill.backtest import ends
from alertdrill.backtest.ends import Labels
from alertdrill.incident import STALE, Series

from .conftest import Front, Runner

UP = """
groups:
- name: g
  interval: 500ms
  rules:
  - {alert: There, expr: up}
  - {alert: Lost, expr: up offset 2s unless up}
"""


def series(name: str, *times: int, job: str = "web") -> Series:
    """Return a series of a target, in seconds."""
    labels = {"__name__": name, "job": job, "instance": "1"}
    return Series(labels=labels, timestamps=tuple(1000 * t for t in times), values=(1.0,) * len(times))


def up(job: str) -> Labels:
    """Return the `up` of a job."""
    return tuple(sorted(series("up", job=job).labels.items()))


class Server:
    """Says which of some `up` are there at a time; `asked` are the times."""

    def __init__(self, *jobs: str) -> None:
        self.asked: list[float] = []
        self._there = frozenset(map(up, jobs))

    def there(self, at: float) -> frozenset[Labels]:
        """Return them."""
        self.asked.append(at)
        return self._there


def test_a_series_ends_where_a_scrape_came_without_it() -> None:
    """The scrape of its target that no longer had it has a marker; whoever has no target is told of."""
    notes: list[str] = []
    server = Server()
    ups, used, lone = ends.marked(
        [series("up", 0, 15, 30, 45), series("used", 0, 15), series("lone", 0, 15, job="batch")],
        server.there,
        notes,
    )
    assert (1.0, 1.0, STALE) == used.values
    assert (0, 15_000, 30_000) == used.timestamps
    assert (4, 2) == (len(ups.values), len(lone.values))
    assert ["of 1 series it is not known when they ended"] == [one.partition(",")[0] for one in notes]
    assert [] == server.asked


@pytest.mark.parametrize("later", [(), (90, 105, 120)])
def test_a_target_that_was_given_up_ends_with_all_it_had(later: tuple[int, ...]) -> None:
    """Where `up` pauses the server is asked a moment later; markers are where the next scrape was due."""
    server, notes = Server("other"), list[str]()
    given_up = [series(name, 0, 15, 30, *later) for name in ("up", "used")]
    other = series("up", *range(0, 121, 15), job="other")
    *ended, untouched = ends.marked([*given_up, other], server.there, notes)
    for one in ended:
        assert (45_000, STALE) == (one.timestamps[3], one.values[3])
        assert len(later) == len(one.values[4:])
    assert other == untouched
    assert ([60.0], []) == (server.asked, notes)


def test_a_target_that_was_given_up_amid_a_scrape_ends_one_later() -> None:
    """Of that scrape nothing is left, and by its marker it is there for so long: it is asked about again."""
    asked: list[float] = []

    def there(at: float) -> frozenset[Labels]:
        asked.append(at)
        return frozenset({up("web"), up("other")} if at <= 60 else {up("other")})

    other = series("up", *range(0, 121, 15), job="other")
    ended, _ = ends.marked([series("up", 0, 15, 30), other], there, [])
    assert (60_000, STALE) == (ended.timestamps[-1], ended.values[-1])
    assert [60.0, 75.0] == asked


def test_a_target_that_is_still_there_was_not_given_up() -> None:
    """A server that was down itself still looks back at `up`; about a late scrape it is not asked."""
    server, notes = Server("web", "other"), list[str]()
    down = [series("up", 0, 15, 30, 90, 105, 120), series("up", 0, 15, 30, 60, 75, 90, 105, 120, job="other")]
    assert down == list(ends.marked(down, server.there, notes))
    assert ([60.0, 75.0], []) == (server.asked, notes)


def test_targets_that_pause_together_are_asked_about_at_once() -> None:
    """Their scrapes are at times of their own within an interval, so that two questions do for many."""
    server = Server()
    rest = series("up", *range(0, 121, 15), job="rest")
    ups = [series("up", *range(number, 40, 15), job=f"j{number}") for number in range(10)]
    found = list(ends.marked([*ups, rest], server.there, []))
    assert [STALE] * 10 == [one.values[-1] for one in found[:10]]
    assert 2 == len(server.asked)


def test_who_was_scraped_once_ends_at_the_usual_distance() -> None:
    """Of one scrape no distance is known: it is that of the others."""
    found = list(ends.marked([series("up", 0), series("up", *range(0, 91, 15), job="o")], Server().there, []))
    assert (0, 15_000) == found[0].timestamps


def test_what_is_asked_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of targets beyond that it is told that nobody asked."""
    monkeypatch.setattr(ends, "QUESTIONS_MAX", 1)
    server = Server()
    ups = [series("up", *range(0, 15 * number, 15), job=f"j{number}") for number in (2, 9, 20)]
    notes: list[str] = []
    assert [3, 9, 20] == [len(one.values) for one in ends.marked(ups, server.there, notes)]
    assert 1 == len(server.asked)
    assert ["`up` pauses or ends 2 times, and whether targets were given up was asked of 1 only"] == [
        one.partition(";")[0] for one in notes
    ]


def test_queries_and_streams_say_the_same_of_a_target_that_was_given_up(run: Runner, front: Front) -> None:
    """Before a real server: what reads `up` comes to the same states, although no marker comes with it."""
    front.answer = lambda path, _body: (404, {}, b"no such page") if path == "read" else None
    streamed, queried = run(UP).result, run(UP, url=front.url)
    assert "query" == queried.plan.way
    assert {"Lost": 1} == {one.name: one.noise.fired for one in streamed.alerts if one.name == "Lost"}
    assert [one.noise for one in streamed.alerts] == [one.noise for one in queried.result.alerts]
    assert [] == [one for one in queried.result.notes if "`up`" in one]
