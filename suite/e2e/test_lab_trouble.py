"""A lab in trouble gives no verdict: each of these must be unknown, neither pass nor fail."""

import pytest

from alertdrill import judge
from alertdrill.faults import stop_watcher
from alertdrill.incident import Incident
from alertdrill.model import Verdict
from alertdrill.scenario import Fault, Scenario, never
from e2e.conftest import Player


def trouble(name: str, why: str, fault: Fault | None) -> Scenario:
    """Return a short scenario during which the lab itself breaks; its silence must not count."""
    return Scenario(
        name=name,
        why=why,
        workload="web",
        fault=fault,
        hold="4m",
        expect=(never("DeploymentReplicasMismatch"),),
        exclusive=True,
    )


TROUBLE = {
    # rules/unhealthy.rules.yaml can be evaluated until two pods are in a namespace of this name.
    "unhealthy rule": trouble("lab/unhealthy-rule", "A rule that can't be evaluated never fires.", None),
    "dead target": trouble("lab/dead-target", "No samples, no alerts.", stop_watcher("kube-api-exporter")),
    "stopped Prometheus": trouble("lab/stopped-prometheus", "Nobody evaluates.", stop_watcher("prometheus")),
}


@pytest.fixture(scope="module")
def troubled(incidents: dict[str, Incident], player: Player) -> dict[str, Incident]:
    """Return the recordings of the troubles, played after the scenarios because they break the lab."""
    assert incidents
    return player(list(TROUBLE.values()))


@pytest.mark.parametrize("scenario", TROUBLE.values(), ids=TROUBLE.keys())
def test_a_lab_in_trouble_is_unknown(scenario: Scenario, troubled: dict[str, Incident]) -> None:
    """The verdict is unknown, and says why."""
    judgement = judge.judge(troubled[scenario.name])
    assert Verdict.UNKNOWN is judgement.verdict
    assert [] != [finding.sentence for finding in judgement.findings if finding.verdict is Verdict.UNKNOWN]
