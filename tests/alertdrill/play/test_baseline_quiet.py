"""Before anything is broken, all is quiet: asked of a real Prometheus that holds a lab's first seconds."""

import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from alertdrill.clock import NotYet, WallClock, wait_for
from alertdrill.machine import tools
from alertdrill.machine.process import kill_group
from alertdrill.play.baseline import quiet
from alertdrill.prometheus import Prometheus

STEP = 0.5  # seconds between two samples
AN_HOUR_AGO = time.time() // 1 - 3600
# Each series of the history, with the seconds at which it began and ended.
CANARY = 'ALERTS{alertname="Watchdog",alertstate="firing"}', 0.0, 40.0
DEPLOYMENT = 'k8s_deployment_spec_replicas{name="coredns"}', 10.0, 60.0
PENDING = 'ALERTS{alertname="DeploymentReplicasMismatch",alertstate="pending"}', 10.5, 20.0
# What is about a scenario's namespace, by the namespace of an object or of what was scraped.
OF_A_SCENARIO = (
    ('ALERTS{alertname="Kubediff",exported_namespace="drill-a",alertstate="pending"}', 22.0, 40.0),
    ('ALERTS{alertname="TargetDown",namespace="drill-b",alertstate="firing"}', 22.0, 40.0),
)
FIRING = 'ALERTS{alertname="PodRestartingTooMuch",alertstate="firing"}', 30.0, 33.0
HISTORY = (CANARY, PENDING, DEPLOYMENT, FIRING, *OF_A_SCENARIO)


class Then(Prometheus):
    """The history's Prometheus, asked at one moment of it."""

    def __init__(self, url: str, seconds: float) -> None:
        super().__init__(url)
        self.at = AN_HOUR_AGO + seconds

    def query(self, promql: str, *, at: float | None = None) -> list[dict[str, Any]]:
        """Ask as if it were then."""
        return super().query(promql, at=self.at if at is None else at)


def openmetrics(history: Sequence[tuple[str, float, float]]) -> str:
    """Return the history as promtool takes it; a family's samples stand together."""
    lines = [
        f"{series} 1 {AN_HOUR_AGO + begin + step * STEP:.3f}"
        for series, begin, end in sorted(history)
        for step in range(round((end - begin) / STEP) + 1)
    ]
    return "\n".join([*lines, "# EOF", ""])


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a Prometheus that holds the history; yield its URL."""
    folder = tmp_path_factory.mktemp("history")
    (folder / "history.om").write_text(openmetrics(HISTORY))
    (folder / "prometheus.yml").write_text("{}")
    blocks = ["tsdb", "create-blocks-from", "openmetrics", f"{folder}/history.om", f"{folder}/data"]
    subprocess.run([tools.promtool(), *blocks], check=True, capture_output=True)
    words = [
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        "--web.listen-address=127.0.0.1:0",
        "--query.lookback-delta=1s",  # what ended has ended: the history has no staleness markers
    ]
    log = folder / "log"
    with log.open("wb") as sink:
        process = subprocess.Popen([tools.prometheus(), *words], stdout=sink, stderr=sink, process_group=0)

    def address() -> str:
        listening = re.search(r"Listening on.*address=(\S+)", log.read_text())
        if not listening or not Prometheus(f"http://{listening[1]}").ready():
            raise NotYet(log.read_text()[-500:])
        return f"http://{listening[1]}"

    try:
        yield wait_for("Prometheus", address, deadline=30, clock=WallClock(), every=0.1)
    finally:
        kill_group(process)


@pytest.mark.parametrize(
    ("then", "why_not"),
    [
        (9.0, "Prometheus has not seen Deployments for 3.5 s yet"),
        (10.2, "Prometheus has not seen Deployments for 3.5 s yet"),  # seen, and its rule not evaluated yet
        (15.0, "DeploymentReplicasMismatch is active"),
        (23.0, "DeploymentReplicasMismatch is active"),  # it was, a moment ago
        (43.0, "the canary alert Watchdog does not fire yet"),
    ],
)
def test_a_silent_moment_is_not_quiet(url: str, then: float, why_not: str) -> None:
    """For a whole round of scrapes and evaluations nothing was active, or it is said what keeps it."""
    with pytest.raises(NotYet) as said:
        quiet(Then(url, then), "Watchdog", seconds=3.5)
    assert why_not == str(said.value)


def test_a_silent_round_is_quiet(url: str) -> None:
    """The canary fires, deployments are seen, and nothing else was active but what is a scenario's own."""
    assert quiet(Then(url, 24.0), "Watchdog", seconds=3.5) is True


def test_what_is_played_meanwhile_is_no_noise(url: str) -> None:
    """Its alerts are meant to be active."""
    meant = frozenset({"DeploymentReplicasMismatch"})
    assert quiet(Then(url, 15.0), "Watchdog", seconds=3.5, meant=meant) is True


def test_what_pends_and_is_far_from_firing_keeps_nobody_waiting(url: str) -> None:
    """What has just been restarted is called restarting for minutes, and is well."""
    far = frozenset({"DeploymentReplicasMismatch"})
    assert quiet(Then(url, 15.0), "Watchdog", seconds=3.5, far=far) is True


def test_what_fires_is_waited_for_however_long_it_takes_to(url: str) -> None:
    """It is no longer far from it."""
    with pytest.raises(NotYet, match=r"^PodRestartingTooMuch is active$"):
        quiet(Then(url, 32.0), "Watchdog", seconds=3.5, far=frozenset({"PodRestartingTooMuch"}))
