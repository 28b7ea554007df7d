"""OpenTofu: the `tofu` on PATH if it is recent enough, else built from its Go module.

`go install` refuses the module for its replace directives: its source is copied and built as a main module.
"""

import functools
import json
import shutil
from pathlib import Path

from alertdrill.machine import cache, process
from alertdrill.machine.tools import go, programs
from alertdrill.machine.tools.programs import Found, Tool

MODULE = "github.com/opentofu/opentofu@v1.10.10"
TOFU = Tool("tofu", (1, 8), ("version",), "", MODULE)
DOWNLOAD_SECONDS_MAX = 600.0
# Generous: a machine may be building other things at the same time.
BUILD_SECONDS_MAX = 2400.0


@functools.cache
def find() -> Found:
    """Return the tofu program, built once per cache."""
    on_path = shutil.which(TOFU.name)
    if on_path and programs.version(TOFU, Path(on_path)) >= TOFU.minimum:
        return Found(Path(on_path), f"tofu on PATH ({on_path})")
    return Found(built(), f"tofu built from {MODULE}, since none on PATH is recent enough")


def built() -> Path:
    """Return the tofu made from its module: one static file, which goes into an image as it is."""
    return cache.entry("go-programs", cache.digest("1", MODULE), _build) / TOFU.name


def _build(folder: Path) -> None:
    env = {**go.environment(), "GOFLAGS": "-trimpath"}
    said = process.run(
        f"getting {MODULE}",
        [go.toolchain(), "mod", "download", "-json", MODULE],
        timeout=DOWNLOAD_SECONDS_MAX,
        env=env,
        cwd=Path("/"),
    )
    source = folder / "source"
    # Modules in the cache are read-only, which the copy is not: it goes when the build is done.
    copy = ["cp", "-r", "--no-preserve=mode", json.loads(said)["Dir"], source]
    process.run(f"copying {MODULE}", copy, timeout=60)
    words: list[str | Path] = [
        *(go.toolchain(), "build", "-ldflags=-s -w -X github.com/opentofu/opentofu/version.dev=no"),
        *("-o", folder / TOFU.name, "./cmd/tofu"),
    ]
    process.run(f"building {MODULE}", words, timeout=BUILD_SECONDS_MAX, env=env, cwd=source)
    shutil.rmtree(source)
