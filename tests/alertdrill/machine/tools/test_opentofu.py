"""OpenTofu comes from PATH where it is recent enough, and is built where it is not."""

from pathlib import Path

import pytest

from alertdrill.machine.tools import opentofu


@pytest.fixture
def tofu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the place on PATH for a stand-in, with a cache and a build of our own."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(opentofu, "_build", lambda folder: (folder / "tofu").write_text("built"))
    opentofu.find.cache_clear()
    return tmp_path / "tofu"


@pytest.mark.parametrize(("version", "taken"), [("v1.10.10", True), ("v1.6.2", False), ("", False)])
def test_a_recent_one_on_path_is_taken(tofu: Path, version: str, taken: bool) -> None:  # noqa: FBT001
    """One that is too old, or does not say, is not trusted to do what we ask."""
    tofu.write_text(f"#!/bin/sh\necho OpenTofu {version}\n")
    tofu.chmod(0o755)
    found = opentofu.find()
    assert taken == (found.path == tofu)
    assert ("tofu on PATH" in found.reason) == taken


def test_without_one_it_is_built(tofu: Path) -> None:
    """What is built is kept in the cache, and an image always gets what was built."""
    assert not tofu.exists()
    assert "built" == opentofu.find().path.read_text()
    assert opentofu.built() == opentofu.find().path
