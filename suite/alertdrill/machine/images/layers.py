"""The layers images are made of, each cached by what it is made from, so that a change rebuilds only its own.

base           Debian's C library, Python and certificates: no shell, no package manager
dependencies   what exporter/requirements.txt locks, installed with its hashes by the image's own Python
code           exporter/ itself
git            git, for git-sync
kube-state-metrics   itself, for labs that are asked to have it
tofu           OpenTofu, for terradiff
<program>      one third party's program
"""

import json
import platform
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from alertdrill import data
from alertdrill.machine import cache
from alertdrill.machine.images import archive
from alertdrill.machine.images.catalogue import PROGRAMS, Program
from alertdrill.machine.images.python import Python
from alertdrill.machine.tools import debian, kube_state_metrics, opentofu

TAR = "layer.tar"
FORMAT = "2"  # change it when the same input makes another layer
SUITE = "trixie"
PYTHON = "python3.13"
SITE = f"usr/local/lib/{PYTHON}/dist-packages/"
PYTHON_PACKAGES = (
    "base-files",
    "ca-certificates",
    "libbz2-1.0",
    "libc6",
    "libexpat1",
    "libffi8",
    "libgcc-s1",
    "liblzma5",
    "libpython3.13-minimal",
    "libpython3.13-stdlib",
    "libsqlite3-0",
    "libssl3t64",
    "libuuid1",
    "libzstd1",
    "media-types",
    "netbase",
    "python3-minimal",
    "python3.13-minimal",
    "tzdata",
    "zlib1g",
)
# git, the libraries of its HTTPS transport, and the shell that starts its other transports; the Perl
# it depends on serves commands nobody here uses.
GIT_PACKAGES = (
    "dash",
    "git",
    "libbrotli1",
    "libcom-err2",
    "libcurl3t64-gnutls",
    "libgmp10",
    "libgnutls30t64",
    "libgssapi-krb5-2",
    "libhogweed6t64",
    "libidn2-0",
    "libk5crypto3",
    "libkeyutils1",
    "libkrb5-3",
    "libkrb5support0",
    "libldap2",
    "libnettle8t64",
    "libnghttp2-14",
    "libnghttp3-9",
    "libngtcp2-16",
    "libngtcp2-crypto-gnutls8",
    "libp11-kit0",
    "libpcre2-8-0",
    "libpsl5t64",
    "librtmp1",
    "libsasl2-2",
    "libssh2-1t64",
    "libtasn1-6",
    "libunistring5",
)
# Left out of what Debian's packages bring: manuals, translations, and what serves installing packages.
UNUSED = re.compile(
    r"(boot|home|media|mnt|srv|var|usr/(games|include|src|local)"
    r"|usr/share/(bash-completion|bug|doc-base|info|lintian|locale|man|perl5|python3)"
    r"|usr/share/doc/.*/(?!copyright$)[^/]*"
    r"|etc/(bash_completion.d|default|skel|update-motd.d)|usr/bin/py3.*)(/.*)?"
)
# Programs built from their Go modules, and what locks their versions.
BUILT: dict[str, str | Path] = {
    "kube-state-metrics": kube_state_metrics.MODULE,
    "tofu": opentofu.MODULE,
}
ACCOUNTS = (("root", 0), ("nonroot", 65532), ("git-sync", 65533), ("nobody", 65534))


def layer(name: str) -> Path:
    """Return the tar of one layer, made if it is not in the cache."""
    makers: dict[str, Callable[[Path], Mapping[str, archive.Source]]] = {
        "base": _base,
        "dependencies": _dependencies,
        "code": _code,
        "git": _git,
        "kube-state-metrics": _kube_state_metrics,
        "tofu": _tofu,
    }
    make = makers.get(name) or partial(_program, PROGRAMS[name])

    def write(folder: Path) -> None:
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            archive.pack(folder / TAR, make(Path(scratch)))

    return cache.entry("image-layers", f"{name}-{key(name)}", write) / TAR


