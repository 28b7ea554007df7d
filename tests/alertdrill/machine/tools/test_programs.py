"""A program comes from PATH if it is recent enough, else from the next best place, and the reason is said."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alertdrill.errors import LabError
from alertdrill.machine.tools import debian, go, programs


@pytest.fixture(autouse=True)
def empty_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Leave only one folder on PATH, with nothing in it, and no Debian around."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(debian, "available", lambda: False)
    programs.find.cache_clear()
    yield folder
    programs.find.cache_clear()


def put(folder: Path, name: str, said: str) -> Path:
    """Put a program on PATH that says a version."""
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{said}'\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("kind", "kind v0.33.0 go1.27.2 linux/amd64"),
        ("kubectl", "Client Version: v1.32.4-dispatcher"),
        ("prometheus", "prometheus, version 3.5.3+ds1 (branch: debian/sid)"),
        ("promtool", "promtool, version 3.5.3 (branch: HEAD)"),
    ],
)
def test_a_recent_program_on_path_is_taken(empty_path: Path, name: str, said: str) -> None:
    """What each program says of itself is understood."""
    path = put(empty_path, name, said)
    assert programs.Found(path, f"{name} on PATH ({path})") == programs.find(name)


def test_an_old_program_gives_way_to_debians(
    empty_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that is too old is passed over, and that is said."""
    put(empty_path, "kind", "kind v0.11.0 go1.16 linux/amd64")
    monkeypatch.setattr(debian, "available", lambda: True)
    monkeypatch.setattr(debian, "fetch", lambda packages: tmp_path / "-".join(packages))
    found = programs.find("kind")
    assert tmp_path / "kind" / "usr" / "bin" / "kind" == found.path
    assert "kind from Debian forky, since the one on PATH is too old" == found.reason


def test_without_debian_go_builds_what_it_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next best place is the program's Go module."""
    monkeypatch.setattr(go, "install", lambda module, name: tmp_path / module.partition("@")[0] / name)
    found = programs.find("kind")
    assert tmp_path / "sigs.k8s.io" / "kind" / "kind" == found.path
    assert found.reason.endswith(", since none is on PATH")


def test_what_cannot_be_had_is_a_sentence(empty_path: Path) -> None:
    """The sentence says what was looked for, and what to do."""
    put(empty_path, "promtool", "nothing of a version")
    with pytest.raises(LabError, match=r"looked for promtool 3\.0 or newer, .* too old .*: install promtool"):
        programs.find("promtool")
