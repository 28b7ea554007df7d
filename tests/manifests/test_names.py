"""Names that several files must agree on: jobs, Services, ports, annotations, component folders."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from alertdrill.lab.stack import COMPONENTS
from alertdrill.names import STACK_NAMESPACE, TOUCHABLE
from alertdrill.rules import promql

ROOT = Path(__file__).parents[2]
BASE = ROOT / "manifests" / "base"
NAME = "app.kubernetes.io/name"
SCRAPE_JOBS = {
    job["job_name"]
    for job in yaml.safe_load((BASE / "prometheus" / "prometheus.yaml").read_text())["scrape_configs"]
}


def objects(*kinds: str) -> list[dict[str, Any]]:
    """Return the objects of the base of these kinds."""
    files = [file for file in sorted(BASE.glob("*/*.yaml")) if file.name != "kustomization.yaml"]
    found = [one for file in files for one in yaml.safe_load_all(file.read_text())]
    return [one for one in found if one.get("kind") in kinds]


RUNNING = {one["metadata"]["name"]: one for one in objects("Deployment", "DaemonSet")}
SERVICES = {one["metadata"]["name"]: one for one in objects("Service")}


def scraped_port(workload: dict[str, Any]) -> str:
    """Return the port at which a workload's pods ask to be scraped, "" where they don't."""
    annotations = workload["spec"]["template"]["metadata"].get("annotations", {})
    return str(annotations.get("prometheus.io/port", "")) if annotations.get("prometheus.io/scrape") else ""


def expressions() -> list[str]:
    """Return every expression of rules and dashboards."""
    rules = [
        rule["expr"]
        for file in (ROOT / "rules").glob("*.rules.yaml")
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
    ]
    boards = [json.loads(file.read_text()) for file in (BASE / "dashboards").glob("*.json")]
    return [
        *rules,
        *(one["expr"] for board in boards for panel in board["panels"] for one in panel["targets"]),
    ]


JOBS = sorted({job for one in expressions() for job in promql.jobs(promql.parse(one))})


@pytest.mark.parametrize("job", JOBS)
def test_a_job_that_is_read_is_scraped(job: str) -> None:
    """It is a scrape job, or `monitoring/` and the name of a workload that asks to be scraped."""
    namespace, _, workload = job.partition("/")
    if not workload:
        assert job in SCRAPE_JOBS
        return
    assert STACK_NAMESPACE == namespace
    assert workload == RUNNING[workload]["spec"]["template"]["metadata"]["labels"][NAME]
    assert scraped_port(RUNNING[workload])


@pytest.mark.parametrize("workload", RUNNING)
def test_a_workload_is_called_the_same_everywhere(workload: str) -> None:
    """Its name is its label, its selector and its Service's, which leads to the port it is scraped at."""
    thing = RUNNING[workload]
    assert {workload} == {
        thing["metadata"]["labels"][NAME],
        thing["spec"]["selector"]["matchLabels"][NAME],
        thing["spec"]["template"]["metadata"]["labels"][NAME],
        SERVICES[workload]["spec"]["selector"][NAME],
    }
    ports = {
        port["name"]: port["containerPort"]
        for container in thing["spec"]["template"]["spec"]["containers"]
        for port in container["ports"]
    }
    (service_port,) = SERVICES[workload]["spec"]["ports"]
    assert service_port["targetPort"] in ports
    if asked := scraped_port(thing):
        assert int(asked) == ports[service_port["targetPort"]]


def test_what_a_lab_waits_for_is_what_its_overlay_deploys() -> None:
    """A part that is not looked for would be missed by nobody."""
    drill = ROOT / "manifests" / "overlays" / "drill"
    overlay = yaml.safe_load((drill / "kustomization.yaml").read_text())
    deployed = {
        one["metadata"]["name"]
        for folder in (*overlay["resources"], *overlay["components"])
        for file in (drill / folder).glob("*.yaml")
        if file.name not in {"kustomization.yaml", "prometheus.yaml"}
        for one in yaml.safe_load_all(file.read_text())
        if one.get("kind") in {"Deployment", "DaemonSet"}
    }
    assert {*COMPONENTS} == deployed


def test_what_a_scenario_may_take_down_are_jobs_that_are_scraped() -> None:
    """A job by another name would be missed although the scenario says that it takes it down."""
    taken = set[str]().union(*TOUCHABLE.values())
    assert taken <= SCRAPE_JOBS | {f"{STACK_NAMESPACE}/{name}" for name in RUNNING}
