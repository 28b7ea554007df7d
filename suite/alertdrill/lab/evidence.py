"""What a person needs to find out why: events, pods, the stack's logs, and Prometheus' own data.

Best effort: what can't be had is said in its place, and never hides the verdict.
"""

import shutil
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from alertdrill.clock import WallClock
from alertdrill.errors import LabError
from alertdrill.kube import Kube
from alertdrill.lab.clusters import Cluster
from alertdrill.lab.stack import COMPONENTS, parts
from alertdrill.machine import cache
from alertdrill.progress import Progress
from alertdrill.prometheus import Prometheus, openmetrics

EXPORTED_SECONDS = 1800.0  # of live time, at most: more than any play at the usual speed takes
SIDE_BY_SIDE_MAX = 4  # kubectl mostly waits


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


def export(kube: Kube, namespace: str, folder: Path, progress: Progress, *, since: float = 0.0) -> None:
    """Write the evidence of a lab in trouble to a folder; samples from `since` (seconds since the epoch) on.

    Of a lab that has been up for hours those of the play are enough, and most of the work.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with progress.phase(f"exporting evidence to {folder}"):
        files = dict(_files(kube, namespace))
        progress.say(f"evidence: events, pods and logs, {len(files)} files")
        with ThreadPoolExecutor(SIDE_BY_SIDE_MAX) as pool:
            try:
                list(pool.map(lambda file: _write(kube, folder / file, files[file]), files))
            except BaseException:  # who interrupts does not wait for the rest
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        end = WallClock().now()
        start = max(since, end - EXPORTED_SECONDS)
        progress.say(f"evidence: what Prometheus has of the last {end - start:.0f} s")
        _samples(kube, namespace, folder / "prometheus.om.txt.gz", start, end)


def _files(kube: Kube, namespace: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each file with the kubectl words that have what is to be in it."""
    yield "events.txt", ("get", "events", "--all-namespaces", "--sort-by=.lastTimestamp")
    yield "pods.txt", ("get", "pods", "--all-namespaces", "--output=wide")
    yield "describe.txt", ("describe", "pods", f"--namespace={namespace}")
    for part in _parts(kube, namespace):
        name = part.partition("/")[2]
        words = ("logs", f"--namespace={namespace}", part, "--all-containers")
        yield f"logs/{name}.log", words
        yield f"logs/{name}.previous.log", (*words, "--previous")


def _parts(kube: Kube, namespace: str) -> list[str]:
    """Return what runs the stack's pods, as kubectl takes it; a guess where nobody says what is there."""
    try:
        return [str(part).lower() for part in parts.there(kube, namespace).values()]
    except LabError:
        return [f"deployment/{name}" for name in COMPONENTS]


def _write(kube: Kube, file: Path, words: tuple[str, ...]) -> None:
    try:
        text = kube.run(f"exporting {file.name}", *words)
    except LabError as error:
        text = f"{error}\n"
    cache.write_whole(file, text)


def _samples(kube: Kube, namespace: str, file: Path, start: float, end: float) -> None:
    """Write what Prometheus has of late, asked by its API: an image need not have any program but its own."""
    try:
        with kube.forward(namespace, "service/prometheus", 9090) as forward:
            server = Prometheus(forward.url(), on_silence=forward.mistrust)
            cache.write_pieces(file, gzipped(openmetrics.lines(server, start=start, end=end)))
    except LabError as error:
        cache.write_whole(file.with_name("prometheus.missing.txt"), f"{error}\n")


def gzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the pieces of a text as those of a gzip file: half an hour of a lab is hundreds of megabytes."""
    packer = zlib.compressobj(level=1, wbits=zlib.MAX_WBITS | 16)
    yield from (packer.compress(piece) for piece in pieces)
    yield packer.flush()
