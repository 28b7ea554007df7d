"""`python -m bench.costs`: where the time of a start and of an event goes, by the Python of the image."""

import json
import os
import subprocess
import tempfile
from itertools import takewhile
from pathlib import Path

import click
import requests

from alertdrill.machine.process import interruptible
from bench import as_deployed, load, stages, subjects
from e2e.exporter.apiserver import ApiServer

PATHS = ("/api/v1/pods", "/apis/apps/v1/deployments", "/apis/apps/v1/replicasets", "/api/v1/nodes")
NEVER = b"no line has this"
# How it is asked: the form, the query, and what the last line holds.
WAYS: dict[str, tuple[str, dict[str, str], bytes]] = {
    "lists in protobuf, as kube-state-metrics asks": ("application/vnd.kubernetes.protobuf", {}, NEVER),
    "lists in JSON": ("application/json", {}, NEVER),
    "streams in JSON, as we ask": ("application/json", stages.STREAM, stages.STREAM_END),
}


@click.command(context_settings={"show_default": True})
@click.option("--pods", default=1000, help="How many there are to read.")
@interruptible()  # what we started ends with us
def main(*, pods: int) -> None:
    """Say what each stage of kube-api-exporter's start costs in CPU time, once, per pod and per change."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        api = ApiServer(Path(folder))
        try:
            api.start()
            load.fill(api.etcd, load.objects(pods))
            asked = {way: _asked(api, way) for way in WAYS}
            said = _stages(api, Path(folder))
        finally:
            api.kill()
    click.echo("| what the API server says everything by | ms of its CPU |\n|---|---|")
    click.echo("".join(f"| {way} | {cost * 1e3:.0f} |\n" for way, cost in asked.items()))
    click.echo("| once | ms of CPU |\n|---|---|")
    click.echo("".join(f"| {name} | {cost:.0f} |\n" for name, cost in said["once"].items()))
    click.echo("| per pod | µs of CPU |\n|---|---|")
    click.echo("".join(f"| {name} | {cost:.0f} |\n" for name, cost in said["each"].items()))
    click.echo("| per change of a pod, beside reading | µs of CPU |\n|---|---|")
    click.echo("".join(f"| {name} | {cost:.0f} |\n" for name, cost in said["event"].items()), nl=False)


def _asked(api: ApiServer, way: str) -> float:
    """Return the CPU seconds the API server takes to tell of all objects; the cheapest of a few times."""
    accept, query, last = WAYS[way]
    costs = []
    for _ in range(stages.ROUNDS):
        before = subjects.cpu_seconds(api.pid)
        for kind in PATHS:
            headers = {**api.headers, "Accept": accept}
            ask = requests.get(
                api.url + kind, query, headers=headers, verify=str(api.authority), stream=True, timeout=60
            )
            with ask as reply:
                reply.raise_for_status()
                for _piece in takewhile(lambda line: last not in line, reply.iter_lines(1 << 16)):
                    pass
        costs.append(subjects.cpu_seconds(api.pid) - before)
    return min(costs)


def _stages(api: ApiServer, folder: Path) -> dict[str, dict[str, float]]:
    command, environment = as_deployed.command(as_deployed.unpack(folder))
    token = folder / "token"
    token.write_text(api.headers["Authorization"].removeprefix("Bearer "))
    words = [*command[: command.index("-c")], stages.__file__, api.url, str(token), str(api.authority)]
    ran = subprocess.run(words, env={**os.environ, **environment}, check=True, capture_output=True, text=True)
    said: dict[str, dict[str, float]] = json.loads(ran.stdout)
    return said


if __name__ == "__main__":
    main()
