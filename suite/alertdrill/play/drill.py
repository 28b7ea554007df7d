"""Play, judge, tell: what each face of the live lane does, in the order in which nothing is lost."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from alertdrill import crash, incident, judge
from alertdrill.clock import WallClock
from alertdrill.errors import AlertdrillError, LabError, RulesError, ScenarioError
from alertdrill.faults import calls, catalogue
from alertdrill.incident import Incident
from alertdrill.lab import Lab, LabRules, evidence
from alertdrill.model import Judgement, Verdict
from alertdrill.names import LOOKBACK_SECONDS
from alertdrill.play import aim, kinds, session, strays
from alertdrill.play.run import Recorded
from alertdrill.progress import Progress
from alertdrill.scenario import Scenario, noise, place
from alertdrill.scenario import problems as problems_of


@dataclass(frozen=True)
class Played:
    """One scenario: its verdict, and its recording where one is kept."""

    scenario: Scenario
    judgement: Judgement
    incident: Incident | None = None
    folder: Path | None = None

    def __repr__(self) -> str:
        """Be short: it stands in the text of a test that failed, and the report beside it."""
        return f"<Played {self.scenario.name}: {self.judgement.verdict.value}>"

    @property
    def passed(self) -> bool:
        """Say whether all went as the scenario says; a LabError where nobody knows."""
        if self.judgement.verdict is Verdict.UNKNOWN:
            why = [one.sentence for one in self.judgement.findings if one.verdict is Verdict.UNKNOWN]
            raise LabError(f"{self.judgement.scenario} is unknown: {'; '.join(why)}")
        return self.judgement.verdict is Verdict.PASS


@dataclass(frozen=True)
class Drilled:
    """All scenarios of a drill, in the order given, and whether somebody interrupted it."""

    played: list[Played]
    interrupted: bool = False
    whole: Judgement | None = None  # on what fired in the run and is no scenario's; None where nothing did
    since: float = 0.0  # seconds since the epoch, from when on what Prometheus has is about it


def check(scenarios: Sequence[Scenario], rules: LabRules) -> None:
    """Raise ScenarioError for all that can't be played by these rules, before anything is started."""
    found = [said for one in scenarios for said in _mistakes(one, rules)]
    if found:
        raise ScenarioError("\n".join(dict.fromkeys(found)))


def _mistakes(scenario: Scenario, rules: LabRules) -> Iterator[str]:
    """Yield each mistake of a scenario as a sentence that begins with its place."""
    left_out = {one.alert for one in rules.left_out}
    for expectation in scenario.expect:
        try:
            rules.check(expectation.alert)
        except RulesError as error:
            yield str(error)
    problems = [*problems_of(scenario, rules.stated.alerts | left_out), *aim.problems(scenario)]
    try:
        catalogue.check(scenario)
    except ScenarioError as error:
        problems.append(error)
    for problem in problems:
        yield place.said(scenario, str(problem), problem.about)


