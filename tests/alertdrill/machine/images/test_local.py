"""Images made on this machine: cached layer by layer, and old archives forgotten."""

import json
import tarfile
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from alertdrill import data
from alertdrill.errors import LabError
from alertdrill.machine.images import OWN, THIRD_PARTY, layers, local
from alertdrill.machine.images.python import Python
from alertdrill.progress import Progress

Make = Callable[[], tuple[Path, list[str]]]


@pytest.fixture
def exporter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small stand-in for exporter/, and a cache of our own."""
    folder = tmp_path / "exporter"
    (folder / "package").mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "package" / "__init__.py").write_text("one = 1\n")
    (folder / "requirements.txt").write_text("")
    monkeypatch.setattr(data, "path", tmp_path.joinpath)
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def make(exporter: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Make the archive from layers of one small file each; returns it and the layers made for it."""
    made: list[str] = []

    def maker(name: str) -> Callable[..., dict[str, bytes]]:
        def make_layer(*_anything: object) -> dict[str, bytes]:
            made.append(name)
            return {f"{name}.txt": (exporter / "package" / "__init__.py").read_bytes()}

        return make_layer

    for name in ("base", "dependencies", "code", "git", "tofu", "program"):
        monkeypatch.setattr(layers, f"_{name}", maker(name))
    monkeypatch.setattr(layers, "version", lambda _name: "1.2.3-4")

    def make_once() -> tuple[Path, list[str]]:
        made.clear()
        return local.made(OWN, Progress(Console(file=StringIO()))), sorted(made)

    return make_once


def test_every_image_is_in_the_archive(make: Make) -> None:
    """Our images and the third parties' are in one archive, and a stand-in says what it is."""
    archive, made = make()
    assert sorted(["base", "dependencies", "code", "git", "tofu", *["program"] * 3]) == made
    with tarfile.open(archive) as tar:
        manifest = json.load(tar.extractfile("manifest.json") or StringIO())
        names = {entry["RepoTags"][0]: entry["Config"] for entry in manifest}
        assert {image.name for image in (*OWN, *THIRD_PARTY)} == names.keys()
        prometheus = json.load(tar.extractfile(names["quay.io/prometheus/prometheus:v3.5.3"]) or StringIO())
    labels = prometheus["config"]["Labels"]
    assert "quay.io/prometheus/prometheus:v3.5.3" == labels["alertdrill.stands-in-for"]
    assert "Debian prometheus 1.2.3-4" == labels["org.opencontainers.image.version"]


def test_nothing_is_made_twice(make: Make) -> None:
    """With nothing changed the same archive is there again at once."""
    first, _ = make()
    assert (first, []) == make()


def test_a_changed_line_of_code_makes_only_the_code_anew(make: Make, exporter: Path) -> None:
    """Another line of code is another archive, for which one layer is made."""
    first, _ = make()
    (exporter / "package" / "__init__.py").write_text("one = 2\n")
    second, made = make()
    assert ["code"] == made
    assert first != second


def test_changed_dependencies_make_only_their_layer_anew(make: Make, exporter: Path) -> None:
    """Another lock file is another layer of dependencies."""
    make()
    (exporter / "requirements.txt").write_text("six==1.17.0\n")
    assert ["dependencies"] == make()[1]


def test_old_archives_are_forgotten(make: Make, exporter: Path) -> None:
    """Archives are large, so only the newest are kept, and the one just made always is."""
    for number in range(local.KEPT + 2):
        (exporter / "package" / "__init__.py").write_text(f"one = {number}\n")
        newest, _ = make()
    kept = [path for path in newest.parent.parent.iterdir() if not path.name.startswith(".")]
    assert local.KEPT == len(kept)
    assert newest.parent in kept


def test_a_base_without_a_loader_is_a_sentence(tmp_path: Path) -> None:
    """A damaged base says what to do instead of failing in the middle of an installation."""
    python = Python(tmp_path, "python3.13", "trixie")
    with pytest.raises(LabError, match="has no dynamic loader; remove that folder and try again"):
        python.compiled(tmp_path, below="usr/")
