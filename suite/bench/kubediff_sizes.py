"""How time and memory grow with what git has, and with what only the cluster has. Draws a picture.

1,000, 10,000 and 50,000 ConfigMaps; first all of them are in git, then 1,000 of them.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment

from alertdrill.machine import process
from bench.report import PICTURE
from e2e.exporter.apiserver import ApiServer
from e2e.kubediff.running import Kubediff

SIZES = (1_000, 10_000, 50_000)
PART = 1_000
WRITERS = 8
FILE = Path(__file__).parent / "kubediff.svg"
ALL, SOME = "all in git", "1,000 in git"
COLOURS = {ALL: "#2a78d6", SOME: "#d97706"}
# The 50,000 must not cost more than so many times what 1,000 do, where 1,000 are in git.
MEMORY_MAX = 1.5


class Figure(NamedTuple):
    """One run."""

    line: str
    objects: int
    cold: float
    warm: float
    mib: float


def config_map(number: int) -> dict[str, object]:
    """Return one object, of a size that is usual."""
    data = {f"key-{each}": f"a value of number {number}" for each in range(8)}
    metadata = {"name": f"it-{number}", "namespace": "default", "labels": {"app": f"app-{number % 50}"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def _creation(number: int) -> tuple[str, str, dict[str, object]]:
    return "POST", "/api/v1/namespaces/default/configmaps", config_map(number)


def timed(kubediff: Kubediff, folder: Path, *words: str | Path) -> tuple[float, float]:
    """Return the seconds and the peak MiB of a run that finds no drift."""
    begun = time.monotonic()
    command = [Path(sys.executable).with_name("kubediff"), *kubediff.access, *words]
    note = folder / "rusage"
    code = (
        "import resource, subprocess, sys;"
        "code = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL).returncode;"
        "peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss;"
        "open(sys.argv[1], 'w').write(str(peak)); sys.exit(code)"
    )
    subprocess.run([sys.executable, "-c", code, note, *command], check=True)
    return time.monotonic() - begun, int(note.read_text()) / 1024


def measure(kubediff: Kubediff, folder: Path) -> list[Figure]:
    """Bring ever more objects into the cluster, and compare."""
    there, found = 0, []
    for size in SIZES:
        with ThreadPoolExecutor(WRITERS) as threads:
            list(threads.map(kubediff.api.call, *zip(*map(_creation, range(there, size)), strict=True)))
        there = size
        for line, count in ((ALL, size), (SOME, PART)):
            file = folder / f"{count}.json"
            items = [config_map(number) for number in range(count)]
            file.write_text("\n---\n".join(map(json.dumps, items)))
            cache = f"--cache={folder / f'cache-{line}-{size}'}"
            cold, _ = timed(kubediff, folder, cache, file)
            warm, mib = timed(kubediff, folder, cache, file)
            found.append(Figure(line, size, cold, warm, mib))
            sys.stdout.write(f"{size:6} {line:14} cold {cold:6.2f} s, warm {warm:6.2f} s, {mib:4.0f} MiB\n")
            sys.stdout.flush()
    return found


def picture(figures: list[Figure]) -> str:
    """Return SVG: time and memory over the number of objects in the cluster."""
    panels = [
        _panel("first run, s", figures, lambda each: each.cold),
        _panel("second run, s", figures, lambda each: each.warm),
        _panel("peak memory, MiB", figures, lambda each: each.mib),
    ]
    return Environment(autoescape=True).from_string(PICTURE).render(panels=panels, colours=COLOURS)


def _panel(title: str, figures: list[Figure], value: Callable[[Figure], float]) -> dict[str, object]:
    top, most = max(map(value, figures)), max(SIZES)
    lines = []
    for name, colour in COLOURS.items():
        ours = [each for each in figures if each.line == name]
        points = [f"{each.objects / most * 200:.0f},{200 - value(each) / top * 200:.0f}" for each in ours]
        lines.append({"colour": colour, "points": " ".join(points)})
    sizes = [(f"{size // 1000}k", size / most * 200) for size in SIZES]
    return {"title": title, "top": f"{top:.0f}", "lines": lines, "sizes": sizes}


def main() -> int:
    """Write the picture; a 1 where memory grows with what git does not have."""
    with tempfile.TemporaryDirectory() as name, process.interruptible():
        folder = Path(name)
        api = ApiServer(folder / "server")
        try:
            api.start()
            figures = measure(Kubediff(api, folder), folder)
        finally:
            api.kill()
    FILE.write_text(picture(figures))
    some = [each.mib for each in figures if each.line == SOME]
    ratio = max(some) / min(some)
    is_met = ratio <= MEMORY_MAX
    sys.stdout.write(f"{ratio:.2f} x memory in a cluster 50 times as large (at most {MEMORY_MAX:g})")
    sys.stdout.write("\n" if is_met else ": MISSED\n")
    return int(not is_met)


if __name__ == "__main__":
    sys.exit(main())
