"""Who plays beside whom: what does not disturb each other runs at once, and the longest come first."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from alertdrill.clock import StoppableClock
from alertdrill.names import SPARED
from alertdrill.play.run import Run
from alertdrill.scenario import Scenario

# Runs that only hold take little. The longest come first, so the others take no more time than they.
SIDE_BY_SIDE_MAX = 12


def beside(scenario: Scenario, others: Iterable[Scenario]) -> tuple[Scenario, ...]:
    """Return those of the others that disturb something and may be played at the same time."""
    return tuple(
        other for other in others if other.name != scenario.name and other.disturbs and scenario.bears(other)
    )


def elsewhere(scenario: Scenario, others: Iterable[Scenario]) -> tuple[str, ...]:
    """Return the alerts that the others have fire."""
    expected = [each for other in others if other.name != scenario.name for each in other.expect]
    return tuple(sorted({each.alert for each in expected if each.kind == "fires"}))


def in_turns(runs: Sequence[Run], clock: StoppableClock, *, once_quiet: Callable[[], None]) -> None:
    """Play all runs; `once_quiet` waits until what one that disturbed others broke has come back.

    It is called before each that disturbs what everybody needs, and when such a one is over.
    """
    waiting = sorted(runs, key=_longest_first)
    running: dict[Future[None], Run] = {}
    shaken = False
    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE_MAX) as pool:
        try:
            while waiting or running:
                for run in list(waiting):
                    if not _may_start(run, running.values()):
                        continue
                    if shaken or _shakes(run):
                        once_quiet()
                    shaken = _shakes(run)
                    waiting.remove(run)
                    running[pool.submit(run.whole)] = run
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    running.pop(done)
                    done.result()
        except BaseException:
            clock.stop()  # wakes every run before the pool waits for them
            pool.shutdown(wait=False, cancel_futures=True)  # those that wait for a place never start
            raise


def _longest_first(run: Run) -> tuple[bool, float]:
    return _shakes(run), -run.scenario.rule_seconds_max


def _shakes(run: Run) -> bool:
    """Say whether it disturbs what everybody needs."""
    return bool(run.scenario.disturbs - SPARED)


def _may_start(run: Run, running: Iterable[Run]) -> bool:
    there = list(running)
    return len(there) < SIDE_BY_SIDE_MAX and all(run.scenario.bears(one.scenario) for one in there)
