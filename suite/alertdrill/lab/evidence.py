"""What a person needs to find out why: events, pods, the stack's logs, and Prometheus' own data.

Best effort: what can't be had is said in its place, and never hides the verdict.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alertdrill.errors import LabError
from alertdrill.kube import Kube
from alertdrill.lab.clusters import Access, Cluster
from alertdrill.machine import cache
from alertdrill.names import STACK_NAMESPACE
from alertdrill.progress import Progress

DATABASE_SECONDS_MAX = 120


@contextmanager
def of_failure(cluster: Cluster, access: Access, progress: Progress) -> Iterator[None]:
    """Export what there is to see before a lab that broke is taken down."""
    try:
        yield
    except LabError as error:
        folder = cache.folder() / "evidence" / cluster.name
        try:
            shutil.rmtree(folder, ignore_errors=True)
            export(Kube(access.kubeconfig, access.context), folder, progress)
            cluster.export_logs(folder / "cluster")
        except (LabError, OSError, KeyboardInterrupt) as trouble:
            progress.say(f"exporting evidence to {folder}: {str(trouble) or 'interrupted'}", style="yellow")
        raise LabError(f"{error} (evidence: {folder})") from error


def export(kube: Kube, folder: Path, progress: Progress) -> None:
    """Write the evidence of a lab in trouble to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with progress.phase(f"exporting evidence to {folder}"):
        _write(kube, folder / "events.txt", "get", "events", "--all-namespaces", "--sort-by=.lastTimestamp")
        _write(kube, folder / "pods.txt", "get", "pods", "--all-namespaces", "--output=wide")
        _write(kube, folder / "describe.txt", "describe", "pods", f"--namespace={STACK_NAMESPACE}")
        for component in ("kube-api-exporter", "prometheus"):
            words = ("logs", f"--namespace={STACK_NAMESPACE}", f"deployment/{component}", "--all-containers")
            _write(kube, folder / "logs" / f"{component}.log", *words)
            _write(kube, folder / "logs" / f"{component}.previous.log", *words, "--previous")
        _database(kube, folder / "prometheus.tar")


def _write(kube: Kube, file: Path, *words: str) -> None:
    try:
        text = kube.run(f"exporting {file.name}", *words)
    except LabError as error:
        text = f"{error}\n"
    cache.write_whole(file, text)


def _database(kube: Kube, file: Path) -> None:
    """Copy Prometheus' data folder as it is; promtool and any Prometheus can open it once unpacked."""
    words = (f"--namespace={STACK_NAMESPACE}", "deployment/prometheus", "--container=prometheus", "--")
    try:
        kube.run(
            "exporting Prometheus' data",
            "exec",
            *words,
            *("tar", "-C", "/prometheus", "-cf", "-", "."),
            timeout=DATABASE_SECONDS_MAX,
            into=file,
        )
    except LabError as error:
        cache.write_whole(file.with_suffix(".missing.txt"), f"{error}\n")
