"""Recordings held against two revisions of rules, in engines that may stand until the next question.

Whoever asks again and again pays once for the engine, for the samples in it, and for what the old rules come
to: then only rules that differ are asked.
"""

import dataclasses
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from types import TracebackType
from typing import NamedTuple, Self

import msgspec

from alertdrill import engine
from alertdrill.engine import Engine
from alertdrill.gate.values import Case, Revisions, Told
from alertdrill.incident import Incident, Series
from alertdrill.model import Judgement
from alertdrill.replay import Stretched, Virtual, judged, span, stretch, virtual
from alertdrill.rules import RuleSet, promql

Hold = Callable[[Revisions, Incident], Case]  # what both come to on a recording

AT_ONCE = 2  # engines that work; each is a process with work for a core
STANDING_MAX = 8  # recordings whose engines stand between questions; an engine takes some hundred MiB


class Known(NamedTuple):
    """What rules come to on a recording."""

    virtual: Virtual
    judgement: Judgement


class _Written(NamedTuple):
    """Which samples of a recording are in an engine: how they were stretched, and what was left out.

    Neither the `records` nor the ALERTS of those `alerts`, which either revision makes itself.
    """

    counted: frozenset[str]
    records: frozenset[str]
    alerts: frozenset[str]


@dataclasses.dataclass
class _Room:
    """An engine with a recording in it; `old` is what the old rules come to there."""

    engine: Engine
    end: ExitStack
    old: Known | None = None
    asked: int = 0


class Standing:
    """Holds recordings against revisions, again and again; its engines end with it."""

    def __init__(self) -> None:
        self._held: dict[int, _Recording] = {}
        # Threads of its own, as an engine ends with the one that started it.
        self._pool = ThreadPoolExecutor(AT_ONCE)

    def __enter__(self) -> Self:
        """Begin; nothing stands yet."""
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """End all engines."""
        self._pool.shutdown(cancel_futures=True)
        for one in self._held.values():
            one.close()

    def ready(self, old: RuleSet, incidents: Sequence[Incident]) -> None:
        """Have engines stand before anything is asked; what fails now is said when it is asked."""
        both = Revisions(old, old, frozenset())
        wait([self._pool.submit(self._case, both, one) for one in incidents[:STANDING_MAX]])

    def case(self, both: Revisions, incident: Incident) -> Case:
        """Return what both revisions come to on a recording, as `once` does."""
        return self._pool.submit(self._case, both, incident).result()

    def _case(self, both: Revisions, incident: Incident) -> Case:
        held = self._held.pop(id(incident), None) or _Recording(incident)
        with ExitStack() as stack:
            stack.callback(held.close)
            case = held.case(both)
            if len(self._held) < STANDING_MAX:
                self._held[id(incident)] = held
                stack.pop_all()
        return case


def once(both: Revisions, incident: Incident) -> Case:
    """Return what both revisions come to on a recording; what can't be asked is a LabError."""
    with closing(_Recording(incident)) as held:
        return held.case(both)


