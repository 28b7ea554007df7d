"""What a person needs to find out why: events, pods, the stack's logs, and Prometheus' own data.

Best effort: what can't be had is said in its place, and never hides the verdict.
"""

import shutil
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alertdrill.clock import WallClock
from alertdrill.errors import LabError
from alertdrill.kube import Kube
from alertdrill.lab.clusters import Cluster
from alertdrill.lab.stack import COMPONENTS
from alertdrill.machine import cache
from alertdrill.progress import Progress
from alertdrill.prometheus import Prometheus, openmetrics

EXPORTED_SECONDS = 1800.0  # of live time: more than any play at the usual speed takes


@contextmanager
def of_failure(cluster: Cluster, kube: Kube, namespace: str, progress: Progress) -> Iterator[None]:
    """Export what there is to see before a lab that broke is taken down."""
    try:
        yield
    except LabError as error:
        folder = cache.folder() / "evidence" / cluster.name
        try:
            shutil.rmtree(folder, ignore_errors=True)
            export(kube, namespace, folder, progress)
            cluster.export_logs(folder / "cluster")
        except (LabError, OSError, KeyboardInterrupt) as trouble:
            progress.say(f"exporting evidence to {folder}: {str(trouble) or 'interrupted'}", style="yellow")
        raise LabError(f"{error} (evidence: {folder})") from error


def export(kube: Kube, namespace: str, folder: Path, progress: Progress) -> None:
    """Write the evidence of a lab in trouble to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with progress.phase(f"exporting evidence to {folder}"):
        _write(kube, folder / "events.txt", "get", "events", "--all-namespaces", "--sort-by=.lastTimestamp")
        _write(kube, folder / "pods.txt", "get", "pods", "--all-namespaces", "--output=wide")
        _write(kube, folder / "describe.txt", "describe", "pods", f"--namespace={namespace}")
        for component in COMPONENTS:
            words = ("logs", f"--namespace={namespace}", f"deployment/{component}", "--all-containers")
            _write(kube, folder / "logs" / f"{component}.log", *words)
            _write(kube, folder / "logs" / f"{component}.previous.log", *words, "--previous")
        _samples(kube, namespace, folder / "prometheus.om.txt.gz")


def _write(kube: Kube, file: Path, *words: str) -> None:
    try:
        text = kube.run(f"exporting {file.name}", *words)
    except LabError as error:
        text = f"{error}\n"
    cache.write_whole(file, text)


def _samples(kube: Kube, namespace: str, file: Path) -> None:
    """Write what Prometheus has of late, asked by its API: an image need not have any program but its own."""
    try:
        with kube.forward(namespace, "service/prometheus", 9090) as forward:
            server = Prometheus(forward.url(), on_silence=forward.mistrust)
            end = WallClock().now()
            start = end - EXPORTED_SECONDS
            cache.write_pieces(file, gzipped(openmetrics.lines(server, start=start, end=end)))
    except LabError as error:
        cache.write_whole(file.with_name("prometheus.missing.txt"), f"{error}\n")


def gzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the pieces of a text as those of a gzip file: half an hour of a lab is hundreds of megabytes."""
    packer = zlib.compressobj(level=1, wbits=zlib.MAX_WBITS | 16)
    yield from (packer.compress(piece) for piece in pieces)
    yield packer.flush()
