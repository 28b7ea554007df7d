"""Who plays beside whom: what does not disturb each other runs at once.

What all need is disturbed by one at a time, beside nobody but those that never rest on it, and those whose
fault holds meanwhile and who can do without it: then it must be whole again before they are repaired. Such a
time is used at once, and all others wait, until nothing is disturbed any more.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import takewhile

from alertdrill import durations
from alertdrill.clock import StoppableClock
from alertdrill.names import APISERVER, SPARED
from alertdrill.play.room import Room
from alertdrill.play.run import Run
from alertdrill.scenario import Scenario

# Runs that only hold take little.
SIDE_BY_SIDE_MAX = 20
LOOK_SECONDS = 1.0  # a fault that begins to hold ends no run, and may be what another waits for
# What one that is played while another's fault holds takes to come up, and what it broke to be whole again.
COMING_UP_SECONDS, WHOLE_AGAIN_SECONDS = 10.0, 15.0
BRIEF_SECONDS = 5.0  # what disturbs all for no longer is not worth that somebody holds meanwhile
# What looks at the cluster every ten seconds has seen a fault by then, and the wait for quiet comes on top.
SEEN_SECONDS = 10.0


def beside(scenario: Scenario, others: Iterable[Scenario]) -> tuple[Scenario, ...]:
    """Return those of the others that disturb something and may be played at the same time."""
    return tuple(
        other for other in others if other.name != scenario.name and other.disturbs and scenario.bears(other)
    )


def elsewhere(scenario: Scenario, others: Iterable[Scenario]) -> tuple[str, ...]:
    """Return the alerts that the others have fire."""
    expected = [each for other in others if other.name != scenario.name for each in other.expect]
    return tuple(sorted({each.alert for each in expected if each.kind == "fires"}))


def fits(scenario: Scenario, seconds: float, speed: float) -> bool:
    """Say whether what it breaks is whole again in so many live seconds."""
    return _span(scenario, speed) <= seconds


def _span(scenario: Scenario, speed: float) -> float:
    disturbed = durations.seconds(scenario.touches_for or scenario.hold)
    return COMING_UP_SECONDS + disturbed / speed + WHOLE_AGAIN_SECONDS


def in_turns(
    runs: Sequence[Run], clock: StoppableClock, *, once_quiet: Callable[[frozenset[str]], float]
) -> None:
    """Play all runs; `once_quiet` waits until what one that disturbed others broke has come back.

    It is called before each that disturbs what everybody needs, and when such a one is over, with the alerts
    that those who are played meanwhile have fire, and returns the live moment since when it is quiet.
    """
    waiting = sorted(runs, key=lambda run: _in_order(run, runs))
    running: dict[Future[None], Run] = {}
    shaken: Scenario | None = None  # what disturbed others last, until it is known to be quiet again
    room = Room(clock)
    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE_MAX) as pool:
        try:
            while waiting or running:
                room.look()
                coming: list[Run] = []  # that only wait for a place
                for run in list(waiting):
                    there = list(running.values())
                    if not _may_start(run, [*coming, *there], clock):
                        continue
                    if _gives_way(run, waiting, there, clock):
                        continue
                    if not _has_place(run, there, room):
                        coming.append(run)
                        continue
                    if _shakes(run) or (shaken and not run.scenario.bears(shaken)):
                        since = once_quiet(_meant(running.values()))
                        if not _may_start(run, running.values(), clock):  # that took a while
                            continue
                        run.quiet_since = since if _shakes(run) else 0.0
                        shaken = run.scenario if _shakes(run) else None
                    _introduce(run, running.values(), clock.now())
                    room.take(run.scenario)
                    waiting.remove(run)
                    running[pool.submit(run.whole)] = run
                for done in wait(running, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED).done:
                    running.pop(done)
                    done.result()
        except BaseException:
            clock.stop()  # wakes every run before the pool waits for them
            pool.shutdown(wait=False, cancel_futures=True)  # those that wait for a place never start
            raise


def _in_order(run: Run, runs: Iterable[Run]) -> tuple[int, int, float]:
    """Put first what disturbs all for a moment, while nobody holds yet, and then who others can be played in.

    Next is what disturbs all: it fits into these. Who rests on what some can do without comes before that is
    disturbed, and these some after it, so that there is somebody to play beside it. The API server is gone
    last: when it is back, who watches it may take a minute to hear from it. Of each the longest come first;
    who disturbs a few, or is disturbed there, takes turns with these, and so counts for two.
    """
    scenario = run.scenario
    some = [one for one in runs if _shakes_only_some(one, runs)]
    if _shakes(run) and run not in some:
        place = 0 if _hold(run) < BRIEF_SECONDS else 6 if APISERVER in scenario.disturbs else 2
    elif scenario.without:
        place = 1
    elif run in some:
        place = 4
    else:
        place = 5 if some and all(scenario.bears(one.scenario) for one in some) else 3
    turn = 0 if scenario.without else 3 if not scenario.disturbs else 2 if scenario.touches_for else 1
    takes_turns = bool(scenario.disturbs or scenario.needs & SPARED)
    return place, turn, -(2 if takes_turns else 1) * scenario.rule_seconds_max


def _meant(running: Iterable[Run]) -> frozenset[str]:
    """Return the alerts that runs have fire, or come near it."""
    expected = [each for one in running for each in one.scenario.expect]
    return frozenset(each.alert for each in expected if each.kind in {"fires", "pends"})


def _shakes(run: Run) -> bool:
    """Say whether it disturbs what everybody needs."""
    return bool(run.scenario.disturbs - SPARED)


def _shakes_only_some(run: Run, runs: Iterable[Run]) -> bool:
    """Say whether it disturbs what everybody needs but some who never rest on that."""
    return _shakes(run) and any(not _shakes(one) and one.scenario.bears(run.scenario) for one in runs)


def _may_start(run: Run, running: Iterable[Run], clock: StoppableClock) -> bool:
    there = list(running)
    return len(there) < SIDE_BY_SIDE_MAX and all(
        _bears(run, one, clock.now()) or _goes_on(one, run, clock) for one in there
    )


def _has_place(run: Run, running: Iterable[Run], room: Room) -> bool:
    """Say whether its workload may come up, if it has one."""
    coming_up = sum(bool(one.scenario.workload) and not one.is_up for one in running)
    return not run.scenario.workload or room.has(coming_up)


def _bears(run: Run, one: Run, now: float) -> bool:
    """Say whether one may start beside another that is there, and that may disturb nothing any more."""
    if _is_calm(one, now):
        return not run.scenario.disturbs & one.scenario.needs
    return run.scenario.bears(one.scenario)


def _is_calm(run: Run, now: float) -> bool:
    """Say whether it disturbs nothing any more: by its own word, or since its repair."""
    touched = durations.seconds(run.scenario.touches_for or "0s") / run.lab.speed
    return bool(run.whole_at or (run.fault_at and touched and now >= run.fault_at + touched))


def _goes_on(held: Run, run: Run, clock: StoppableClock) -> bool:
    """Say whether a fault that is seen by now holds for longer than another run disturbs what is needed."""
    return (
        held.scenario.endures(run.scenario)
        and clock.now() >= held.fault_at + SEEN_SECONDS
        and fits(run.scenario, held.held_until - clock.now(), run.lab.speed)
    )


def _gives_way(run: Run, waiting: Sequence[Run], running: Sequence[Run], clock: StoppableClock) -> bool:
    """Say whether it waits for one that would disturb it, and can come before it."""
    return _waits_for_what_disturbs_all(run, waiting, running, clock) or _waits_for_its_turn(
        run, waiting, running, clock
    )


def _waits_for_what_disturbs_all(
    run: Run, waiting: Sequence[Run], running: Sequence[Run], clock: StoppableClock
) -> bool:
    """Say whether one that disturbs all fits into faults that hold, with nobody in its way, and not into its.

    What disturbs only some waits for these, too. Nobody does for who takes the API server away: it fits into
    a fault that still holds once all others are over, or comes after.
    """
    now = clock.now()
    there = (*waiting, *running)

    def comes_first(shaking: Run) -> bool:
        free = all(
            _bears(shaking, one, now) or _has_room(one, shaking, now) or _shakes(one) for one in running
        )
        return free and any(_has_room(one, shaking, now) for one in there if one is not run)

    shaking = [
        one
        for one in waiting
        if one is not run
        and _shakes(one)
        and APISERVER not in one.scenario.disturbs
        and not run.scenario.bears(one.scenario)
        and not _shakes_only_some(one, there)
    ]
    if _shakes(run) and not _shakes_only_some(run, there):
        return False
    return not any(_has_room(run, one, now) for one in shaking) and any(map(comes_first, shaking))


def _waits_for_its_turn(
    run: Run, waiting: Sequence[Run], running: Sequence[Run], clock: StoppableClock
) -> bool:
    """Say whether it only rests on what others before it disturb one after the other.

    Else those would wait for all who rest on it. Nobody waits for one that has to wait for others than these.
    """
    now = clock.now()

    def is_next(one: Run) -> bool:
        turns = one.scenario.disturbs & run.scenario.needs & SPARED - {*run.scenario.without}
        in_its_way = [
            each for each in running if not _bears(one, each, now) and not _has_room(each, one, now)
        ]
        return bool(turns) and all(turns & each.scenario.disturbs for each in in_its_way)

    before = takewhile(lambda one: one is not run, waiting)
    return not run.scenario.disturbs and any(map(is_next, before))


def _has_room(held: Run, run: Run, now: float) -> bool:
    """Say whether one that holds, or will, can do without what another disturbs for as long as it does."""
    return held.scenario.endures(run.scenario) and fits(run.scenario, _to_hold(held, now), run.lab.speed)


def _to_hold(run: Run, now: float) -> float:
    """Return for how many live seconds a fault will yet hold: of one that comes, all of it."""
    if run.healed_at:
        return 0.0
    return run.held_until - now if run.held_until else _hold(run)


def _hold(run: Run) -> float:
    return durations.seconds(run.scenario.hold) / run.lab.speed


def _introduce(run: Run, running: Iterable[Run], now: float) -> None:
    """Have those know of it beside whom it is although one needs what the other disturbs, and it of them."""
    for one in running:
        if not run.scenario.bears(one.scenario):
            run.meet(one.scenario, is_over=_is_calm(one, now))
            one.meet(run.scenario)
