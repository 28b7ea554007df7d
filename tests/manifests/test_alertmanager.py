"""Who is told of which alert, and what is silenced by what, by a real Alertmanager with what we ship."""

import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from alertdrill import durations
from alertdrill.clock import NotYet, WallClock, wait_for
from alertdrill.machine import tools

from .running import BASE, CONFIG, LABELS, MANIFESTS, RECEIVERS, alerting, firing

RULES = sorted((MANIFESTS.parent / "rules").glob("*.rules.yaml"))
AT_ONCE = 5  # of those that wait
ROUTES = Path(__file__).parent / "golden" / "routes.txt"
EXPORTER = "monitoring/kube-api-exporter"
NODE = {"alertname": "NodeNotReady", "job": EXPORTER, "node": "n1", "name": "n1", "severity": "critical"}
EXPORTER_GONE = {"alertname": "KubeApiExporterDown", "job": EXPORTER, "severity": "critical"}
SHARD_DOWN = {**EXPORTER_GONE, "pod": "exporter-1", "instance": "10.0.0.1:8080", "node": "n1"}
NO_REPLICAS = {
    "alertname": "DeploymentReplicasMismatch",
    "job": EXPORTER,
    "exported_namespace": "shop",
    "name": "web",
    "pod": "exporter-0",
    "node": "n1",
    "severity": "critical",
}
CRASHES = {**NO_REPLICAS, "alertname": "PodRestartingTooMuch", "name": "web-1", "severity": "warning"}
STUCK = {**NO_REPLICAS, "alertname": "DeploymentStuck", "type": "Progressing", "severity": "warning"}
NO_RESULT = {
    "alertname": "PromRunCommandFailing",
    "job": "ops/prom-run",
    "exported_namespace": "ops",
    "node": "n1",
    "severity": "warning",
}

SILENCED: dict[str, tuple[LABELS, LABELS]] = {
    "what runs on a dead node": (NODE, NO_RESULT),
    "what a missing exporter has told": (EXPORTER_GONE, CRASHES),
    "what the exporter that is down has told": (SHARD_DOWN, {**CRASHES, "pod": "exporter-1"}),
    "a rollout of what lacks replicas": (NO_REPLICAS, STUCK),
    "a rollout that was never begun": ({**NO_REPLICAS, "alertname": "DeploymentGenerationMismatch"}, STUCK),
}
HEARD: dict[str, tuple[LABELS, LABELS]] = {
    "another node": (NODE, {**NO_RESULT, "node": "n2"}),
    "another node that is dead, too": (NODE, {**NODE, "name": "n2", "node": "n2"}),
    "what an exporter on the dead node says of others": (NODE, NO_REPLICAS),
    "what is on no node": (NODE, {"alertname": "ApiServerDown", "job": "kubernetes-apiserver"}),
    "another job than the exporter's": (EXPORTER_GONE, NO_RESULT),
    "what another exporter tells": (SHARD_DOWN, CRASHES),
    "another exporter that is down": (SHARD_DOWN, {**SHARD_DOWN, "pod": "exporter-2"}),
    "another Deployment": (NO_REPLICAS, {**STUCK, "name": "api"}),
    "a Deployment of that name elsewhere": (NO_REPLICAS, {**STUCK, "exported_namespace": "test"}),
    "a Job of that name": (NO_REPLICAS, {**NO_REPLICAS, "alertname": "JobFailed", "severity": "warning"}),
}


def amtool(*words: str) -> str:
    """Run amtool and return what it says."""
    command = [str(tools.amtool()), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def routed(alert: str, severity: str) -> str:
    """Return the receivers of an alert, by the shipped configuration."""
    labels = (f"alertname={alert}", f"severity={severity}", "job=a", "exported_namespace=b")
    return amtool("config", "routes", "test", f"--config.file={CONFIG}", *labels).strip()


def alerts() -> list[tuple[str, str]]:
    """Return name and severity of every shipped alert."""
    return sorted(
        (rule["alert"], rule["labels"]["severity"])
        for file in RULES
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
        if "alert" in rule
    )


def test_alertmanager_takes_the_configuration() -> None:
    """Amtool reads it, and every template it names, without a complaint."""
    assert "SUCCESS" in amtool("check-config", str(CONFIG))


def test_every_alert_has_its_receiver(update_goldens: Callable[[Path, str], None]) -> None:
    """The table of who is told of what; `pytest --update-goldens` writes it anew, for somebody to read."""
    table = "".join(f"{name:<40} {severity:<8} → {routed(name, severity)}\n" for name, severity in alerts())
    update_goldens(ROUTES, table)
    assert ROUTES.read_text() == table


def test_nobody_s_alert_wakes_somebody() -> None:
    """An alert with a severity that no route takes goes where somebody looks at once."""
    assert "page" == routed("Anything", "catastrophic")


def test_every_address_is_a_file_that_the_drill_writes() -> None:
    """The receivers' addresses are the keys of the Secret, and those that a drill has in its place."""
    text = CONFIG.read_text()
    named = {
        word.rpartition("/")[2] for word in text.split() if word.startswith("/etc/alertmanager-receivers/")
    }
    assert set(RECEIVERS) == named
    patch = (MANIFESTS / "components" / "receiver" / "alertmanager.yaml").read_text()
    assert f"for name in {RECEIVERS}:".replace("'", '"') in patch


def test_what_fails_together_comes_together() -> None:
    """A group waits for longer than a scrape and an evaluation, by which alerts of one cause part."""
    prometheus = yaml.safe_load((MANIFESTS / "base" / "prometheus" / "prometheus.yaml").read_text())
    pauses = [prometheus["global"][f"{one}_interval"] for one in ("scrape", "evaluation")]
    apart = sum(map(durations.seconds, pauses))
    assert apart < durations.seconds(yaml.safe_load(CONFIG.read_text())["route"]["group_wait"])


def test_the_templates_are_deployed() -> None:
    """What the configuration reads is what stands in the ConfigMap."""
    (generator,) = yaml.safe_load((BASE / "kustomization.yaml").read_text())["configMapGenerator"]
    assert sorted(generator["files"]) == sorted([CONFIG.name, *(file.name for file in BASE.glob("*.tmpl"))])


def silenced(folder: Path, source: LABELS, target: LABELS) -> bool:
    """Say whether an alert is silenced while another fires."""
    with alerting(folder) as both:
        both.tell(firing(source), firing(target))

        def known() -> Any:
            try:
                return [both.silenced(source), both.silenced(target)]
            except ValueError as error:
                raise NotYet(str(error)) from error

        is_silenced = wait_for("both alerts", known, deadline=10, clock=WallClock(), every=0.05)
    assert not is_silenced[0], "what silences others is heard"
    return bool(is_silenced[1])


@pytest.fixture(scope="module")
def is_silenced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[bool]]]:
    """Ask of every case, of some at once: they do little but wait."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            case: pool.submit(silenced, tmp_path_factory.mktemp("case"), *both)
            for case, both in {**SILENCED, **HEARD}.items()
        }


@pytest.mark.parametrize("case", SILENCED)
def test_a_consequence_is_silenced(case: str, is_silenced: dict[str, Future[bool]]) -> None:
    """While the cause fires, what follows from it, or can't be trusted because of it, is sent to nobody."""
    assert is_silenced[case].result()


@pytest.mark.parametrize("case", HEARD)
def test_nothing_else_is_silenced(case: str, is_silenced: dict[str, Future[bool]]) -> None:
    """What only looks like a consequence, by a label that means something else, is sent."""
    assert not is_silenced[case].result()