def key(name: str) -> str:
    """Return what changes when the layer must; nothing is made for it."""
    machine = platform.machine()
    if name == "base":
        return cache.digest(FORMAT, SUITE, machine, *PYTHON_PACKAGES)
    if name == "dependencies":
        return cache.digest(FORMAT, key("base"), _exporter("requirements.txt"))
    if name == "code":
        return cache.digest(FORMAT, key("base"), _exporter("bin"), *_packages())
    if name == "git":
        return cache.digest(FORMAT, SUITE, machine, *GIT_PACKAGES)
    if name in BUILT:
        return cache.digest(FORMAT, machine, BUILT[name])
    return cache.digest(FORMAT, debian.NEWER, machine, repr(PROGRAMS[name]))


def version(name: str) -> str:
    """Return the version of the Debian package that a program's layer was made from."""
    package = PROGRAMS[name].package
    versions = debian.fetch((package,)).parent / "versions.json"
    return str(json.loads(versions.read_text())[package])


def _base(_scratch: Path) -> Mapping[str, archive.Source]:
    python = _python()
    certificates = sorted((python.root / "usr/share/ca-certificates").rglob("*.crt"))
    return {
        **archive.tree(python.root, keep=lambda name: not UNUSED.fullmatch(name)),
        **python.compiled(python.root / "usr/lib" / PYTHON, below=f"usr/lib/{PYTHON}/"),
        "etc/passwd": "".join(f"{who}:x:{n}:{n}::/tmp:/nonexistent\n" for who, n in ACCOUNTS).encode(),
        "etc/group": "".join(f"{who}:x:{n}:\n" for who, n in ACCOUNTS).encode(),
        "etc/ssl/certs/ca-certificates.crt": b"".join(file.read_bytes() for file in certificates),
    }


def _dependencies(scratch: Path) -> Mapping[str, archive.Source]:
    python = _python()
    python.install(_exporter("requirements.txt"), scratch)
    # Commands and the lists that name them carry the path of this Python: useless there, never the same.
    shutil.rmtree(scratch / "bin", ignore_errors=True)
    for record in scratch.glob("*.dist-info/RECORD"):
        record.unlink()
    return {**archive.tree(scratch, below=SITE), **python.compiled(scratch, below=SITE)}


def _code(scratch: Path) -> Mapping[str, archive.Source]:
    for package in _packages():
        shutil.copytree(package, scratch / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    scripts = sorted(_exporter("bin").iterdir())
    return {
        **archive.tree(scratch, below=SITE),
        **_python().compiled(scratch, below=SITE),
        **{f"usr/local/bin/{script.name}": archive.Script(script.read_bytes()) for script in scripts},
    }


def _git(_scratch: Path) -> Mapping[str, archive.Source]:
    root = debian.fetch(GIT_PACKAGES, suite=SUITE)
    return archive.tree(root, keep=lambda name: not UNUSED.fullmatch(name))


def _kube_state_metrics(_scratch: Path) -> Mapping[str, archive.Source]:
    return {"kube-state-metrics": kube_state_metrics.built()}


def _tofu(_scratch: Path) -> Mapping[str, archive.Source]:
    return {"usr/local/bin/tofu": opentofu.built()}


def _program(program: Program, _scratch: Path) -> Mapping[str, archive.Source]:
    root = debian.fetch((program.package,))
    data_folder = {program.folder: b""} if program.folder else {}
    return {
        program.in_image: root / program.path,
        **data_folder,
        **{name: root / name for name in program.reads},
    }


def _python() -> Python:
    return Python(debian.fetch(PYTHON_PACKAGES, suite=SUITE), PYTHON, SUITE)


def _packages() -> list[Path]:
    return [file.parent for file in sorted(_exporter().glob("*/__init__.py"))]


def _exporter(*parts: str) -> Path:
    return data.path("exporter", *parts)
