"""Cortex and Mimir are built of modules whose content is known."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alertdrill.errors import LabError
from alertdrill.machine.tools import go
from alertdrill.machine.tools.go_servers import CORTEX, MIMIR, GoServer, built

# Says which version it is, gives a module, and builds a program that says where and how it was built.
GO = """#!/bin/sh
case "$1" in
env) echo go1.26.8 ;;
mod) printf '{"Path": "%%s", "Dir": "%s", "Sum": "%s"}\\n' "$4" ;;
build) while [ "$1" != -o ]; do tags="$tags $1"; shift; done; echo "$(pwd)$tags" >"$2" ;;
esac
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder that has PATH's `go`, which a test gives modules, and a cache."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path / "cache"))
    (tmp_path / "module").mkdir()
    (tmp_path / "go").touch(mode=0o755)
    go.toolchain.cache_clear()
    yield tmp_path
    go.toolchain.cache_clear()


@pytest.mark.parametrize("server", [CORTEX, MIMIR])
def test_it_is_built_in_the_folder_of_its_module(folder: Path, server: GoServer) -> None:
    """What it replaces among its modules counts there alone; once built it is in the cache."""
    (folder / "go").write_text(GO % (folder / "module", server.sum))
    said = built(server).read_text()
    assert str(folder / "module") == said.partition(" ")[0]
    assert f"-tags {server.tags}" in said
    (folder / "go").unlink()
    assert said == built(server).read_text()


@pytest.mark.parametrize("server", [CORTEX, MIMIR])
def test_of_another_content_nothing_is_built(folder: Path, server: GoServer) -> None:
    """A module that is not the one that was read is refused, and leaves nothing in the cache."""
    (folder / "go").write_text(GO % (folder / "module", "h1:other="))
    with pytest.raises(LabError, match=rf"getting \S+/{server.name}@\S+: looked for the sum .* h1:other="):
        built(server)
    assert not list((folder / "cache" / "go-programs").glob(f"*/{server.name}"))
