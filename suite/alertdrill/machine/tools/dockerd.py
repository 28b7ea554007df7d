"""The programs of a private container engine: dockerd, containerd, runc and the docker command."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from alertdrill.errors import LabError
from alertdrill.machine import process
from alertdrill.machine.tools import debian

DOCKERD_MIN = (23, 0)  # older ones ask for every capability they know, which a bounded root does not have
FROM_NEWER = ("containerd", "docker-cli", "docker.io")
# Newer ones of these need a newer C library than this machine may have.
FROM_OWN = ("libseccomp2", "runc")


@dataclass(frozen=True)
class EnginePrograms:
    """Where the engine's programs are; `path` goes in front of PATH, `libraries` into LD_LIBRARY_PATH."""

    path: tuple[Path, ...]
    libraries: tuple[Path, ...]
    reason: str

    def environment(self) -> dict[str, str]:
        """Return what the engine and its command need in their environment."""
        search = [*map(str, self.path), os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"]
        env = {"PATH": os.pathsep.join(search)}
        if self.libraries:
            own = [value] if (value := os.environ.get("LD_LIBRARY_PATH")) else []
            env["LD_LIBRARY_PATH"] = os.pathsep.join([*map(str, self.libraries), *own])
        return env


def programs() -> EnginePrograms:
    """Return the engine on PATH if it is recent enough, else one unpacked from Debian's packages."""
    found = shutil.which("dockerd")
    if found and shutil.which("docker") and shutil.which("runc") and _version(found) >= DOCKERD_MIN:
        return EnginePrograms((), (), f"dockerd on PATH ({found})")
    if not debian.available():
        raise LabError(
            "looked for a dockerd on PATH or in Debian's packages to run containers with, found neither:"
            " install and start Docker"
        )
    newer = debian.fetch(FROM_NEWER) / "usr"
    own = debian.fetch(FROM_OWN, suite=debian.own_suite()) / "usr"
    return EnginePrograms(
        path=(newer / "bin", newer / "sbin", own / "sbin", own / "bin"),
        libraries=tuple(sorted({file.parent for file in (own / "lib").rglob("*.so*")})),
        reason="dockerd from Debian's packages, since none that is recent enough is on PATH",
    )


def _version(dockerd: str) -> tuple[int, int]:
    said = process.run("asking dockerd its version", [dockerd, "--version"], timeout=30)
    match = re.search(r"(\d+)\.(\d+)", said)
    return (int(match[1]), int(match[2])) if match else (0, 0)
