"""`python -m bench`: side by side, in one run, on one API server per size."""

import json
import os
import platform
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
import requests

from alertdrill.clock import WallClock, wait_for
from alertdrill.machine.process import interruptible
from alertdrill.machine.tools import kube_state_metrics
from bench import custom, load, measure, report, subjects
from bench.measure import Figures
from e2e.exporter.apiserver import ApiServer

GROWTH_SCRAPES = 10  # enough for a picture; of the biggest size one takes seconds
PLAIN_PODS_MAX = 10_000  # beyond, one scrape of the plain implementation takes most of a minute
# An API server, a folder, pods and changes per second: who is measured there.
Choose = Callable[[ApiServer, Path, int, int], list[subjects.Subject]]


def _numbers(_context: click.Context, _option: click.Parameter, given: str) -> list[int]:
    """Read numbers separated by commas."""
    try:
        return [int(number) for number in given.split(",") if number]
    except ValueError as error:
        raise click.BadParameter(f"{given!r} is not numbers separated by commas") from error


@click.command(context_settings={"show_default": True})
@click.option("--pods", default="1000,10000", callback=_numbers, help="Sizes, separated by commas.")
@click.option(
    "--changes", default="0,50,500", callback=_numbers, help="Changes per second, separated by commas."
)
@click.option(
    "--growth",
    default="5000,20000,50000",
    callback=_numbers,
    help="More sizes, without changes, for the picture.",
)
@click.option("--scrapes", default=60, help="Scrapes per figure; ten at most for the picture.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("reports/bench"), help="Where results go."
)
@click.option("--custom", "widgets", default=2000, help="Custom resources to measure with; 0 leaves it out.")
@click.option(
    "--only",
    type=click.Choice([report.OURS, report.KSM, report.PLAIN]),
    multiple=True,
    help="Only this exporter; again for more.",
)
@click.option("--flag", "flags", multiple=True, help="One more flag for kube-api-exporter.")
@interruptible()  # what we started ends with us
def main(
    *,
    pods: list[int],
    changes: list[int],
    growth: list[int],
    scrapes: int,
    out: Path,
    widgets: int,
    only: tuple[str, ...],
    flags: tuple[str, ...],
) -> None:
    """Measure kube-api-exporter, kube-state-metrics and a plain list at scrape against each other."""
    kube_state_metrics.built()  # before anything is measured
    rows: list[Figures] = []
    plan = [(size, changes, scrapes) for size in pods]
    plan += [(size, [0], min(scrapes, GROWTH_SCRAPES)) for size in growth]
    for size, rates, times in plan:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            rows += _size(Path(folder), size, rates, times, partial(_subjects, only=only, flags=flags))
        out.mkdir(parents=True, exist_ok=True)
        (out / "benchmark.json").write_text(json.dumps([row.as_row() for row in rows], indent=1))
        report.write(rows, out, _machine())
    if widgets:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            cpu = _custom(Path(folder), widgets)
        report.write(rows, out, _machine(), custom=cpu)
    click.echo((out / "benchmark.md").read_text())


def _size(folder: Path, pods: int, rates: list[int], scrapes: int, who: Choose) -> list[Figures]:
    """Fill an API server of that size and measure everybody at every rate."""
    api = ApiServer(folder)
    rows = []
    try:
        api.start()
        written = load.fill(api.etcd, load.objects(pods))
        click.echo(f"{written} objects written", err=True)
        for rate in rates:
            for subject in who(api, folder, pods, rate):
                times = scrapes if subject.name != report.PLAIN else 3
                rows.append(measure.figures(api, subject, pods, rate, scrapes=times))
                click.echo(report.table(rows[-1:]).splitlines()[-1], err=True)
    finally:
        api.kill()
    return rows


def _custom(folder: Path, widgets: int, rate: int = 100) -> dict[str, float]:
    """Measure what events of a custom resource cost each exporter."""
    api = ApiServer(folder)
    try:
        api.start()
        api.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", custom.definition())
        wait_for("the definition to be served", lambda: _serves_widgets(api), deadline=60, clock=WallClock())
        load.fill(api.etcd, custom.objects(widgets))
        pair = subjects.custom_pair(api, folder, widgets)
        return {subject.name: measure.custom_cpu(api, subject, widgets, rate) for subject in pair}
    finally:
        api.kill()


def _serves_widgets(api: ApiServer) -> bool:
    url = f"{api.url}/apis/{custom.GROUP}/{custom.VERSION}/{custom.PLURAL}"
    return requests.get(url, headers=api.headers, verify=str(api.authority), timeout=30).ok


def _subjects(
    api: ApiServer, folder: Path, pods: int, rate: int, *, only: tuple[str, ...], flags: tuple[str, ...]
) -> list[subjects.Subject]:
    made = load.made(pods)
    found = [
        subjects.ours(api, folder, made, flags=(*subjects.WITHOUT_TEMPLATES, *flags)),
        subjects.kube_state_metrics(api, folder, made),
    ]
    if rate == 0 and pods <= PLAIN_PODS_MAX:
        found.append(subjects.baseline(api, folder, made))
    return [subject for subject in found if not only or subject.name in only]


def _machine() -> str:
    python = f"Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {platform.system()} {platform.release()}, {python}."


if __name__ == "__main__":
    main()
