"""`python -m bench.costs`: where the time of a start goes, stage by stage, by the Python of the image."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

import click

from bench import as_deployed, load, stages
from e2e.exporter.apiserver import ApiServer


@click.command(context_settings={"show_default": True})
@click.option("--pods", default=1000, help="How many there are to read.")
def main(*, pods: int) -> None:
    """Say what each stage of kube-api-exporter's start costs in CPU time, once and per pod."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        api = ApiServer(Path(folder))
        try:
            api.start()
            load.fill(api.etcd, load.objects(pods, pods // 5, pods // 20))
            said = _stages(api, Path(folder))
        finally:
            api.kill()
    click.echo("| once | ms of CPU |\n|---|---|")
    click.echo("".join(f"| {name} | {cost:.0f} |\n" for name, cost in said["once"].items()))
    click.echo("| per pod | µs of CPU |\n|---|---|")
    click.echo("".join(f"| {name} | {cost:.0f} |\n" for name, cost in said["each"].items()), nl=False)


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
