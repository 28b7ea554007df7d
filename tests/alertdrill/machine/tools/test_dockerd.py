"""A private engine is made of the dockerd on PATH if it is recent enough, else of Debian's packages."""

import os
from pathlib import Path

import pytest

from alertdrill.errors import LabError
from alertdrill.machine.tools import debian
from alertdrill.machine.tools import dockerd as engine


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Leave one folder on PATH, with nothing in it, and no Debian around."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    monkeypatch.setattr(debian, "available", lambda: False)
    return folder


def install(folder: Path, version: str) -> None:
    """Put an engine of a version on PATH."""
    for name in ("docker", "dockerd", "runc"):
        (folder / name).write_text(f"#!/bin/sh\necho 'Docker version {version}, build abc'\n")
        (folder / name).chmod(0o755)


def test_a_recent_dockerd_on_path_is_taken(path: Path) -> None:
    """It runs as it is, with nothing put in front of PATH."""
    install(path, "28.2.2")
    found = engine.programs()
    assert ((), ()) == (found.path, found.libraries)
    assert f"dockerd on PATH ({path / 'dockerd'})" == found.reason
    assert "LD_LIBRARY_PATH" not in found.environment()


def test_an_old_dockerd_gives_way_to_debians(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What asks for more than a bounded root has is passed over for packages, with their libraries."""
    install(path, "20.10.24+dfsg1")
    monkeypatch.setattr(debian, "available", lambda: True)
    monkeypatch.setattr(debian, "own_suite", lambda: "bookworm")
    monkeypatch.setattr(debian, "fetch", lambda _packages, suite="forky": tmp_path / suite)
    libraries = tmp_path / "bookworm" / "usr" / "lib" / "x86_64-linux-gnu"
    libraries.mkdir(parents=True)
    (libraries / "libseccomp.so.2").touch()
    env = engine.programs().environment()
    assert env["PATH"].startswith(
        f"{tmp_path}/forky/usr/bin{os.pathsep}{tmp_path}/forky/usr/sbin{os.pathsep}"
    )
    assert str(libraries) == env["LD_LIBRARY_PATH"]


def test_no_engine_to_be_had_is_a_sentence() -> None:
    """Where neither PATH nor Debian has one, the user is told to install Docker."""
    with pytest.raises(LabError, match=r"looked for a dockerd .* found neither: install and start Docker"):
        engine.programs()
