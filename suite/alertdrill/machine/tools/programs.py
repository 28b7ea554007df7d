"""Each program we start: the one on PATH if it is recent enough, else Debian's, else one built with Go."""

import functools
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from alertdrill.errors import LabError
from alertdrill.machine import process
from alertdrill.machine.tools import debian, go

VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.\d+)?")


@dataclass(frozen=True)
class Tool:
    """Where one program may come from; `minimum` is the oldest that does what we ask of it."""

    name: str
    minimum: tuple[int, int]
    version: tuple[str, ...]
    package: str
    module: str = ""


@dataclass(frozen=True)
class Found:
    """A program that can be started, and why this one."""

    path: Path
    reason: str


TOOLS = {
    tool.name: tool
    for tool in (
        Tool("kind", (0, 27), ("version",), "kind", "sigs.k8s.io/kind@v0.31.0"),
        Tool("kubectl", (1, 30), ("version", "--client"), "kubectl"),
        Tool("prometheus", (3, 0), ("--version",), "prometheus"),
        Tool("promtool", (3, 0), ("--version",), "promtool"),
        Tool("prometheus-alertmanager", (0, 27), ("--version",), "prometheus-alertmanager"),
        Tool("amtool", (0, 27), ("--version",), "prometheus-alertmanager"),
        Tool("prometheus-node-exporter", (1, 8), ("--version",), "prometheus-node-exporter"),
    )
}


@functools.cache
def find(name: str) -> Found:
    """Return a program of TOOLS, fetched or built if it must be."""
    tool = TOOLS[name]
    on_path = shutil.which(name)
    if on_path and version(tool, Path(on_path)) >= tool.minimum:
        return Found(Path(on_path), f"{name} on PATH ({on_path})")
    wrong = "the one on PATH is too old" if on_path else "none is on PATH"
    if debian.available():
        path = debian.fetch((tool.package,)) / "usr" / "bin" / name
        return Found(path, f"{name} from Debian {debian.NEWER}, since {wrong}")
    if tool.module:
        return Found(go.install(tool.module, name), f"{name} built from {tool.module}, since {wrong}")
    raise LabError(
        f"looked for {name} {'.'.join(map(str, tool.minimum))} or newer, {wrong} and Debian's packages can't"
        f" be had here: install {name}"
    )


def version(tool: Tool, path: Path) -> tuple[int, int]:
    """Return a program's version, (0, 0) if it does not say one."""
    try:
        said = process.run(f"asking {tool.name} its version", [path, *tool.version], timeout=30)
    except LabError:
        return (0, 0)
    match = VERSION.search(said)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def kind() -> Path:
    """Return the kind program."""
    return find("kind").path


def kubectl() -> Path:
    """Return the kubectl program."""
    return find("kubectl").path


def prometheus() -> Path:
    """Return the Prometheus program."""
    return find("prometheus").path


def amtool() -> Path:
    """Return the amtool program."""
    return find("amtool").path


def promtool() -> Path:
    """Return the promtool program."""
    return find("promtool").path
