"""What is kept of a lab in trouble fits where recordings are kept, and does not keep anybody waiting."""

import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from alertdrill.clock import WallClock
from alertdrill.errors import LabError
from alertdrill.lab import evidence
from alertdrill.progress import Progress
from alertdrill.testing import FakeKube, FakePrometheus

SAMPLES = [
    f'up{{job="kubernetes-pods",instance="10.0.0.{n % 5}:9090"}} 1.0 {n}\n'.encode() for n in range(9999)
]


def test_samples_are_packed_as_they_come() -> None:
    """Half an hour of a lab is hundreds of megabytes as text, of which a tenth is left."""
    packed = b"".join(evidence.gzipped(iter(SAMPLES)))
    assert b"".join(SAMPLES) == gzip.decompress(packed)
    assert len(packed) * 10 < len(b"".join(SAMPLES))


class Cluster(FakeKube):
    """A stack of two parts, of two kinds, whose logs are what was asked for; its Prometheus is next door."""

    @contextmanager
    def forward(self, *_: object) -> Iterator[Any]:  # type: ignore[override]
        """Be a way to nowhere."""

        class Way:
            url = staticmethod(lambda: "")
            mistrust = None

        yield Way


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what Prometheus is asked."""
    promql: list[str] = []

    def answer(query: str) -> list[dict[str, Any]]:
        promql.append(query)
        return [{"metric": {"__name__": "up"}, "values": [[1, "1"]]}]

    monkeypatch.setattr(evidence, "Prometheus", lambda *_, **__: FakePrometheus(answer))
    monkeypatch.setattr(FakePrometheus, "names", lambda _server: ["up"])
    return promql


def cluster() -> Cluster:
    """Return a cluster that echoes."""

    def objects(resource: str) -> list[dict[str, Any]]:
        names = {"deployments": "prometheus", "daemonsets": "prom-node-exporter"}
        return [{"metadata": {"name": names[resource]}}]

    def says(words: Sequence[str]) -> str:
        return " ".join(words)

    return Cluster(objects, says=says)


@pytest.mark.parametrize(("since", "seconds"), [(900.0, 100), (0.0, 1000)])
def test_samples_are_those_of_the_play(
    since: float, seconds: int, tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a lab saw in the hours before is no evidence; without a play it is half an hour at most."""
    monkeypatch.setattr(WallClock, "now", lambda _clock: 1000.0)
    evidence.export(cluster(), "monitoring", tmp_path, Progress(), since=since)
    assert [f'{{__name__="up"}}[{seconds * 1000}ms]'] == asked
    text = gzip.decompress((tmp_path / "prometheus.om.txt.gz").read_bytes())
    assert b"up{} 1.0 1.000\n# EOF\n" == text


@pytest.mark.usefixtures("asked")
def test_each_part_of_the_stack_gives_its_logs(tmp_path: Path) -> None:
    """Whatever kind it is of: kubectl finds no Deployment that is a DaemonSet."""
    evidence.export(cluster(), "monitoring", tmp_path, Progress())
    logs = {file.name: file.read_text() for file in (tmp_path / "logs").iterdir()}
    server, nodes = "deployment/prometheus", "daemonset/prom-node-exporter"
    assert {
        "prometheus.log": f"logs --namespace=monitoring {server} --all-containers",
        "prometheus.previous.log": f"logs --namespace=monitoring {server} --all-containers --previous",
        "prom-node-exporter.log": f"logs --namespace=monitoring {nodes} --all-containers",
        "prom-node-exporter.previous.log": f"logs --namespace=monitoring {nodes} --all-containers --previous",
    } == logs


@pytest.mark.usefixtures("asked")
def test_a_cluster_that_answers_nothing_leaves_what_it_said(tmp_path: Path) -> None:
    """The reason is in the place of what can't be had."""

    def silent(_resource: str) -> list[dict[str, Any]]:
        raise LabError("no connection")

    evidence.export(Cluster(silent, failures=99), "monitoring", tmp_path, Progress())
    said = "exporting prometheus.log: kubectl ended with 1: etcdserver: request timed out\n"
    assert said == (tmp_path / "logs" / "prometheus.log").read_text()
