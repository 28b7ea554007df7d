"""Packages are taken from a real, if small, archive by the machine's real apt; nothing else is touched."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from alertdrill.errors import LabError
from alertdrill.machine.tools import apt_sources, debian
from alertdrill.machine.tools.apt_sources import Source

needs_apt = pytest.mark.skipif(
    not all(map(shutil.which, (*debian.NEEDED, "dpkg-deb"))), reason="apt and dpkg are not on this machine"
)


class Archive:
    """A Debian archive on disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.index = root / "dists" / debian.NEWER / "main" / f"binary-{architecture()}" / "Packages"
        self.index.parent.mkdir(parents=True)

    def publish(self, name: str, version: str) -> Path:
        """Put a package with one program into the archive, in place of any earlier version."""
        build = self.root / "build" / name
        (build / "DEBIAN").mkdir(parents=True, exist_ok=True)
        (build / "usr" / "bin").mkdir(parents=True, exist_ok=True)
        (build / "usr" / "bin" / name).write_text(f"#!/bin/sh\necho {version}\n")
        (build / "usr" / "bin" / name).chmod(0o755)
        fields = (
            f"Package: {name}\nVersion: {version}\nArchitecture: {architecture()}\nMaintainer: a <a@b.c>\n"
        )
        (build / "DEBIAN" / "control").write_text(f"{fields}Description: a test\n")
        package = self.root / f"{name}_{version}.deb"
        subprocess.run(["dpkg-deb", "--build", build, package], check=True, capture_output=True)
        self.index.write_text(
            f"{fields}Filename: {package.name}\nSize: {package.stat().st_size}\n"
            f"SHA256: {digest(package)}\nDescription: a test\n\n"
        )
        index = self.index.relative_to(self.index.parents[2])
        (self.index.parents[2] / "Release").write_text(
            f"Codename: {debian.NEWER}\nArchitectures: {architecture()}\nComponents: main\n"
            f"Date: Sat, 01 Jan 2022 00:00:00 UTC\nSHA256:\n"
            f" {digest(self.index)} {self.index.stat().st_size} {index}\n"
        )
        return package


def digest(path: Path) -> str:
    """Return a file's SHA-256."""
    return subprocess.run(["sha256sum", path], check=True, capture_output=True, text=True).stdout.split()[0]


def architecture() -> str:
    """Return what Debian calls this machine."""
    argv = ["dpkg", "--print-architecture"]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """Return an empty archive that this machine seems to be installed from."""
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path / "cache"))
    made = Archive(tmp_path / "archive")
    source = Source(uri=f"file:{made.root}", suites=("here",), components=("main",), options=("trusted=yes",))
    monkeypatch.setattr(apt_sources, "debian", lambda: source)
    monkeypatch.setattr(apt_sources, "is_debian", lambda: True)
    debian.fetch.cache_clear()
    return made


@needs_apt
def test_a_package_is_unpacked_into_the_cache(archive: Archive, tmp_path: Path) -> None:
    """The program can be started, its version is noted, and no download is left lying about."""
    archive.publish("hello", "1.2-3")
    root = debian.fetch(("hello",))
    assert tmp_path / "cache" in root.parents
    said = subprocess.run([root / "usr/bin/hello"], check=True, capture_output=True, text=True).stdout
    assert "1.2-3\n" == said
    assert '{\n  "hello": "1.2-3"\n}' == (root.parent / "versions.json").read_text()
    assert not list(tmp_path.glob("cache/**/*.deb"))


@needs_apt
def test_the_machines_own_lists_are_not_touched(archive: Archive, tmp_path: Path) -> None:
    """Apt is told to keep everything in the cache folder, whatever the machine's own configuration says."""
    archive.publish("hello", "1")
    debian.update(debian.NEWER)
    env = {**os.environ, **debian.environment(debian.NEWER)}
    dump = subprocess.run(["apt-config", "dump"], check=True, capture_output=True, text=True, env=env).stdout
    for name in ("Dir::State", "Dir::State::lists", "Dir::Cache", "Dir::State::status"):
        value = next(line for line in dump.splitlines() if line.startswith(f'{name} "'))
        assert str(tmp_path / "cache") in value


@needs_apt
def test_lists_are_read_again_when_the_archive_moved_on(archive: Archive) -> None:
    """A file that fell out of the archive is looked for under its new name, once."""
    old = archive.publish("hello", "1")
    assert debian.update(debian.NEWER)
    assert not debian.update(debian.NEWER)
    old.unlink()
    archive.publish("hello", "2.10")
    assert '"hello": "2.10"' in (debian.fetch(("hello",)).parent / "versions.json").read_text()


@needs_apt
def test_a_package_that_is_not_there_is_named(archive: Archive, tmp_path: Path) -> None:
    """A package nobody has is a sentence, and leaves no half entry."""
    archive.publish("hello", "1")
    with pytest.raises(
        LabError, match=r"downloading goodbye from Debian .* Unable to locate package goodbye"
    ):
        debian.fetch(("goodbye",))
    assert not list(tmp_path.glob("cache/debian/*"))


def test_without_apt_the_sentence_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine without apt nothing is tried."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path / "cache"))
    assert not debian.available()
    with pytest.raises(LabError, match="use Debian, or put the programs on PATH"):
        debian.fetch(("never-fetched",))
