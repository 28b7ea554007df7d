"""Cortex and Mimir, built from their Go modules, to hold backtests against; no lab needs them.

What a module replaces among others counts in its own folder only, so it is built there. What it is built of
is locked by the go.sum in that folder, and all that is in there by its sum, which is here.
"""

from pathlib import Path
from typing import NamedTuple

import msgspec

from alertdrill.errors import LabError
from alertdrill.machine import cache, process
from alertdrill.machine.tools import go

FETCH_SECONDS_MAX = 600.0
BUILD_SECONDS_MAX = 7200.0  # they are large: half an hour on a core with nothing else to do


class GoServer(NamedTuple):
    """A program: its name, its module with version and sum, and the build tags that it is released with."""

    name: str
    module: str
    sum: str
    tags: str


# Without its tag it ends with the first sample.
CORTEX = GoServer(
    "cortex",
    "github.com/cortexproject/cortex@v1.21.1",
    "h1:UvP5UCub39HI57hhhugsAYlm2N9J3LlJtiuj0UKOq8U=",
    "slicelabels",
)
# Its releases are no versions of a Go module: this is what the module's proxy has of its main branch.
MIMIR = GoServer(
    "mimir",
    "github.com/grafana/mimir@v1.3.1-0.20260423142704-aced80d74930",
    "h1:uegeb+I1faUHNHi8rBl+hJpdaYB2DGlZdZsu1gV7lk0=",
    "netgo,stringlabels",
)


class _Module(msgspec.Struct, rename="pascal"):
    dir: str
    sum: str


def built(server: GoServer) -> Path:
    """Return the program, built once per cache."""
    key = cache.digest("1", server.module, server.sum, server.tags)
    return cache.entry("go-programs", key, lambda folder: _build(server, folder)) / server.name


def _build(server: GoServer, folder: Path) -> None:
    what = f"getting {server.module}"
    words: list[str | Path] = [go.toolchain(), "mod", "download", "-json", server.module]
    said = process.run(what, words, timeout=FETCH_SECONDS_MAX, env=go.environment(), cwd=Path("/"))
    module = msgspec.json.decode(said, type=_Module)
    if module.sum != server.sum:
        raise LabError(f"{what}: looked for the sum {server.sum} and got {module.sum}: it is another one")
    flags: list[str | Path] = [
        "-trimpath",
        "-tags",
        server.tags,
        "-ldflags=-s -w",
        "-o",
        folder / server.name,
    ]
    words = [go.toolchain(), "build", *flags, f"./cmd/{server.name}"]
    what = f"building {server.name.capitalize()}"
    process.run(what, words, timeout=BUILD_SECONDS_MAX, env=go.environment(), cwd=Path(module.dir))
