"""The target that is told what to say: its program itself, over a real socket."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

from alertdrill import data, faults
from alertdrill.clock import WallClock, wait_for
from alertdrill.errors import TransientError
from alertdrill.faults import catalogue
from alertdrill.faults.base import Place
from alertdrill.faults.modelled import DisturbScrapes, UseUp
from alertdrill.scenario import Fault
from alertdrill.testing import FakeKube

WORKLOAD = data.path("fixtures", "workloads", "modelled-node", "workload.yaml")
PLACE = Place(FakeKube(), "a", 20.0)


@pytest.fixture
def target(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Run the workload's program; returns its URL, and the file that it reads."""
    (held,) = [one for one in yaml.safe_load_all(WORKLOAD.read_text()) if one["kind"] == "ConfigMap"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = tmp_path / "model.py"
    text = held["data"]["model.py"].replace("/tmp/", f"{tmp_path}/")
    program.write_text(text.replace('("", 9100)', f'("127.0.0.1", {port})'))
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen([sys.executable, program]) as server:
        try:
            wait_for("the target", lambda: ready(url), deadline=20, clock=WallClock(), every=0.05)
            yield url, tmp_path / "model.json"
        finally:
            server.terminate()


def ready(url: str) -> bool:
    """Say whether it is ready."""
    try:
        return requests.get(f"{url}/ready", timeout=5).ok
    except requests.RequestException as error:
        raise TransientError(str(error)) from error


def told(fault: Fault) -> str:
    """Return what a fault writes, twenty times as fast as life."""
    (kind,) = [one for one in catalogue.ALL if one.name == fault.name]
    assert isinstance(kind, UseUp | DisturbScrapes)
    return json.dumps(kind.said(PLACE, fault.args))


def scraped(url: str) -> dict[str, Any]:
    """Return what a scrape finds, by name and series."""
    reply = requests.get(f"{url}/metrics", timeout=5)
    return {
        " ".join((sample.name, *sample.labels.values())): sample.value
        for family in text_string_to_metric_families(reply.text)
        for sample in family.samples
    }


def test_half_of_everything_is_left_unless_something_is_wrong(target: tuple[str, Path]) -> None:
    """The target tells its six numbers in node-exporter's names, and that it is modelled."""
    disk = "/dev/modelled ext4 /modelled"
    assert {
        "node_memory_MemTotal_bytes": 16e9,
        "node_memory_MemAvailable_bytes": 8e9,
        f"node_filesystem_size_bytes {disk}": 1e11,
        f"node_filesystem_avail_bytes {disk}": 5e10,
        f"node_filesystem_files {disk}": 6e6,
        f"node_filesystem_files_free {disk}": 3e6,
        "drill_modelled one": 1,
    } == scraped(target[0])


def test_what_is_used_up_is_told_of_that_alone(target: tuple[str, Path]) -> None:
    """Of a disk that is nearly full its inodes and the memory say nothing."""
    url, file = target
    file.write_text(told(faults.use_up("x=y", what="disk", left=0.05)))
    found = scraped(url)
    assert 5e9 == found["node_filesystem_avail_bytes /dev/modelled ext4 /modelled"]
    assert 8e9 == found["node_memory_MemAvailable_bytes"]


def test_what_shrinks_does_so_as_fast_as_the_lab(target: tuple[str, Path]) -> None:
    """Of what loses a third in an hour of rule time, as much is lost in three minutes here."""
    url, file = target
    said = told(faults.use_up("x=y", what="memory", left=0.4, lost_per_hour=0.36))
    assert {"memory": {"left": 0.4, "lost_per_second": 0.002}} == json.loads(said)
    file.write_text(said)
    first = scraped(url)["node_memory_MemAvailable_bytes"]
    WallClock().sleep(0.3)
    lost = first - scraped(url)["node_memory_MemAvailable_bytes"]
    assert 0.3 * 0.002 * 16e9 == pytest.approx(lost, rel=0.5)


@pytest.mark.parametrize(
    ("how", "status", "seconds", "series"),
    [("slow", 200, 1.35, 1), ("late", 200, 2.25, 1), ("refused", 503, 0.0, 1), ("twice", 200, 0.0, 2)],
)
def test_scrapes_are_disturbed_and_readiness_is_not(
    how: Any, status: int, seconds: float, series: int, target: tuple[str, Path]
) -> None:
    """Of the 1.5 s that a scrape has at that speed, slow takes nine tenths, and late half as much again."""
    url, file = target
    file.write_text(told(faults.disturb_scrapes("x=y", how=how)))
    assert requests.get(f"{url}/ready", timeout=1).ok
    reply = requests.get(f"{url}/metrics", timeout=5)
    assert status == reply.status_code
    assert seconds <= reply.elapsed.total_seconds() < seconds + 1
    assert series == reply.text.count("drill_modelled")
