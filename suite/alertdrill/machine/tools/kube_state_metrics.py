"""kube-state-metrics, built from its Go module: one static file, which goes into an image as it is.

`go install` would build it of other versions of what it needs: go.mod and go.sum here lock them.
"""

from pathlib import Path

from alertdrill.machine import cache, process
from alertdrill.machine.tools import go

MODULE = Path(__file__).with_suffix("")
PACKAGE = "k8s.io/kube-state-metrics/v2"
VERSION = "v2.18.0"
NAME = "kube-state-metrics"
# Generous: a machine may be building other things at the same time.
BUILD_SECONDS_MAX = 2400.0


def built() -> Path:
    """Return the program, built once per cache."""
    return cache.entry("go-programs", cache.digest("1", MODULE), _build) / NAME


def _build(folder: Path) -> None:
    flags = f"-ldflags=-s -w -X github.com/prometheus/common/version.Version={VERSION}"
    words: list[str | Path] = [go.toolchain(), "build", "-trimpath", flags, "-o", folder / NAME, PACKAGE]
    process.run(f"building {NAME}", words, timeout=BUILD_SECONDS_MAX, env=go.environment(), cwd=MODULE)
