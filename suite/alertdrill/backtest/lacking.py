"""Of what rules read a history has no data: all the time, or at its beginning."""

from collections.abc import Mapping
from typing import Protocol

from alertdrill.backtest import needs
from alertdrill.backtest.needs import Needs
from alertdrill.backtest.raw import moment
from alertdrill.backtest.selector import Selector
from alertdrill.engine import Engine
from alertdrill.rules import Rule

LATE_SHARE = 0.05  # of the time; who has no data for longer is told of
BISECTIONS = 10


class Span(Protocol):
    """A time, in seconds since the epoch."""

    @property
    def start(self) -> float:
        """Return when it begins."""

    @property
    def end(self) -> float:
        """Return when it ends."""


def found(running: Engine, those: Needs, first: float, asked: Span) -> dict[Selector, str]:
    """Return each selector without data, with since when there is some, "" where there is none at all.

    `first` is when the first sample may be that counts.
    """
    lacking: dict[Selector, str] = {}
    in_time = asked.start + LATE_SHARE * (asked.end - asked.start)
    for selector in {one.selector for each in those.of_rules.values() for one in each}:
        # So it is nearly always, and then there is nothing else to ask.
        if running.prometheus.has(str(selector), start=first, end=in_time):
            continue
        if running.prometheus.has(str(selector), start=first, end=asked.end):
            lacking[selector] = moment(_since(running, selector, first, in_time, asked.end) * 1000)
        else:
            lacking[selector] = ""
    return lacking


def _since(running: Engine, selector: Selector, first: float, low: float, high: float) -> float:
    """Return from when on there is data, which is after one time and before the other."""
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if running.prometheus.has(str(selector), start=first, end=middle):
            high = middle
        else:
            low = middle
    return high


def of(
    those: Needs, rule: Rule, lacking: Mapping[Selector, str], allowed: frozenset[str]
) -> tuple[list[str], list[str]]:
    """Return the selectors of a rule of which there is nothing, and what else is to be said.

    Nothing is missed of what a rule asks for the absence of, nor of the metrics that are `allowed` to lack.
    """
    read = those.of_rules.get(needs.key(rule), ())
    about_absence = {one.selector for one in read if one.may_lack}
    missing, notes = [], []
    for selector in dict.fromkeys(one.selector for one in read):
        since = lacking.get(selector)
        if since is None:
            continue
        if since:
            notes.append(f"of {selector} there is data only since {since}")
        elif selector in about_absence or selector.metric in allowed:
            notes.append(f"of {selector} there is no data")
        else:
            missing.append(str(selector))
    return missing, notes
