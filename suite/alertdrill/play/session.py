"""All runs of one play: side by side, each in a namespace of its own, once the lab is quiet."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from alertdrill import crash, durations
from alertdrill.clock import Clock, StoppableClock, wait_for
from alertdrill.errors import AlertdrillError, LabError
from alertdrill.lab import Lab
from alertdrill.model import Life
from alertdrill.names import LAB_LABEL, SCENARIO_LABEL
from alertdrill.play import baseline, observe, schedule, strays
from alertdrill.play.insist import insist
from alertdrill.play.mailbox import Mailbox
from alertdrill.play.run import BASELINE_SECONDS_MAX, Recorded, Run
from alertdrill.progress import Progress
from alertdrill.scenario import Scenario
from alertdrill.scenario.files import check_folders
from alertdrill.scenario.noise import Noise

# What a part that was restarted leaves pending is over by then: a rate over ten minutes, at any usual speed.
FAR_SECONDS = 60.0


@dataclass(frozen=True)
class Session:
    """What is left of a play: each scenario's part, in the order given, and whether it was interrupted."""

    recorded: list[Recorded]
    interrupted: bool
    fired: tuple[Life, ...] = ()  # of alerts about none of them, in the whole run


def play(
    lab: Lab,
    scenarios: Sequence[Scenario],
    *,
    record: Path,
    progress: Progress,
    keep: bool = False,
    noise: tuple[Noise, ...] = (),
    ended: Callable[[Recorded], object] = lambda _left: None,
) -> Session:
    """Play the scenarios and return what each of them left, which `ended` hears as soon as it is there.

    Their workloads come up while the lab gets quiet, and nothing is broken before it is. A broken run leaves
    an incident that says so. Interrupted, it starts nothing more; what runs is ended, and what was recorded
    is returned all the same.
    """
    check_folders(scenarios)
    clock = StoppableClock()
    with (
        observe.Watcher(lab.prometheus, clock, lab.evaluation_seconds) as watcher,
        Mailbox(lab.receiver, clock, lab.evaluation_seconds) as mailbox,
        ThreadPoolExecutor(max_workers=1) as aside,
    ):
        _remove_leftovers(lab, clock)
        quiet = aside.submit(_quiet_since, lab, clock, progress)
        runs = [
            Run(
                lab,
                one,
                watcher,
                mailbox,
                clock,
                progress,
                record,
                keep,
                schedule.beside(one, scenarios),
                noise,
                schedule.elsewhere(one, scenarios),
                quiet.result,
                ended,
            )
            for one in scenarios
        ]
        fired: tuple[Life, ...] = ()
        why, interrupted = "", False
        try:
            schedule.in_turns(runs, clock, once_quiet=partial(_once_quiet, quiet, lab, clock, progress))
            fired = tuple(strays.found(lab.prometheus(), quiet.result(), clock.now()))
        except KeyboardInterrupt:
            why, interrupted = "the play was interrupted", True
            progress.say("interrupted: nothing more is started", style="yellow")
        except AlertdrillError as error:
            why = str(error)
        except BaseException as error:  # noqa: BLE001  # what was recorded is judged all the same
            why = crash.told("playing", error)
        clock.stop()
    return Session([run.left or _not_played(run.scenario, why) for run in runs], interrupted, fired)


def _not_played(scenario: Scenario, why: str) -> Recorded:
    return Recorded(scenario=scenario, why=f"it was not played to its end: {why}")


def _remove_leftovers(lab: Lab, clock: Clock) -> None:
    """Remove the namespaces of a run that was killed; the lock on the lab says that no run is alive."""
    chosen = f"{LAB_LABEL}={lab.site.mark},{SCENARIO_LABEL}"
    what = "removing what a killed run left"
    insist(partial(lab.kube.run, what, "delete", "namespace", f"--selector={chosen}", "--wait=false"), clock)


def _quiet_since(lab: Lab, clock: StoppableClock, progress: Progress) -> float:
    """Wait for the lab to be quiet, and return since when it is: what fired before that is nobody's here."""
    _await_quiet(lab, clock, progress)
    return clock.now()


def _once_quiet(
    first: Future[float], lab: Lab, clock: StoppableClock, progress: Progress, meant: frozenset[str]
) -> float:
    """Wait for the lab to be quiet again, once it has been, and return since when it is."""
    first.result()
    return _await_quiet(lab, clock, progress, meant)


def _await_quiet(
    lab: Lab, clock: StoppableClock, progress: Progress, meant: frozenset[str] = frozenset()
) -> float:
    """Wait until the canary fires and nothing else is even pending, and return since when that is so.

    What is `meant` to be active, as it is played meanwhile, is left out. A new cluster lacks things for a
    while. What stays active is said and played with: it is for the judge to object to.
    """
    seconds, far = _whole_round(lab), _far(lab)
    try:
        wait_for(
            f"every other alert in the lab {lab.name} to be quiet before anything is broken",
            lambda: baseline.quiet(
                lab.prometheus(), lab.limits.canary, seconds=seconds, meant=meant, far=far
            ),
            deadline=BASELINE_SECONDS_MAX,
            clock=clock,
            every=lab.scrape_seconds,
            tell=lambda seen: progress.say(f"waiting for the lab to be quiet: {seen}"),
        )
    except LabError as error:
        if clock.stopped:
            raise
        progress.say(f"{error}; going on", style="yellow")
        return clock.now()
    return clock.now() - seconds


def _far(lab: Lab) -> frozenset[str]:
    """Return the alerts that pend for so long that none of before a fault fires before it was seen there.

    One that fires all the same, and was up before the fault, makes a run unknown.
    """
    told = [rule for rule in lab.rules.scaled.rules if rule.kind == "alert"]
    return frozenset(one.name for one in told if durations.seconds(one.hold or "0s") >= FAR_SECONDS)


def _whole_round(lab: Lab) -> float:
    """Return live seconds in which everything was scraped and every rule evaluated, even if one was late."""
    return 2 * (lab.scrape_seconds + lab.evaluation_seconds)
