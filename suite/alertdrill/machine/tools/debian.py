"""Programs out of Debian's packages, unpacked into the cache; the machine's own packages are never changed.

Debian's newer suite has Go programs that need no more than an old C library, so they run on older Debians
when unpacked. It is read with a private apt configuration: own lists, own cache, nothing of the machine's.
"""

import functools
import json
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from alertdrill.errors import LabError
from alertdrill.machine import cache, process
from alertdrill.machine.tools import apt_sources

NEWER = "forky"  # programs that must be recent come from here
NODE = "bookworm"  # the last suite whose systemd still speaks cgroup v1
LISTS_AGE_MAX = 24 * 3600.0
DOWNLOAD_SECONDS_MAX = 600.0
NEEDED = ("apt-get", "apt-config", "dpkg")


def available() -> bool:
    """Say whether Debian packages can be had on this machine."""
    return apt_sources.is_debian() and all(shutil.which(name) for name in NEEDED)


def own_suite() -> str:
    """Return the suite this machine runs: libraries from it fit its C library."""
    return apt_sources.debian().suites[0]


@functools.cache
def fetch(packages: tuple[str, ...], *, suite: str = NEWER) -> Path:
    """Return a folder into which these packages, without their dependencies, are unpacked.

    Which versions they had is in `versions.json` beside it.
    """
    _require()
    key = cache.digest("1", suite, _architecture(), *sorted(packages))
    return cache.entry("debian", key, lambda folder: _unpack(packages, suite, folder)) / "root"


def _require() -> None:
    if not available():
        raise LabError(
            "looked for apt and dpkg on a Debian to take programs from, found none: use Debian, or put the"
            " programs on PATH"
        )


def _unpack(packages: Sequence[str], suite: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        downloads = Path(temporary)
        _download(packages, suite, downloads)
        versions = {}
        for package in sorted(downloads.glob("*.deb")):
            process.run(f"unpacking {package.name}", ["dpkg", "-x", package, folder / "root"], timeout=120)
            name, version, _ = package.name.split("_", 2)
            versions[name] = version.replace("%3a", ":")
    (folder / "versions.json").write_text(json.dumps(versions, indent=2))


def _download(packages: Sequence[str], suite: str, folder: Path) -> None:
    """Download into `folder`; old lists may name files the mirror no longer has, so ask again once."""
    with cache.locked(f"apt-{suite}"):
        lists_are_new = update(suite)
        argv = ["apt-get", "--quiet", "download", *packages]
        what = f"downloading {', '.join(packages)} from Debian {suite}"
        try:
            process.run(what, argv, timeout=DOWNLOAD_SECONDS_MAX, env=environment(suite), cwd=folder)
        except LabError:
            if lists_are_new:
                raise
            update(suite, anew=True)
            process.run(what, argv, timeout=DOWNLOAD_SECONDS_MAX, env=environment(suite), cwd=folder)


def update(suite: str, *, anew: bool = False) -> bool:
    """Read the suite's list of packages if ours is missing or old; say whether it was read now."""
    stamp = _home(suite) / "updated"
    age = time.time() - stamp.stat().st_mtime if stamp.exists() else LISTS_AGE_MAX
    if 0 <= age < LISTS_AGE_MAX and not anew:
        return False
    _configure(suite)
    process.run(
        f"reading the package list of Debian {suite}",
        ["apt-get", "--quiet", "--error-on=any", "update"],
        timeout=DOWNLOAD_SECONDS_MAX,
        env=environment(suite),
    )
    stamp.touch()
    return True


def environment(suite: str) -> dict[str, str]:
    """Return what makes apt read the private configuration instead of the machine's."""
    return {"APT_CONFIG": str(_home(suite) / "apt.conf"), "LC_ALL": "C.UTF-8"}


def _configure(suite: str) -> None:
    home = _home(suite)
    for name in ("lists/partial", "archives/partial", "trusted", "preferences"):
        (home / name).mkdir(parents=True, exist_ok=True)
    (home / "status").touch()
    cache.write_whole(home / "sources.list", apt_sources.debian().line(suite))
    settings = {
        "Dir::Etc::main": "/dev/null",
        "Dir::Etc::parts": "/dev/null",
        "Dir::Etc::sourcelist": str(home / "sources.list"),
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State": str(home),
        "Dir::State::lists": str(home / "lists"),
        "Dir::State::status": str(home / "status"),
        "Dir::Cache": str(home),
        "Dir::Cache::archives": str(home / "archives"),
        "APT::Sandbox::User": "root",  # apt's own user can't reach a cache below somebody's home
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
    }
    lines = [f'{name} "{value}";' for name, value in settings.items()]
    cache.write_whole(home / "apt.conf", "\n".join([*_machines_ways_out(), *lines]) + "\n")


def _machines_ways_out() -> list[str]:
    """Return the machine's own settings of how to reach a mirror (proxies, certificates, clocks)."""
    dump = process.run("reading apt's configuration", ["apt-config", "dump"], timeout=30)
    wanted = ("Acquire::http", "Acquire::Check-", "Acquire::Proxy", "Acquire::ForceIPv")
    return [line for line in dump.splitlines() if line.startswith(wanted)]


def _home(suite: str) -> Path:
    home = cache.folder() / "apt" / suite
    home.mkdir(parents=True, exist_ok=True)
    return home


@functools.cache
def _architecture() -> str:
    return process.run("asking dpkg its architecture", ["dpkg", "--print-architecture"], timeout=30).strip()
