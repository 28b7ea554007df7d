"""A lab in trouble gives no verdict: each of these must be unknown, neither pass nor fail."""

import re
from pathlib import Path

import pytest

from alertdrill.faults import execute, stop_watcher
from alertdrill.incident import Incident
from alertdrill.model import Judgement, Verdict
from alertdrill.scenario import Fault, Scenario, never
from e2e.conftest import Player

WORKLOADS = Path(__file__).parent / "workloads"
# Written aside and renamed: half a number is a number.
BURN = "import os; open('/tmp/told', 'w').write('25'); os.rename('/tmp/told', '/tmp/burn')"


def trouble(
    name: str,
    why: str,
    *,
    fault: Fault | None = None,
    workload: str = "web",
    hold: str = "3m",
    exclusive: bool = True,
) -> Scenario:
    """Return a short scenario during which the lab itself breaks; its silence must not count."""
    return Scenario(
        name=name,
        why=why,
        workload=workload,
        fault=fault,
        hold=hold,
        expect=(never("DeploymentReplicasMismatch"),),
        exclusive=exclusive,
    )


TROUBLE = {
    # rules/unhealthy.rules.yaml can be evaluated until two pods are in a namespace of this name.
    # The two beside it have no verdict either way.
    "not healthy": trouble(
        "lab/unhealthy-rule", "A rule that can't be evaluated never fires.", exclusive=False
    ),
    "exceeded|forbidden|violates": trouble(
        "lab/refused-workload", "Nothing ran.", workload=str(WORKLOADS / "refused.yaml"), exclusive=False
    ),
    "no-such-image": trouble(
        "lab/missing-image", "Nothing ran.", workload=str(WORKLOADS / "missing-image.yaml"), exclusive=False
    ),
    "kube-api-exporter": trouble(
        "lab/dead-target", "No samples, no alerts.", fault=stop_watcher("kube-api-exporter")
    ),
    "Prometheus|scrape": trouble(
        "lab/stopped-prometheus", "Nobody evaluates.", fault=stop_watcher("prometheus")
    ),
    "starved was not scraped": trouble(
        "lab/busy-machine",
        "Nobody had the time to look.",
        workload=str(WORKLOADS / "burner.yaml"),
        fault=execute("app.kubernetes.io/name=burner", command=["python3", "-c", BURN], undo=[]),
        hold="9m",
    ),
}


@pytest.fixture(scope="module")
def troubled(incidents: dict[str, Incident], player: Player) -> dict[str, Judgement]:
    """Return the verdicts on the troubles, played after the scenarios because they break the lab."""
    assert incidents
    return {one.scenario.name: one.judgement for one in player(list(TROUBLE.values())).played}


@pytest.mark.parametrize(("said", "scenario"), TROUBLE.items(), ids=[one.name for one in TROUBLE.values()])
def test_a_lab_in_trouble_is_unknown(said: str, scenario: Scenario, troubled: dict[str, Judgement]) -> None:
    """The verdict is unknown, and a sentence says why."""
    judgement = troubled[scenario.name]
    sentences = [finding.sentence for finding in judgement.findings if finding.verdict is Verdict.UNKNOWN]
    assert Verdict.UNKNOWN is judgement.verdict
    assert re.search(said, "\n".join(sentences))
