"""Who plays beside whom, in which order, and what is known of each other."""

import threading
import time
from types import SimpleNamespace

import msgspec
import pytest

from alertdrill.clock import StoppableClock
from alertdrill.names import SPARED, TOUCHABLE
from alertdrill.play import schedule
from alertdrill.play.room import Room
from alertdrill.scenario import Scenario, fires, never, notified
from alertdrill.testing import ManualClock


class Playing:
    """A run that only remembers beside whom it was."""

    lock = threading.Lock()

    lab = SimpleNamespace(speed=20.0)

    def __init__(self, scenario: Scenario, playing: list["Playing"], met: set[frozenset[str]]) -> None:
        self.scenario = scenario
        self.playing = playing
        self.met = met
        self.fault_at = self.held_until = self.healed_at = self.quiet_since = 0.0
        self.whole_at = 0.0
        self.is_up = True
        self.beside: tuple[Scenario, ...] = ()
        self.after: tuple[Scenario, ...] = ()

    def meet(self, other: Scenario, *, is_over: bool = False) -> None:
        """Remember who is there although this one needs what it disturbs, or did."""
        if is_over:
            self.after += (other,)
        else:
            self.beside += (other,)

    def whole(self) -> None:
        """Take a moment; the fault holds for as long as the scenario says."""
        with self.lock:
            self.playing.append(self)
            self.met |= {frozenset({self.scenario.name, one.scenario.name}) for one in self.playing}
        self.held_until = time.time() + self.scenario.rule_seconds_max / self.lab.speed
        StoppableClock().sleep(0.3 if self.scenario.without or self.scenario.regardless_of else 0.05)
        with self.lock:
            self.playing.remove(self)


def one(
    name: str,
    *touches: str,
    hold: str = "5m",
    touches_for: str = "",
    without: tuple[str, ...] = (),
    regardless_of: tuple[str, ...] = (),
    exclusive: bool = False,
) -> Scenario:
    """Return a scenario that touches something, and has an alert of its own fire."""
    return Scenario(
        name=name,
        why="",
        workload="",
        hold=hold,
        expect=(fires(name.upper(), within=hold), never("Other")),
        touches=touches,
        touches_for=touches_for,
        without=without,
        regardless_of=regardless_of,
        exclusive=exclusive,
    )


def met(
    *scenarios: Scenario, quiet: list[str] | None = None, beside: dict[str, list[str]] | None = None
) -> set[frozenset[str]]:
    """Play, and return who was played beside whom."""
    found: set[frozenset[str]] = set()
    playing: list[Playing] = []
    runs = [Playing(scenario, playing, found) for scenario in scenarios]
    said = quiet if quiet is not None else []

    def once_quiet(meant: frozenset[str]) -> float:
        said.append(" but for ".join(["quiet", *sorted(meant)]))
        return 1000.0

    schedule.in_turns(runs, StoppableClock(), once_quiet=once_quiet)  # type: ignore[arg-type]
    quiet_since = {run.scenario.name for run in runs if run.quiet_since == 1000.0}
    assert {one.name for one in scenarios if one.disturbs - SPARED} == quiet_since
    if beside is not None:
        beside |= {run.scenario.name: [other.name for other in run.beside] for run in runs}
    return {pair for pair in found if len(pair) > 1}


def test_who_touches_nothing_is_beside_everybody_who_does_not() -> None:
    """What does not disturb each other takes no more time than the longest."""
    assert {frozenset({"a", "b"}), frozenset({"a", "c"}), frozenset({"b", "c"})} == met(
        one("a"), one("b"), one("c", *SPARED)
    )


@pytest.mark.parametrize("touched", sorted(TOUCHABLE.keys() - SPARED))
def test_who_disturbs_what_all_need_is_alone(touched: str) -> None:
    """Nobody's silence is judged while the API server is away, say, and the lab is quiet before and after."""
    quiet: list[str] = []
    assert set() == met(one("a", touched), one("b"), quiet=quiet)
    assert ["quiet"] * (1 if touched == "apiserver" else 2) == quiet


LONG = one("long", hold="2h", without=("controllers",))


def test_who_can_do_without_it_for_long_enough_holds_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """What all others need is disturbed when these are over, and each of the two knows whom it met."""
    monkeypatch.setattr(schedule, "LOOK_SECONDS", 0.01)
    beside: dict[str, list[str]] = {}
    pairs = met(one("short"), LONG, one("shaking", "controllers"), beside=beside)
    assert {frozenset({"long", "short"}), frozenset({"long", "shaking"})} == pairs
    assert {"short": [], "long": ["shaking"], "shaking": ["long"]} == beside


