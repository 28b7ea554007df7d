"""VictoriaMetrics and its vmalert, built from their Go module, to hold backtests against; no lab needs them.

go.mod and go.sum beside lock what they are built of.
"""

from pathlib import Path

from alertdrill.machine import cache, process
from alertdrill.machine.tools import go

MODULE = Path(__file__).with_suffix("")
PACKAGE = "github.com/VictoriaMetrics/VictoriaMetrics"
VERSION = "v1.151.0"
SERVER, VMALERT = "victoria-metrics", "vmalert"
BUILD_SECONDS_MAX = 2400.0


def built() -> Path:
    """Return the folder of both programs, built once per cache."""
    return cache.entry("go-programs", cache.digest("1", MODULE), _build)


def _build(folder: Path) -> None:
    flags = f"-ldflags=-s -w -X {PACKAGE}/lib/buildinfo.Version={VERSION}"
    packages = [f"{PACKAGE}/app/{name}" for name in (SERVER, VMALERT)]
    words: list[str | Path] = [go.toolchain(), "build", "-trimpath", flags, "-o", f"{folder}/", *packages]
    process.run(
        "building VictoriaMetrics", words, timeout=BUILD_SECONDS_MAX, env=go.environment(), cwd=MODULE
    )
