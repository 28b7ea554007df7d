"""Where series end that come without their staleness markers, as Thanos and others give them to queries.

A series ended where a scrape of its target came without it. Whether a target was given up no scrape tells:
where `up` pauses the server is asked for it a moment later. There `up` still counts if scrapes are missing
only, and does not if a marker ended it, which Prometheus puts where the next scrape would have been.
"""

import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from alertdrill.backtest import raw
from alertdrill.backtest.server import Server
from alertdrill.errors import LabError
from alertdrill.incident import Series, timeline

PAUSE = 2.5  # times the usual distance of scrapes
ASKED = (1.5, 2.0)  # so many distances after the last scrape it is asked whether `up` is there
QUESTIONS_MAX = 300  # each is answered with every `up` there is

Labels = tuple[tuple[str, str], ...]
There = Callable[[float], frozenset[Labels]]  # which `up` are there at a time, in seconds since the epoch


class Pause(NamedTuple):
    """A target whose scrapes pause, or end; times are milliseconds.

    `last` is the scrape before, `marker` where the next one would have been that was not lost; from `since`
    to `until` it may be asked about.
    """

    up: Labels
    target: tuple[str, str]
    last: int
    marker: int
    since: int
    until: int


class Scrapes(NamedTuple):
    """When each target was scraped, and given up; how often `up` pauses, and how often nobody asked why."""

    times: dict[tuple[str, str], list[int]]
    pauses: int
    unasked: int

    def of(self, series: Series) -> list[int] | None:
        """Return those of the target of a series, None where it has no `up`."""
        return self.times.get(_target(series))


def scrapes(series: Sequence[Series], there: There) -> Scrapes:
    """Return when the targets were scraped of which there is an `up` among the series."""
    times = {_target(one): list(one.timestamps) for one in series if one.labels.get("__name__") == "up"}
    pauses = list(_pauses(series))
    questions = iter(range(QUESTIONS_MAX))
    given_up, unasked = _given_up(pauses, there, questions)
    # One that was under way when its target was given up left nothing: then the marker comes a scrape later.
    known = {(one.up, one.last) for one in given_up}
    longer = [one for one in _pauses(series, lost=1) if (one.up, one.last) not in known]
    for one in (*given_up, *_given_up(longer, there, questions)[0]):
        times[one.target].append(one.marker)
    return Scrapes({target: sorted(those) for target, those in times.items()}, len(pauses), unasked)


def marked(series: Iterable[Series], there: There, notes: list[str]) -> Iterator[Series]:
    """Put markers where series end; what is not known of their ends goes to the notes."""
    every = list(series)
    scraped = scrapes(every, there)
    unmarked = 0
    for each in every:
        times = scraped.of(each)
        unmarked += times is None
        yield (
            each
            if times is None
            else timeline.mark_stale(each, [ms for ms in times if ms >= each.timestamps[0]])
        )
    if unmarked:
        notes.append(
            f"of {unmarked} series it is not known when they ended, since there is no `up` of their job"
            " and instance; they are taken for there for 5 minutes more"
        )
    if scraped.unasked:
        notes.append(
            f"`up` pauses or ends {scraped.pauses} times, and whether targets were given up was asked of"
            f" {scraped.pauses - scraped.unasked} only; of the rest it is taken for there for 5 minutes more"
        )


def there(server: Server, at: float) -> frozenset[Labels]:
    """Return which `up` are there at a time."""
    what = "asking which targets were given up"
    data = server.json(what, "query", {"query": "up", "time": f"{at:.3f}", **raw.WHOLE})
    try:
        return frozenset(_labels(one["metric"]) for one in data["result"])
    except (KeyError, TypeError, AttributeError) as error:
        raise LabError(f"{what}: looked for a `result` of series, each with its labels") from error


def _given_up(pauses: Iterable[Pause], there: There, questions: Iterator[int]) -> tuple[list[Pause], int]:
    """Return the pauses that a marker began, and of how many nobody asked for want of questions."""
    moments = _moments(pauses)
    found = []
    for _, those in zip(questions, moments, strict=False):
        seen = there(those[0].until / 1000)
        found += [one for one in those if one.up not in seen]
    return found, sum(map(len, moments))


def _moments(pauses: Iterable[Pause]) -> Iterator[list[Pause]]:
    """Yield pauses that can be asked about at once, when the first of them ends."""
    group: list[Pause] = []
    for one in sorted(pauses, key=lambda pause: pause.until):
        if group and one.since > group[0].until:
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _pauses(series: Sequence[Series], lost: int = 0) -> Iterator[Pause]:
    """Yield where more than one scrape in a row is missing beside those lost, until the last of all."""
    ups = [one for one in series if one.labels.get("__name__") == "up"]
    last = max((one.timestamps[-1] for one in ups), default=0)
    distances = {_labels(one.labels): _distance(one.timestamps) for one in ups}
    usual = statistics.median([one for one in distances.values() if one] or [0])
    for up in ups:
        labels = _labels(up.labels)
        distance = distances[labels] or usual
        for before, after in pairwise((*up.timestamps, last)):
            if after - before > (PAUSE + lost) * distance > 0:
                marker, since, until = (round(before + (lost + part) * distance) for part in (1.0, *ASKED))
                yield Pause(labels, _target(up), before, marker, since, until)


def _distance(times: Sequence[int]) -> float:
    """Return the usual distance of scrapes, 0 where there was but one."""
    return statistics.median([later - earlier for earlier, later in pairwise(times)] or [0])


def _labels(labels: dict[str, str]) -> Labels:
    return tuple(sorted(labels.items()))


def _target(series: Series) -> tuple[str, str]:
    return series.labels.get("job", ""), series.labels.get("instance", "")