def drill(
    lab: Lab, scenarios: Sequence[Scenario], *, record: Path, progress: Progress, keep: bool = False
) -> Drilled:
    """Play the scenarios, side by side where they don't disturb each other, and judge their recordings.

    One that this cluster can't give is unknown at once, and the others are played.
    """
    check(scenarios, lab.rules)
    kinds.check(scenarios, lab.kube)
    lacking = {one.name: why for one in scenarios if (why := _lacks(lab, one))}
    for name, why in lacking.items():
        progress.say(f"{name}: not played: {why}", style="yellow")
    possible = [one for one in scenarios if one.name not in lacking]
    stated = noise.beside(one.folder for one in scenarios if one.module)
    known = noise.in_force(stated)
    since = WallClock().now() - LOOKBACK_SECONDS / lab.speed  # recordings have what their rules read before
    done = session.Session([], interrupted=False)
    judged: dict[str, Future[Played]] = {}
    with ThreadPoolExecutor(max_workers=1) as judging:  # as they end: to read all recordings takes a while

        def ended(left: Recorded) -> None:
            judged[left.scenario.name] = judging.submit(_judged, left, lab.speed)

        if possible:
            done = session.play(
                lab, possible, record=record, progress=progress, keep=keep, noise=known, ended=ended
            )
    left = {one.scenario.name: one for one in done.recorded}
    left |= {
        one.name: Recorded(scenario=one, why=lacking[one.name]) for one in scenarios if one.name in lacking
    }
    played = [
        judged[one.name].result() if one.name in judged else _judged(left[one.name], lab.speed)
        for one in scenarios
    ]
    lives = [*done.fired, *(life for one in played for life in one.judgement.lives)]
    used = [line for line in known if any(line.matches(life.alert, life.labels) for life in lives)]
    for remark in noise.remarks(stated, used):
        progress.say(remark, style="yellow")
    unfit = sum(_is_unfit(one.judgement) for one in played)
    whole = strays.judged(done.fired, scenarios, known, lab.limits.canary, lab.speed, unfit=unfit)
    return Drilled(played, done.interrupted, whole, since)


def _is_unfit(judgement: Judgement) -> bool:
    """Say whether the lab was not fit to judge in."""
    return any(one.check == "assumptions" and one.verdict is Verdict.UNKNOWN for one in judgement.findings)


def _lacks(lab: Lab, scenario: Scenario) -> str:
    """Return why the scenario's fault can't be had in this lab, "" where it can."""
    kind = catalogue.of(scenario)
    if kind is None or scenario.fault is None:
        return ""
    try:
        return calls.available(kind, lab.ground, scenario.fault.args)
    except LabError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001  # the others can be played all the same
        return crash.told(f"looking whether {kind.name} can be had", error)


def _judged(left: Recorded, speed: float) -> Played:
    """Judge what is on disk, as everybody after us will; where the disk took nothing, what was seen."""
    name = left.scenario.name
    if left.incident is None:
        return Played(left.scenario, judge.unknown(name, left.why, speed))
    try:
        recorded = incident.read(left.folder) if left.folder else left.incident
    except AlertdrillError as error:
        return Played(left.scenario, judge.unknown(name, str(error), speed), None, left.folder)
    return Played(left.scenario, judge.judge(recorded), recorded, left.folder)


def tell(
    lab: Lab,
    drilled: Drilled,
    teller: Callable[[list[Judgement]], None],
    *,
    folder: Path,
    progress: Progress,
) -> Verdict:
    """Tell the verdicts, and then export evidence to `folder` unless all passed; returns the worst verdict.

    In this order: whatever becomes of the evidence, the verdicts are out. Trouble with it is said beside
    them. A drill that was interrupted ends here, once told: who interrupts does not wait for evidence.
    """
    judgements = [*(one.judgement for one in drilled.played), *([drilled.whole] if drilled.whole else [])]
    untold: LabError | None = None
    try:
        teller(judgements)
    except LabError as error:  # a disk that took no report may still take evidence
        untold = error
    if drilled.interrupted:
        raise KeyboardInterrupt
    worst = Verdict.worst(one.verdict for one in judgements)
    if worst is not Verdict.PASS:
        progress.say("the verdicts are out; what is written now is evidence, for who looks why")
        try:
            evidence.export(lab.kube, lab.site.namespace, folder, progress, since=drilled.since)
        except KeyboardInterrupt:
            progress.say(f"exporting evidence to {folder}: interrupted; the verdict stands", style="yellow")
        except Exception as error:  # noqa: BLE001  # be it a mistake of ours: the verdict is out
            known = isinstance(error, LabError | OSError)
            why = str(error) if known else crash.told("exporting evidence", error)
            progress.say(f"exporting evidence to {folder}: {why}; the verdict stands", style="yellow")
    if untold:
        raise untold
    return worst