class _Recording:
    """One recording and its rooms, with the old rules and the series as they are stretched for these."""

    def __init__(self, incident: Incident) -> None:
        self._incident = incident
        self._bare = msgspec.structs.replace(incident, series=())
        self._rooms: dict[_Written, _Room] = {}
        self._old: tuple[RuleSet, Stretched] | None = None

    def close(self) -> None:
        """End the engines."""
        for room in self._rooms.values():
            room.end.close()
        self._rooms.clear()

    def case(self, both: Revisions) -> Case:
        if self._old is None or self._old[0] is not both.old:
            self.close()
            self._old = both.old, stretch(self._incident, both.old)
        old = self._old[1]
        new = self._stretched(both.new, old)
        # What is taken for paced otherwise is stretched otherwise, and has an engine of its own.
        apart = old.counted != new.counted
        rooms = self._rooms_for(both, old, new)
        if rooms[0].old is None:
            rooms[0].old = self._known(both.old, self._virtual(rooms[0], old))
        before = rooms[0].old
        found = self._virtual(rooms[1], new, None if apart else both.changed)
        now = self._known(both.new, found if apart else _beside(found, before.virtual, both.changed))
        start, end = span(self._incident)
        return Case(
            name=self._incident.scenario.name,
            start=start,
            end=end,
            apart=self._incident.limits.evaluation_interval,
            old=_told(before, both.old, both.new),
            new=_told(now, both.new, both.old),
        )

    def _stretched(self, rules: RuleSet, old: Stretched) -> Stretched:
        """Return what other rules can be asked; series that are stretched alike are stretched once."""
        found = stretch(self._bare, rules, fault_at=old.shift)
        if found.counted != old.counted:
            return stretch(self._incident, rules, fault_at=old.shift)
        return dataclasses.replace(found, series=old.series)

    def _rooms_for(self, both: Revisions, old: Stretched, new: Stretched) -> list[_Room]:
        """Return the room of each side, which may be one; others are closed."""
        names = {one.labels.get("__name__", "") for one in self._incident.series}
        records = {rule.name for one in (old, new) for rule in one.rules.rules if rule.kind == "record"}
        alerts = {one.labels["alertname"] for one in self._incident.series if _is_of_alerts(one)}
        made = frozenset(names & records), frozenset(alerts & (both.old.alerts | both.new.alerts))
        kept = {_Written(one.counted, *made): one for one in (old, new)}
        for written, room in list(self._rooms.items()):
            if written not in kept or not room.engine.prometheus.ready():  # it may have been killed
                self._rooms.pop(written).end.close()
        for written, stretched in kept.items():
            if written not in self._rooms:
                self._rooms[written] = _room(written, stretched)
        rooms = [self._rooms[written] for written in kept]
        return [rooms[0], rooms[-1]]

    def _virtual(self, room: _Room, stretched: Stretched, only: frozenset[str] | None = None) -> Virtual:
        room.asked += 1  # what the rules of earlier questions recorded is there still
        return virtual(room.engine, self._incident, stretched, tag=f"asked{room.asked}:", only=only)

    def _known(self, rules: RuleSet, found: Virtual) -> Known:
        return Known(found, judged(self._incident, rules, found))


def _room(written: _Written, stretched: Stretched) -> _Room:
    """Return an engine with the recording in it, without what either revision makes itself."""
    with ExitStack() as stack:
        running = stack.enter_context(engine.started())
        running.write(
            one
            for one in stretched.series
            if one.labels.get("__name__") not in written.records
            and not (_is_of_alerts(one) and one.labels["alertname"] in written.alerts)
        )
        return _Room(running, stack.pop_all())


def _is_of_alerts(series: Series) -> bool:
    return series.labels.get("__name__") in promql.OF_ALERTS and "alertname" in series.labels


def _beside(new: Virtual, old: Virtual, changed: frozenset[str]) -> Virtual:
    """Return the new with the alerts of which nothing changed as they were before."""
    kept = [life for life in old.lives if life.alert not in changed]
    troubles = {name: why for name, why in old.troubles.items() if name not in changed}
    return dataclasses.replace(new, lives=(*new.lives, *kept), troubles={**troubles, **new.troubles})


def _told(known: Known, rules: RuleSet, other: RuleSet) -> Told:
    """Return what is known; of an alert that is new or gone a recording without its data says nothing."""
    found, judgement = known
    why = next((one.sentence for one in judgement.findings if one.verdict is judgement.verdict), "")
    alone = {one for one in found.unseen if one not in other.alerts and one not in found.troubles}
    doubts = {alert: doubt for alert in rules.alerts - alone if (doubt := found.doubt(alert))}
    lives = tuple(life for life in found.lives if life.alert not in found.unseen)
    return Told(lives=lives, doubts=doubts, verdict=judgement.verdict, why=why)