def order(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that names will be in, in the order in which they start."""
    monkeypatch.setattr(schedule, "LOOK_SECONDS", 0.01)
    started: list[str] = []
    remembered = Playing.whole

    def whole(self: Playing) -> None:
        started.append(self.scenario.name)
        remembered(self)

    monkeypatch.setattr(Playing, "whole", whole)
    return started


def test_who_can_do_without_it_is_made_use_of_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others wait for what fits there: it could be played with nobody else, and they can with each other."""
    started = order(monkeypatch)
    other = one("other", hold="2h", regardless_of=("kube-api-exporter",))
    met(one("short"), other, LONG, one("shaking", "controllers"))
    assert ["long", "shaking"] == started[:2]
    assert {"other", "short"} == set(started[2:])


FREE = one("free", hold="2h", regardless_of=("kube-api-exporter",))


def test_who_never_rests_on_it_is_beside_what_disturbs_it() -> None:
    """Nobody waits for quiet meanwhile: it would not come before the other is over."""
    quiet: list[str] = []
    pairs = met(one("needing"), FREE, one("shaking", "kube-api-exporter"), quiet=quiet)
    assert {frozenset({"free", "shaking"})} == pairs - {frozenset({"free", "needing"})}
    assert ["quiet but for FREE"] == quiet


def test_who_rests_on_what_only_some_can_do_without_comes_before_that_is_disturbed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who can is kept for that: there is somebody to play beside it."""
    started = order(monkeypatch)
    monkeypatch.setattr(schedule, "SIDE_BY_SIDE_MAX", 1)
    free = [one(f"free {each}", hold="2h", regardless_of=("kube-api-exporter",)) for each in "ab"]
    taken = [one(f"exporter {each}", "kube-api-exporter") for each in "ab"]
    met(
        one("last", "apiserver", hold="9h"),
        *free,
        *taken,
        one("short"),
        one("moment", "apiserver", hold="1m"),
    )
    assert ["moment", "short", "exporter a", "exporter b", "free a", "free b", "last"] == started


def test_who_rests_on_what_others_disturb_waits_for_all_of_these(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take turns, and would wait for the last of those that rest on it. Others wait for nobody."""
    started = order(monkeypatch)
    told = Scenario(
        name="told", why="", workload="", hold="9h", expect=(notified("A", receiver="page", within="1m"),)
    )
    met(told, one("a", "alertmanager"), one("b", "alertmanager"), one("other"))
    assert ["a", "other", "b", "told"] == started


def test_nobody_overtakes_who_only_waits_for_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a workload it needs none, and would be in the way of the other once there is one."""
    started = order(monkeypatch)
    found = iter([False, False])
    monkeypatch.setattr(Room, "has", lambda *_: next(found, True))
    big = msgspec.structs.replace(one("big", "alertmanager", hold="1h"), workload="web")
    met(one("small", "alertmanager"), big, one("other"))
    assert ["other", "big", "small"] == started


def test_what_is_whole_again_by_itself_is_disturbed_last_of_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others begin as soon as it is, while it goes on."""
    started = order(monkeypatch)
    passing = one("passing", "alertmanager", hold="2h", touches_for="5m")
    met(passing, one("lasting", "alertmanager", hold="1h"))
    assert ["lasting", "passing"] == started


@pytest.mark.parametrize(("is_calm", "starts"), [(False, [False, False]), (True, [True, False])])
def test_who_disturbs_nothing_any_more_is_in_nobodys_way(is_calm: bool, starts: list[bool]) -> None:  # noqa: FBT001
    """But in that of who would disturb it: it goes on."""
    there, other, shaking = (
        Playing(each, [], set())
        for each in (one("there", "apiserver"), one("other"), one("shaking", "controllers"))
    )
    there.whole_at = 1000.0 if is_calm else 0.0
    clock = ManualClock(1000.0)
    assert starts == [schedule._may_start(each, [there], clock) for each in (other, shaking)]  # type: ignore[arg-type,list-item]  # noqa: SLF001


@pytest.mark.parametrize(("seconds", "starts"), [(14.9, False), (15.0, True)])
def test_what_is_whole_again_by_itself_is_so_before_the_repair(seconds: float, starts: bool) -> None:  # noqa: FBT001
    """By its own word: five minutes are fifteen seconds here."""
    passing = one("there", "prometheus", hold="1h", touches_for="5m")
    there, other = Playing(passing, [], set()), Playing(one("other"), [], set())
    there.fault_at = 1000.0 - seconds
    assert starts is schedule._may_start(other, [there], ManualClock(1000.0))  # type: ignore[arg-type,list-item]  # noqa: SLF001


def test_who_begins_when_it_is_whole_again_knows_what_was_disturbed() -> None:
    """What that has fire may go on; nothing of what it rests on is disturbed."""
    there, other = Playing(one("there", "apiserver"), [], set()), Playing(one("other"), [], set())
    there.whole_at = 1000.0
    schedule._introduce(other, [there], 1000.0)  # type: ignore[arg-type,list-item]  # noqa: SLF001
    assert ((), ["there"]) == (other.beside, [each.name for each in other.after])


def test_nobody_gives_way_to_who_takes_the_api_server_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who rests on it is slow for a while: it is played in what still holds when all others are over."""
    started = order(monkeypatch)
    pairs = met(one("short"), one("gone", "apiserver"), one("host", hold="2h", without=("apiserver",)))
    assert ["host", "short", "gone"] == started
    assert {frozenset({"host", "short"}), frozenset({"host", "gone"})} == pairs


def test_nobody_waits_for_what_can_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody is in its way who is there already: all others are played meanwhile."""
    monkeypatch.setattr(schedule, "LOOK_SECONDS", 0.01)
    there = Playing(one("there", hold="2h"), [], set())
    coming = [Playing(each, [], set()) for each in (one("short"), one("shaking", "controllers"))]
    host = Playing(LONG, [], set())
    clock = StoppableClock()
    assert [True, False] == [
        schedule._gives_way(coming[0], coming, running, clock)  # type: ignore[arg-type]  # noqa: SLF001
        for running in ([host], [host, there])
    ]


@pytest.mark.parametrize(
    "other",
    [
        one("shaking", "apiserver"),
        one("shaking", "controllers", "apiserver"),
        one("shaking", "controllers", hold="2h"),
    ],
    ids=["another", "more", "for too long"],
)
def test_who_can_not_do_without_it_for_so_long_is_not_disturbed(other: Scenario) -> None:
    """Be it that it needs something else of it, or that its repair would come before that of the other."""
    assert set() == met(LONG, other)


@pytest.mark.parametrize(("seconds", "does"), [(9.9, False), (10.0, True)])
def test_a_fault_is_seen_before_it_is_disturbed(seconds: float, does: bool) -> None:  # noqa: FBT001
    """What nobody can look at any more would be seen only once the other is over, and its alert be late."""
    host, shaking = (Playing(each, [], set()) for each in (LONG, one("shaking", "controllers")))
    clock = ManualClock(1000.0)
    host.fault_at, host.held_until = 1000.0 - seconds, 1e12
    assert does is schedule._may_start(shaking, [host], clock)  # type: ignore[arg-type,list-item]  # noqa: SLF001


def test_nobody_who_needs_it_begins_while_it_is_disturbed() -> None:
    """What it can do without while its fault holds it needs to come up."""
    assert not LONG.bears(one("shaking", "controllers"))
    assert not one("shaking", "controllers", without=("controllers",)).endures(LONG)


@pytest.mark.parametrize(("hold", "touches_for"), [("20m", ""), ("1h", "20m")])
@pytest.mark.parametrize(("seconds", "does"), [(84.9, False), (85.0, True)])
def test_there_is_time_for_what_is_whole_again_by_then(
    seconds: float,
    does: bool,  # noqa: FBT001
    hold: str,
    touches_for: str,
) -> None:
    """It comes up in ten seconds, disturbs for a minute here, and is back in fifteen."""
    scenario = one("a", "controllers", hold=hold, touches_for=touches_for)
    assert does is schedule.fits(scenario, seconds, speed=20)


def test_two_who_touch_the_same_take_turns() -> None:
    """Also where nobody else needs it."""
    (spared, *_) = sorted(SPARED)
    pairs = met(one("a", spared), one("b", spared), one("c"))
    assert frozenset({"a", "b"}) not in pairs
    assert {frozenset({"a", "c"}), frozenset({"b", "c"})} & pairs


def test_who_has_a_pod_on_every_node_is_not_beside_one_that_is_lost() -> None:
    """Others are: the spare node has nothing of theirs."""
    lost = one("lost", "kubelet")
    assert {frozenset({"lost", "other"})} == met(lost, one("other")) | met(
        lost, one("all", "prom-node-exporter")
    )


def test_one_of_the_whole_cluster_is_alone() -> None:
    """It touches all that can be touched."""
    assert set() == met(one("a", exclusive=True), one("b", *SPARED))


def test_no_more_than_so_many_are_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine has to keep up."""
    monkeypatch.setattr(schedule, "SIDE_BY_SIDE_MAX", 1)
    assert set() == met(one("a"), one("b"), one("c"))


def test_of_each_kind_the_longest_starts_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is short fits beside whoever is long. What all rest on comes first, the API server last."""
    monkeypatch.setattr(schedule, "SIDE_BY_SIDE_MAX", 1)
    started: list[str] = []
    monkeypatch.setattr(Playing, "whole", lambda self: started.append(self.scenario.name))
    alone = one("last", "apiserver", hold="9h"), one("alone", "controllers")
    met(one("short"), one("hour", hold="1h"), *alone, one("long", hold="2h"))
    assert ["alone", "long", "hour", "short", "last"] == started


def test_what_must_fire_beside_is_known() -> None:
    """Of those only that may be played at the same time and disturb something; others keep to themselves."""
    scenario = one("a")
    others = (scenario, one("plain"), one("shaking", "apiserver"), one("spared", "rules"))
    assert ["spared"] == [other.name for other in schedule.beside(scenario, others)]
