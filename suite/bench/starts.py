"""`python -m bench.starts`: what states add to a cold start, beside the series that they add.

`--preset numbers` is what was told before states were, so both are started in turn, on one API server, and
kube-state-metrics with them. Ends with 1 where a start became longer by more than there are more series.
"""

import statistics
import tempfile
from pathlib import Path

import click
import requests

from alertdrill.machine.process import interruptible
from alertdrill.machine.tools import kube_state_metrics
from bench import load, subjects
from bench.subjects import PLAIN, Subject
from e2e.exporter.apiserver import ApiServer

STATES, NUMBERS = "states", "numbers"
Start = tuple[float, float, int]  # seconds, seconds of CPU, series


@click.command(context_settings={"show_default": True})
@click.option("--pods", default=10_000, help="How many there are.")
@click.option("--times", default=3, help="How often each is started; one rehearsal comes before.")
@interruptible()  # what we started ends with us
def main(*, pods: int, times: int) -> None:
    """Start each in turn, until a scrape is complete."""
    kube_state_metrics.built()  # before anything is measured
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        folder = Path(temporary)
        api = ApiServer(folder)
        try:
            api.start()
            load.fill(api.etcd, load.objects(pods))
            who = _subjects(api, folder, load.made(pods))
            taken: dict[str, list[Start]] = {name: [] for name in who}
            for attempt in range(times + 1):
                for name, subject in who.items():
                    took = _start(subject)
                    if attempt:  # the first is a rehearsal
                        taken[name].append(took)
        finally:
            api.kill()
    _tell({name: _middle(those) for name, those in taken.items()})


def _subjects(api: ApiServer, folder: Path, made: dict[str, int]) -> dict[str, Subject]:
    found = {}
    for name, flags in ((STATES, ()), (NUMBERS, ("--preset=numbers",))):
        (folder / name).mkdir()
        found[name] = subjects.ours(api, folder / name, made, flags=(*subjects.WITHOUT_TEMPLATES, *flags))
    return {**found, "kube-state-metrics": subjects.kube_state_metrics(api, folder, made)}


def _start(subject: Subject) -> Start:
    seconds = subject.start()
    try:
        text = requests.get(subject.url, headers=PLAIN, timeout=120).text
        return seconds, subject.cpu_seconds(), sum(not line.startswith("#") for line in text.splitlines())
    finally:
        subject.stop()


def _middle(those: list[Start]) -> Start:
    seconds, cpu, series = zip(*those, strict=True)
    return statistics.median(seconds), statistics.median(cpu), series[0]


def _tell(taken: dict[str, Start]) -> None:
    """Print a table and the ratio that was promised; end with 1 where it is missed."""
    click.echo("| exporter | series | start s | CPU s |\n|---|---|---|---|")
    for name, (seconds, cpu, series) in taken.items():
        click.echo(f"| {name} | {series} | {seconds:.2f} | {cpu:.2f} |")
    longer, more = (taken[STATES][at] / taken[NUMBERS][at] for at in (0, 2))
    is_kept = longer <= more
    click.echo(
        f"states: {longer:.2f}x as long a start, {more:.2f}x the series{'' if is_kept else ': missed'}"
    )
    if not is_kept:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
