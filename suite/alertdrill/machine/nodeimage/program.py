"""Stage 1, the program: all of Kubernetes, etcd and CoreDNS in one binary, and pause; built with Go."""

import shutil
from pathlib import Path

from alertdrill.errors import LabError
from alertdrill.machine import cache, process
from alertdrill.machine.tools import go

KUBERNETES = "v1.34.2"
SOURCE = Path(__file__).parent / "program"
BUILD_SECONDS_MAX = 1800.0
SPACE_MIN = 6 << 30  # Go's caches take 4 GB, the stages 1 GB, a node with its images 1 GB
NAMES = (
    "coredns",
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubeadm",
    "kubectl",
    "kubelet",
)


def built() -> Path:
    """Return a folder with `node`, `pause`, and a link to `node` under each of NAMES."""
    toolchain = go.toolchain()
    version = ".".join(map(str, go.version(toolchain)))
    key = cache.digest("1", KUBERNETES, version, SOURCE)
    return cache.entry("node-program", key, lambda folder: _build(toolchain, folder))


def _build(toolchain: Path, folder: Path) -> None:
    _require_space()
    argv: list[str | Path] = [
        toolchain,
        "build",
        "-trimpath",
        f"-ldflags={_ldflags()}",
        "-o",
        f"{folder}/",
        ".",
        "./pause",
    ]
    process.run(
        f"building Kubernetes {KUBERNETES} (the first time takes minutes)",
        argv,
        timeout=BUILD_SECONDS_MAX,
        env=go.environment(),
        cwd=SOURCE,
    )
    for name in NAMES:
        (folder / name).symlink_to("node")


def _require_space() -> None:
    """Say that the disk is too full before minutes have gone into finding out."""
    free = shutil.disk_usage(cache.folder()).free
    if free < SPACE_MIN:
        raise LabError(
            f"looked for {SPACE_MIN >> 30} GB of free disk at {cache.folder()} to build Kubernetes and run a"
            f" node, found {free / (1 << 30):.1f}: make room, or set ALERTDRILL_CACHE to a path on another"
            " disk"
        )


def _ldflags() -> str:
    """Return the linker's words: no symbols, and the version that Kubernetes' own build would stamp."""
    major, minor, _ = KUBERNETES.removeprefix("v").split(".")
    stamps = {"gitVersion": KUBERNETES, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    return " ".join(
        ["-s -w", *(f"-X k8s.io/component-base/version.{name}={value}" for name, value in stamps.items())]
    )
