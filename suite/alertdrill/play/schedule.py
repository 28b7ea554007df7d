"""Who plays beside whom: what does not disturb each other runs at once, and the longest come first.

What all need is disturbed by one at a time, beside nobody but those that never rest on it, and those whose
fault holds meanwhile and who can do without it: then it must be whole again before they are repaired. Such a
time is used at once, and all others wait: they fit in later, what disturbs them only there.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from alertdrill import durations
from alertdrill.clock import StoppableClock
from alertdrill.names import APISERVER, SPARED
from alertdrill.play.run import Run
from alertdrill.scenario import Scenario

# Runs that only hold take little. The longest come first, so the others take no more time than they.
SIDE_BY_SIDE_MAX = 12
LOOK_SECONDS = 1.0  # a fault that begins to hold ends no run, and may be what another waits for
# What one that is played while another's fault holds takes to come up, and what it broke to be whole again.
COMING_UP_SECONDS, WHOLE_AGAIN_SECONDS = 10.0, 15.0
FAR_LONGER = 1.5
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
    return COMING_UP_SECONDS + durations.seconds(scenario.hold) / speed + WHOLE_AGAIN_SECONDS


def in_turns(
    runs: Sequence[Run], clock: StoppableClock, *, once_quiet: Callable[[frozenset[str]], float]
) -> None:
    """Play all runs; `once_quiet` waits until what one that disturbed others broke has come back.

    It is called before each that disturbs what everybody needs, and when such a one is over, with the alerts
    that those who are played meanwhile have fire, and returns the live moment since when it is quiet.
    """
    waiting = sorted(runs, key=lambda run: _longest_first(run, runs))
    running: dict[Future[None], Run] = {}
    shaken: Scenario | None = None  # what disturbed others last, until it is known to be quiet again
    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE_MAX) as pool:
        try:
            while waiting or running:
                for run in list(waiting):
                    if not _may_start(run, running.values(), clock):
                        continue
                    if _gives_way(run, waiting, list(running.values()), clock):
                        continue
                    if _shakes(run) or (shaken and not run.scenario.bears(shaken)):
                        since = once_quiet(_meant(running.values()))
                        if not _may_start(run, running.values(), clock):  # that took a while
                            continue
                        run.quiet_since = since if _shakes(run) else 0.0
                        shaken = run.scenario if _shakes(run) else None
                    for one in running.values():
                        _introduce(run, one)
                    waiting.remove(run)
                    running[pool.submit(run.whole)] = run
                for done in wait(running, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED).done:
                    running.pop(done)
                    done.result()
        except BaseException:
            clock.stop()  # wakes every run before the pool waits for them
            pool.shutdown(wait=False, cancel_futures=True)  # those that wait for a place never start
            raise


def _longest_first(run: Run, runs: Iterable[Run]) -> tuple[bool, bool, bool, bool, float]:
    """Put what disturbs all others behind them, and else the longest first: the others fit in beside it.

    First of all are those that others can be played in, and then what disturbs most but not all: who are not
    disturbed are played meanwhile. The API server comes last: when it is back, who watches it may take a
    minute to hear from it. Who disturbs a few, or is disturbed there, takes turns with these, and so counts
    for two.
    """
    scenario = run.scenario
    shakes_some = _shakes_only_some(run, runs)
    takes_turns = bool(scenario.disturbs or scenario.needs & SPARED)
    return (
        _shakes(run) and not shakes_some,
        APISERVER in scenario.disturbs,
        not scenario.without,
        not shakes_some,
        -(2 if takes_turns else 1) * scenario.rule_seconds_max,
    )


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
        run.scenario.bears(one.scenario) or _goes_on(one, run, clock) for one in there
    )


def _goes_on(held: Run, run: Run, clock: StoppableClock) -> bool:
    """Say whether a fault that is seen by now holds for longer than another run disturbs what is needed."""
    return (
        held.scenario.endures(run.scenario)
        and clock.now() >= held.fault_at + SEEN_SECONDS
        and fits(run.scenario, held.held_until - clock.now(), run.lab.speed)
    )


def _gives_way(run: Run, waiting: Sequence[Run], running: Sequence[Run], clock: StoppableClock) -> bool:
    """Say whether it waits for one that disturbs it: that fits into faults that hold, with nobody in its way.

    Whoever has room for that, too, and not for all that is like it, waits only while somebody is there who
    holds for far longer. What disturbs only some waits for what disturbs all, too. Nobody gives way to who
    takes the API server away: it fits into a fault that still holds once all others are over, or comes after.
    """
    now = clock.now()
    there = (*waiting, *running)

    def has_room(one: Run, shaking: Run) -> bool:
        return one.scenario.endures(shaking.scenario) and fits(
            shaking.scenario, _to_hold(one, now), run.lab.speed
        )

    def comes_first(shaking: Run) -> bool:
        if APISERVER in shaking.scenario.disturbs:
            return False
        free = all(
            one.scenario.bears(shaking.scenario) or has_room(one, shaking) or _shakes(one) for one in running
        )
        hosts = [one for one in there if one is not run and has_room(one, shaking)]
        if has_room(run, shaking):
            return (
                free and not has_room_for_all and any(_hold(one) > FAR_LONGER * _hold(run) for one in hosts)
            )
        return free and bool(hosts)

    shaking = [one for one in waiting if one is not run and _shakes(one)]
    if _shakes(run):
        if not _shakes_only_some(run, there):
            return False
        shaking = [one for one in shaking if not _shakes_only_some(one, there)]
    shaking = [one for one in shaking if not run.scenario.bears(one.scenario)]
    met = [one.scenario for one in shaking if run.scenario.endures(one.scenario)]
    has_room_for_all = bool(met) and sum(_span(one, run.lab.speed) for one in met) <= _hold(run)
    return any(map(comes_first, shaking))


def _to_hold(run: Run, now: float) -> float:
    """Return for how many live seconds a fault will yet hold: of one that comes, all of it."""
    if run.healed_at:
        return 0.0
    return run.held_until - now if run.held_until else _hold(run)


def _hold(run: Run) -> float:
    return durations.seconds(run.scenario.hold) / run.lab.speed


def _introduce(run: Run, one: Run) -> None:
    """Have two know of each other that are side by side although one needs what the other disturbs."""
    if not run.scenario.bears(one.scenario):
        run.meet(one.scenario)
        one.meet(run.scenario)
