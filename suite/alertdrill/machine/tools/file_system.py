"""Debian file systems as tars, made by mmdebstrap, which itself is unpacked and never installed."""

import functools
import os
import shutil
from pathlib import Path

from alertdrill.errors import LabError
from alertdrill.machine import cache, process
from alertdrill.machine.tools import apt_sources, debian

BUILD_SECONDS_MAX = 1200.0
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/man/*")


@functools.cache
def built(packages: tuple[str, ...], *, suite: str = debian.NODE, variant: str = "apt") -> Path:
    """Return the tar of a Debian with these packages and all they depend on.

    `variant` is mmdebstrap's: "apt" has apt and what is essential, "custom" nothing but what is asked for.
    """
    script = debian.fetch(("mmdebstrap",)) / "usr" / "bin"
    if not shutil.which("perl"):
        raise LabError("looked for perl to make a Debian file system with, found none: install perl")
    source = apt_sources.debian().line(suite)
    key = cache.digest("1", source, variant, *sorted(packages), *LEFT_OUT)

    def make(folder: Path) -> None:
        argv: list[str | Path] = [
            "perl",
            script / "mmdebstrap",
            f"--variant={variant}",
            f"--include={','.join(sorted(packages))}",
            *(f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT),
            '--aptopt=Acquire::Languages "none"',
            suite,
            folder / "root.tar",
            source.strip(),
        ]
        process.run(
            f"making a Debian {suite} file system",
            argv,
            timeout=BUILD_SECONDS_MAX,
            env={"PATH": f"{script}{os.pathsep}{os.environ['PATH']}", "SOURCE_DATE_EPOCH": "0"},
        )

    return cache.entry("file-systems", key, make) / "root.tar"
