"""What is measured: three programs that export the same objects of the same API server."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import urllib3

from alertdrill.clock import NotYet, WallClock, wait_for
from alertdrill.machine import process
from alertdrill.machine.tools import kube_state_metrics as ksm
from bench import as_deployed, custom
from e2e.exporter.apiserver import ApiServer

KINDS = ("pods", "deployments", "replicasets", "nodes", "namespaces")
LABELS = (f"--metric-labels-allowlist={','.join(f'{kind}=[*]' for kind in KINDS)}",)
TICKS = os.sysconf("SC_CLK_TCK")
PLAIN = {"Accept-Encoding": "identity"}
# kube-state-metrics has no series of these: without them both export about as many.
WITHOUT_TEMPLATES = ("--deny=deployments:spec.template.*", "--deny=replicasets:spec.template.*")
START_SECONDS_MAX = 600.0


@dataclass
class Subject:
    """A running exporter; `complete` says whether a scrape has all objects."""

    name: str
    argv: list[str]
    url: str
    complete: Callable[[bytes], bool]
    env: dict[str, str] = field(default_factory=dict)
    log: Path = Path(os.devnull)
    process: subprocess.Popen[bytes] | None = None

    def start(self, *, quiet: float = 0.0) -> float:
        """Start it, leave it in peace for so many seconds; return the seconds until a scrape was complete."""
        clock = WallClock()
        began = clock.now()
        with self.log.open("wb") as sink:
            self.process = subprocess.Popen(
                self.argv, stdout=sink, stderr=sink, env={**os.environ, **self.env}, process_group=0
            )
        try:
            time.sleep(quiet)  # part of what is measured
            wait_for(
                f"{self.name} to be complete",
                self._is_complete,
                deadline=START_SECONDS_MAX,
                clock=clock,
                every=0.05,
            )
        except BaseException:
            self.stop()
            raise
        return clock.now() - began

    def _is_complete(self) -> bool:
        try:
            # Bytes, not text: looking must not cost more than what is looked at.
            reply = urllib3.request("GET", self.url, headers=PLAIN, retries=False, timeout=START_SECONDS_MAX)
            return self.complete(reply.data)
        except urllib3.exceptions.HTTPError as error:
            assert self.process
            assert self.process.poll() is None, f"{self.name} ended: {self.log.read_text()[-2000:]}"
            raise NotYet("no connection") from error

    def stop(self) -> None:
        """End it."""
        assert self.process
        process.kill_group(self.process)

    def cpu_seconds(self) -> float:
        """Return the CPU time it has used so far."""
        assert self.process
        return cpu_seconds(self.process.pid)

    def memory_mib(self) -> tuple[float, float]:
        """Return resident memory now, and its peak."""
        assert self.process
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        said = dict(line.split(":", 1) for line in lines if ":" in line)
        return tuple(int(said[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))  # type: ignore[return-value]


def cpu_seconds(pid: int) -> float:
    """Return the CPU time a process has used so far."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS


def free_port() -> int:
    """Ask the kernel for a port nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def counts(metric: str, made: Mapping[str, int]) -> Callable[[bytes], bool]:
    """Return a check that a scrape has one line per object; `metric` names it by the word of the kind."""
    lines = {f"\n{metric.format(word)}{{".encode(): count for word, count in made.items()}
    return lambda scrape: all(scrape.count(line) == count for line, count in lines.items())


def ours(
    api: ApiServer,
    folder: Path,
    made: Mapping[str, int],
    *,
    kinds: Sequence[str] = KINDS,
    flags: Sequence[str] = (),
) -> Subject:
    """Return kube-api-exporter; `made` is how many objects of each kind it has to show."""
    port = free_port()
    command, environment = as_deployed.command(as_deployed.unpack(folder))
    # As in a pod, by the files of an account: a kubeconfig costs the official client's import.
    token = folder / "token"
    token.write_text(_token(api))
    words = [
        f"--server={api.url}",
        f"--token-file={token}",
        f"--ca-file={api.authority}",
        f"--listen-address=127.0.0.1:{port}",
        f"--kinds={','.join(kinds)}",
        *flags,
    ]
    url = f"http://127.0.0.1:{port}/metrics"
    complete = counts("k8s_{}_labels", made)
    log = folder / "ours.log"
    return Subject("kube-api-exporter", [*command, *words], url, complete, environment, log)


def kube_state_metrics(
    api: ApiServer,
    folder: Path,
    made: Mapping[str, int],
    *,
    kinds: Sequence[str] = KINDS,
    flags: Sequence[str] = LABELS,
) -> Subject:
    """Return kube-state-metrics, built from its module."""
    port, telemetry = free_port(), free_port()
    words = [
        f"--kubeconfig={api.kubeconfig()}",
        "--host=127.0.0.1",
        f"--port={port}",
        "--telemetry-host=127.0.0.1",
        f"--telemetry-port={telemetry}",
        "--enable-gzip-encoding",
        f"--resources={','.join(kinds)}",
        *flags,
    ]
    url = f"http://127.0.0.1:{port}/metrics"
    complete = counts("kube_{}_created", made)
    return Subject("kube-state-metrics", [str(ksm.built()), *words], url, complete, log=folder / "ksm.log")


def custom_pair(api: ApiServer, folder: Path, widgets: int) -> list[Subject]:
    """Return both exporters for a custom resource only; the other needs a file that names every number."""
    mine = ours(api, folder, {"widget": widgets}, kinds=[f"{custom.PLURAL}.{custom.GROUP}"])
    mine.complete = counts("k8s_{}_spec_size", {"widget": widgets})
    theirs = kube_state_metrics(api, folder, {})
    (folder / "custom.yaml").write_text(custom.configuration())
    theirs.argv += [
        "--custom-resource-state-only",
        f"--custom-resource-state-config-file={folder}/custom.yaml",
    ]
    theirs.complete = counts("kube_{}_spec_size", {"customresource": widgets})
    return [mine, theirs]


def baseline(api: ApiServer, folder: Path, made: Mapping[str, int]) -> Subject:
    """Return the plain implementation."""
    port = free_port()
    script = str(Path(__file__).with_name("baseline.py"))
    argv = [sys.executable, script, api.url, _token(api), str(port)]
    complete = counts("k8s_{}_metadata_generation", made)
    return Subject("plain", argv, f"http://127.0.0.1:{port}/metrics", complete, log=folder / "plain.log")


def _token(api: ApiServer) -> str:
    return api.headers["Authorization"].removeprefix("Bearer ")
