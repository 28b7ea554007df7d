"""A real Prometheus, and promtool, on what is served, in every format, escaping and coding."""

import gzip
import json
import random
import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
import zstandard

from alertdrill.clock import NotYet, WallClock, wait_for
from alertdrill.machine.process import kill_group
from alertdrill.machine.tools import programs
from e2e.exporter import histories
from e2e.exporter.apiserver import ApiServer
from e2e.exporter.histories import KINDS
from e2e.exporter.running import Running

PROTOCOLS = ("PrometheusText0.0.4", "PrometheusText1.0.0", "OpenMetricsText0.0.1", "OpenMetricsText1.0.0")
ESCAPINGS = ("allow-utf-8", "underscores", "dots", "values")
LINT_ONLY = 3  # promtool would rather have no camelCase; the names are an interface, so they stay
ODD_WIDGET = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "odd"}}


@pytest.fixture
def furnished(api: ApiServer) -> Iterator[ApiServer]:
    """Yield the API server with some of every kind, and names and words that some readers refuse."""
    dice = random.Random(5)  # noqa: S311  # the same objects every time
    for index in range(20):
        for kind, path in histories.PATHS.items():
            api.call("POST", path.format("one"), histories.body(kind, f"seen-{kind[:3]}-{index}", dice))
    said = {"type": 'a "word"\\\n\x00', "status": "True", "reason": "w" * 10_000}
    states = {"conditions": [said, said, {"status": "True"}], "runState": {"busy": {"reason": said["type"]}}}
    odd = {**ODD_WIDGET, "spec": {**states, "open": {"on-call": 1, "a.b": {"c": 2}, "ä": 3}}}
    widgets = "/apis/example.com/v1/namespaces/one/widgets"
    api.call("POST", widgets, odd)
    yield api
    api.call("DELETE", f"{widgets}/odd")  # what is hostile is not for those who come after


def jobs(target: str) -> Iterator[dict[str, Any]]:
    """Yield a scrape job for every way to ask."""
    for protocol in PROTOCOLS:
        for escaping in ESCAPINGS if protocol.endswith("1.0.0") else ("underscores",):
            for compressed in (True, False):
                yield {
                    "job_name": f"{protocol}-{escaping}-{'gzip' if compressed else 'plain'}",
                    "scrape_protocols": [protocol],
                    "enable_compression": compressed,
                    "metric_name_validation_scheme": "utf8" if escaping == "allow-utf-8" else "legacy",
                    "metric_name_escaping_scheme": escaping,
                    "static_configs": [{"targets": [target]}],
                }


@contextmanager
def prometheus(folder: Path, config: dict[str, Any]) -> Iterator[str]:
    """Run a Prometheus; yield its URL."""
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    with socket.create_server(("127.0.0.1", 0)) as one:
        address = f"127.0.0.1:{one.getsockname()[1]}"
    words = [
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address={address}",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [str(programs.prometheus()), *words], stdout=log, stderr=log, process_group=0
        )
    try:
        yield f"http://{address}"
    finally:
        kill_group(process)


def results(url: str, query: str) -> dict[str, float]:
    """Return job → value of an instant query."""
    try:
        reply = requests.get(f"{url}/api/v1/query", params={"query": query}, timeout=10)
        found = reply.json()["data"]["result"]
    except (requests.RequestException, ValueError, KeyError) as error:
        raise NotYet(str(error)) from error
    return {one["metric"]["job"]: float(one["value"][1]) for one in found}


def test_prometheus_takes_every_format(furnished: ApiServer, log: Path, tmp_path: Path) -> None:
    """`up` is 1 for every way to ask, and as many samples arrive as we count ourselves."""
    with Running(furnished.kubeconfig(), log, f"--kinds={KINDS}") as running:
        running.wait_ready()
        scrape = running.scrape()
        ours = sum(not line.startswith("#") for line in scrape.splitlines())
        counted = sum(
            map(float, re.findall(r"^kube_api_exporter_kind_series\{.*\} (.*)$", scrape, re.MULTILINE))
        )
        assert scrape.count("\nk8s_") == counted
        wanted = list(jobs(running.url.removeprefix("http://")))
        config = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": wanted}
        with prometheus(tmp_path, config) as url:

            def all_up() -> bool:
                up = results(url, "up == 1")
                if len(up) < len(wanted):
                    raise NotYet(f"{sorted({job['job_name'] for job in wanted} - up.keys())} are not up")
                return True

            wait_for("all jobs to be up", all_up, deadline=60, clock=WallClock())
            samples = results(url, "scrape_samples_scraped")
        assert {job["job_name"]: float(ours) for job in wanted} == samples


@pytest.mark.parametrize("version", ["0.0.4", "1.0.0"])
@pytest.mark.parametrize("coding", ["identity", "gzip", "zstd"])
def test_promtool_takes_it(furnished: ApiServer, log: Path, version: str, coding: str) -> None:
    """Promtool's parser finds nothing wrong with the text, however it was compressed on the way."""
    with Running(furnished.kubeconfig(), log, f"--kinds={KINDS}") as running:
        running.wait_ready()
        headers = {"Accept": f"text/plain;version={version}", "Accept-Encoding": coding}
        with requests.get(f"{running.url}/metrics", headers=headers, stream=True, timeout=30) as reply:
            body = reply.raw.read(decode_content=False)
    assert coding == reply.headers.get("Content-Encoding", "identity")
    decode: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "zstd": _unframed}
    text = decode.get(coding, bytes)(body)
    checked = subprocess.run(
        [programs.promtool(), "check", "metrics"], input=text, capture_output=True, check=False
    )
    assert checked.returncode in {0, LINT_ONLY}, checked.stderr[-500:]


def _unframed(body: bytes) -> bytes:
    """Decompress all frames of a zstd body."""
    return zstandard.ZstdDecompressor().decompressobj(read_across_frames=True).decompress(body)


def test_our_own_metrics_are_there_from_the_start(api: ApiServer, log: Path) -> None:
    """Before anything happened every series exists: a rule on a counter can see its first increase."""
    with Running(api.kubeconfig(), log, "--kinds=pods,nodes") as running:
        first = running.scrape("?kind=self")
        running.wait_ready()
        later = running.scrape("?kind=self")

    def names(scrape: str) -> set[str]:
        return {line.rpartition(" ")[0] for line in scrape.splitlines() if not line.startswith("#")}

    assert names(first) == names(later), json.dumps(sorted(names(first) ^ names(later)))
