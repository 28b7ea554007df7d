"""Cortex, built from its Go module, to hold backtests against; no lab needs it.

What a module replaces among others counts in its own folder only, so it is built there. What it is built of
is locked by the go.sum in that folder, and all that is in there by its sum, which is here.
"""

from pathlib import Path

import msgspec

from alertdrill.errors import LabError
from alertdrill.machine import cache, process
from alertdrill.machine.tools import go

MODULE = "github.com/cortexproject/cortex@v1.21.1"
SUM = "h1:UvP5UCub39HI57hhhugsAYlm2N9J3LlJtiuj0UKOq8U="
NAME = "cortex"
TAGS = "slicelabels"  # as it is released; without, it ends with the first sample
FETCH_SECONDS_MAX = 600.0
BUILD_SECONDS_MAX = 7200.0  # it is large: half an hour on a core with nothing else to do


class _Module(msgspec.Struct, rename="pascal"):
    dir: str
    sum: str


def built() -> Path:
    """Return the program, built once per cache."""
    return cache.entry("go-programs", cache.digest("1", MODULE, SUM, TAGS), _build) / NAME


def _build(folder: Path) -> None:
    words: list[str | Path] = [go.toolchain(), "mod", "download", "-json", MODULE]
    said = process.run(
        f"getting {MODULE}", words, timeout=FETCH_SECONDS_MAX, env=go.environment(), cwd=Path("/")
    )
    module = msgspec.json.decode(said, type=_Module)
    if module.sum != SUM:
        raise LabError(f"getting {MODULE}: looked for the sum {SUM} and got {module.sum}: it is another one")
    flags: list[str | Path] = ["-trimpath", "-tags", TAGS, "-ldflags=-s -w", "-o", folder / NAME]
    words = [go.toolchain(), "build", *flags, "./cmd/cortex"]
    process.run(
        "building Cortex", words, timeout=BUILD_SECONDS_MAX, env=go.environment(), cwd=Path(module.dir)
    )
