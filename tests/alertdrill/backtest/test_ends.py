"""Where series end that come without their markers, as Thanos and others give them to queries."""

from alertdrill.backtest import history
from alertdrill.incident import STALE, Series


def series(name: str, *times: int, job: str = "web") -> Series:
    """Return a series of a target, in seconds."""
    labels = {"__name__": name, "job": job, "instance": "1"}
    return Series(labels=labels, timestamps=tuple(1000 * t for t in times), values=(1.0,) * len(times))


def test_a_series_ends_where_a_scrape_came_without_it() -> None:
    """The scrape of its target that no longer had it has a marker; whoever has no target is told of."""
    notes: list[str] = []
    up, used, lone = history.ended(
        [series("up", 0, 15, 30, 45), series("used", 0, 15), series("lone", 0, 15, job="batch")], notes
    )
    assert (1.0, 1.0, STALE) == used.values
    assert (0, 15_000, 30_000) == used.timestamps
    assert (4, 2) == (len(up.values), len(lone.values))
    assert ["of 1 series it is not known when they ended"] == [one.partition(",")[0] for one in notes]


def test_a_target_that_is_gone_is_told_of() -> None:
    """Whether `up` itself ended by a marker no scrape tells; a scrape that came late is no end."""
    for gone in (series("up", 0, 15, 30), series("up", 0, 15, 30, 90, 105, 120)):
        notes: list[str] = []
        list(history.ended([gone, series("up", *range(0, 121, 15), job="other")], notes))
        assert ["`up` pauses or ends for 1 of 2 targets"] == [one.partition(",")[0] for one in notes]
    late: list[str] = []
    list(history.ended([series("up", 0, 15, 30, 60, 75)], late))
    assert [] == late
