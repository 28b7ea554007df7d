"""The exporter as users run it: a process and a URL."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Self

import requests
from prometheus_client.parser import text_string_to_metric_families

from alertdrill.clock import NotYet, WallClock, wait_for
from alertdrill.machine.process import kill_group


class Running:
    """A kube-api-exporter process; use as a context manager."""

    def __init__(self, kubeconfig: Path, log: Path, *flags: str) -> None:
        command = Path(sys.executable).with_name("kube-api-exporter")
        self._argv = [str(command), f"--kubeconfig={kubeconfig}", "--listen-address=127.0.0.1:0", *flags]
        self._log = log
        self.url = ""

    def __enter__(self) -> Self:
        """Start it and learn its address."""
        with self._log.open("wb") as sink:
            self.process = subprocess.Popen(self._argv, stdout=sink, stderr=sink, process_group=0)
        self.url = wait_for(
            "the exporter to listen", self._address, deadline=30, clock=WallClock(), every=0.05
        )
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        kill_group(self.process)

    def _address(self) -> str:
        said = self._log.read_text()
        if self.process.poll() is not None:
            raise AssertionError(f"the exporter ended: {said[-2000:]}")
        found = re.search(r"event=listening address=(\S+)", said)
        if not found:
            raise NotYet(said[-300:])
        return f"http://{found[1]}"

    def wait_ready(self, seconds: float = 60) -> Self:
        """Wait until every kind is synced."""

        def ready() -> bool:
            reply = requests.get(f"{self.url}/readyz", timeout=10)
            if not reply.ok:
                raise NotYet(reply.text)
            return True

        wait_for("the exporter to be ready", ready, deadline=seconds, clock=WallClock(), every=0.05)
        return self

    def scrape(self, query: str = "", **headers: str) -> str:
        """Return one scrape; anything but 200 is an error."""
        # urllib3 loses its way in a gzip body of many members, where one ends just as its buffer is full.
        named = {"Accept-Encoding": "identity"}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        reply = requests.get(f"{self.url}/metrics{query}", headers=named, timeout=30)
        assert reply.status_code == 200, reply.text[:500]
        return reply.content.decode()

    def own(self, name: str, **labels: str) -> float:
        """Return one of the exporter's own samples."""
        for family in text_string_to_metric_families(self.scrape("?kind=self")):
            for sample in family.samples:
                if sample.name == f"kube_api_exporter_{name}" and labels.items() <= sample.labels.items():
                    return float(sample.value)
        raise AssertionError(f"no {name} with {labels}")
