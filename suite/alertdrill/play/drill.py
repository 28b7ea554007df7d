"""Play, judge, tell: what each face of the live lane does, in the order in which nothing is lost."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from alertdrill import incident, judge
from alertdrill.errors import LabError
from alertdrill.faults import catalogue
from alertdrill.incident import Incident
from alertdrill.lab import Lab, LabRules, evidence
from alertdrill.model import Judgement, Verdict
from alertdrill.play import session, workload
from alertdrill.progress import Progress
from alertdrill.scenario import Scenario
from alertdrill.scenario import check as check_scenario


@dataclass(frozen=True)
class Played:
    """One scenario that was played: its recording, and what it says."""

    folder: Path
    incident: Incident
    judgement: Judgement

    @property
    def passed(self) -> bool:
        """Say whether all went as the scenario says; a LabError where nobody knows."""
        if self.judgement.verdict is Verdict.UNKNOWN:
            why = [one.sentence for one in self.judgement.findings if one.verdict is Verdict.UNKNOWN]
            raise LabError(f"{self.judgement.scenario} is unknown: {'; '.join(why)}")
        return self.judgement.verdict is Verdict.PASS


def check(scenarios: Sequence[Scenario], rules: LabRules) -> None:
    """Raise ScenarioError for what can't be played by these rules, before anything is started."""
    for one in scenarios:
        check_scenario(one, rules.stated.alerts)
        catalogue.check(one)
        workload.manifest(one)


def drill(
    lab: Lab, scenarios: Sequence[Scenario], *, record: Path, progress: Progress, keep: bool = False
) -> list[Played]:
    """Play the scenarios, side by side where they don't disturb each other, and judge their recordings."""
    check(scenarios, lab.rules)
    played = []
    for folder in session.play(lab, scenarios, record=record, progress=progress, keep=keep):
        recorded = incident.read(folder)
        played.append(Played(folder, recorded, judge.judge(recorded)))
    return played


def tell(
    lab: Lab,
    played: Sequence[Played],
    teller: Callable[[list[Judgement]], None],
    *,
    folder: Path,
    progress: Progress,
) -> Verdict:
    """Tell the verdicts, and then export evidence to `folder` unless all passed; returns the worst verdict.

    In this order: whatever becomes of the evidence, the verdicts are out. Trouble with it is said beside
    them.
    """
    judgements = [one.judgement for one in played]
    teller(judgements)
    worst = Verdict.worst(one.verdict for one in judgements)
    if worst is not Verdict.PASS:
        try:
            evidence.export(lab.kube, folder, progress)
        except (LabError, OSError, KeyboardInterrupt) as error:
            why = str(error) or "interrupted"
            progress.say(f"exporting evidence to {folder}: {why}; the verdict stands", style="yellow")
    return worst
