"""An incident's events as a judge reads them: typed, and cut where watching ended."""

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from alertdrill.incident import Event, Incident
from alertdrill.model import AlertState, Change, Life, Value

T = TypeVar("T")


class Alert(msgspec.Struct, frozen=True):
    """What an `alert` event holds."""

    alert: str
    labels: dict[str, str]
    state: AlertState
    annotations: dict[str, str] = {}


class Scrape(msgspec.Struct, frozen=True):
    """What a `scrape` event holds: how one target was scraped, in seconds of rule time."""

    job: str
    instance: str
    first: float
    last: float
    down: tuple[float, ...] = ()
    gaps: tuple[tuple[float, float], ...] = ()


class Health(msgspec.Struct, frozen=True):
    """What a `rule_health` event holds."""

    rule: str
    health: str
    group: str = ""
    error: str = ""


class Trouble(msgspec.Struct, frozen=True):
    """What a `trouble` event holds."""

    sentence: str


class Recording(Value, frozen=True, kw_only=True):
    """An incident with its events read; times are seconds of rule time since the fault.

    `end`, `fault` and `heal` are None where there was none. `lives` are those of all alerts but the canary.
    """

    incident: Incident
    end: float | None
    fault: float | None
    heal: float | None
    troubles: tuple[str, ...]
    scrapes: tuple[Scrape, ...]
    health: tuple[tuple[float, Health], ...]
    lives: tuple[Life, ...]
    canaries: tuple[Life, ...]

    @property
    def resolution(self) -> float:
        """Return how far an alert's time may be from what it stands for: a scrape and an evaluation late."""
        return self.incident.limits.scrape_interval + self.incident.limits.evaluation_interval


def read(incident: Incident) -> Recording:
    """Return the recording; an event that holds something else than it must is a ValidationError."""
    events = sorted(incident.events, key=lambda event: event.t)
    end = _first(events, "end")
    lives = _lives(events, incident, end)
    canary = incident.limits.canary
    return Recording(
        incident=incident,
        end=end,
        fault=_first(events, "fault"),
        heal=_first(events, "heal"),
        troubles=tuple(_data(e, Trouble).sentence for e in events if e.kind == "trouble"),
        scrapes=tuple(_data(e, Scrape) for e in events if e.kind == "scrape"),
        health=tuple((e.t, _data(e, Health)) for e in events if e.kind == "rule_health"),
        lives=tuple(life for life in lives if life.alert != canary),
        canaries=tuple(life for life in lives if life.alert == canary),
    )


def _first(events: Iterable[Event], kind: str) -> float | None:
    return next((event.t for event in events if event.kind == kind), None)


def _data(event: Event, shape: type[T]) -> T:
    return msgspec.convert(event.data, shape)


def _lives(events: Iterable[Event], incident: Incident, end: float | None) -> tuple[Life, ...]:
    """Return the alert instances' lives.

    The last sample of an instance looks like its end. Where no evaluation could have followed before
    watching ended, nothing is known of an end, and that change is left out.
    """
    last = float("inf") if end is None else end - incident.limits.evaluation_interval
    changes: dict[tuple[str, tuple[tuple[str, str], ...]], list[Change]] = {}
    annotations: dict[tuple[str, tuple[tuple[str, str], ...]], dict[str, str]] = {}
    for event in events:
        if event.kind == "alert":
            data = _data(event, Alert)
            key = data.alert, tuple(sorted(data.labels.items()))
            annotations[key] = data.annotations or annotations.get(key, {})
            known = changes.setdefault(key, [])
            if not (data.state is AlertState.INACTIVE and event.t > last):
                known.append(Change(t=event.t, state=data.state))
    return tuple(
        Life(alert=key[0], labels=dict(key[1]), annotations=annotations[key], changes=tuple(changes[key]))
        for key in sorted(changes)
    )
