"""Each stage of the node image depends on its own inputs, and the files agree with what kind expects."""

import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from alertdrill.errors import LabError
from alertdrill.machine import cache
from alertdrill.machine.docker import Engine
from alertdrill.machine.images import archive
from alertdrill.machine.nodeimage import control_plane, image, program, system
from alertdrill.machine.tools import go
from alertdrill.progress import Progress

PAUSE = "registry.k8s.io/pause:3.10.1"
DOCKER = """#!/bin/sh
echo "$1 $2" >>{folder}/calls
case "$1 $2" in
"image ls") [ "$3" = --format ] && cat {folder}/tags || cat {folder}/has 2>/dev/null || true;;
"image rm") [ "$3" != alertdrill/node:used ];;
"load "*) tar -xOf - manifest.json >{folder}/manifest.json && echo yes >{folder}/has;;
esac
"""
Built = Callable[[], list[str]]


@pytest.fixture
def layer(tmp_path: Path) -> dict[str, tarfile.TarInfo]:
    """Return the members of the layer that has our own files."""
    image._write_files(tmp_path / "layer.tar", PAUSE)  # noqa: SLF001
    with tarfile.open(tmp_path / "layer.tar") as tar:
        return {info.name: info for info in tar}


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Built:
    """Return a function that builds an image of small stages with a scripted engine, and says its calls."""
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path / "cache"))
    docker = tmp_path / "docker"
    docker.write_text(DOCKER.format(folder=tmp_path))
    docker.chmod(0o755)
    (tmp_path / "tags").write_text("")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def stage(name: str, file: str) -> Path:
        def make(folder: Path) -> None:
            archive.pack(folder / file, {name: name.encode()})
            (folder / "names.json").write_text(json.dumps({"pause": PAUSE}))

        return cache.entry(name, "key", make)

    monkeypatch.setattr(system, "built", lambda: stage("system", "root.tar") / "root.tar")
    monkeypatch.setattr(program, "built", lambda: tmp_path)
    monkeypatch.setattr(control_plane, "built", lambda _programs: stage("images", "layer.tar"))

    def calls() -> list[str]:
        (tmp_path / "calls").unlink(missing_ok=True)
        progress = Progress()
        name = image.built(Engine("scripted"), progress)
        return [name, *(tmp_path / "calls").read_text().splitlines()]

    return calls


def test_an_image_is_loaded_once(built: Built, tmp_path: Path) -> None:
    """The first time its three layers are loaded; the second time the engine has it."""
    name, *calls = built()
    assert ["image ls", "load --quiet", "image ls"] == calls
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert [name] == manifest[0]["RepoTags"]
    assert 3 == len(manifest[0]["Layers"])
    assert [name, "image ls"] == built()


def test_images_of_before_make_room(built: Built, tmp_path: Path) -> None:
    """A new image takes the place of those of ours that no node runs on."""
    (tmp_path / "tags").write_text("alertdrill/node:old\nalertdrill/node:used\n")
    _, *calls = built()
    assert ["image ls", "load --quiet", "image ls", "image rm", "image rm"] == calls


def test_a_changed_entrypoint_changes_one_layer(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The image gets another name, and only the layer of our own files is another."""
    before, *_ = built()
    first = json.loads((tmp_path / "manifest.json").read_text())[0]["Layers"]
    changed = tmp_path / "changed"
    shutil.copytree(image.FILES, changed)
    entrypoint = changed / "kind" / "bin" / "entrypoint"
    entrypoint.write_text(entrypoint.read_text() + "# changed\n")
    monkeypatch.setattr(image, "FILES", changed)
    (tmp_path / "has").unlink()
    after, *_ = built()
    second = json.loads((tmp_path / "manifest.json").read_text())[0]["Layers"]
    assert before != after
    assert first[:2] == second[:2]
    assert first[2] != second[2]


def test_an_engine_that_takes_no_image_says_why(built: Built, tmp_path: Path) -> None:
    """Whatever the engine says when loading fails is in the sentence."""
    (tmp_path / "docker").write_text(
        "#!/bin/sh\n[ $1 = load ] || exit 0\necho no space left on device >&2; exit 1\n"
    )
    with pytest.raises(LabError, match="loading the node image into Docker: no space left on device"):
        built()


def test_what_kind_starts_may_be_executed(layer: dict[str, tarfile.TarInfo]) -> None:
    """The entrypoint and its scripts are programs; everything else is not."""
    programs = {name for name, info in layer.items() if info.isreg() and info.mode == 0o755}
    assert {f"kind/bin/{name}" for name in ("entrypoint", "import-images", "make-kubelet-groups")} == programs
    assert "/kind/bin/entrypoint" == image.CONFIG["Entrypoint"][0]


@pytest.mark.usefixtures("layer")
def test_containerd_is_told_the_pause_image(tmp_path: Path) -> None:
    """The name that kubeadm asks for is the one the sandboxes are made from."""
    with tarfile.open(tmp_path / "layer.tar") as tar:
        file = tar.extractfile("etc/containerd/config.toml")
        assert file
        config = file.read().decode()
    assert f'sandbox_image = "{PAUSE}"' in config
    assert "@" not in config


def test_units_are_wanted_or_off(layer: dict[str, tarfile.TarInfo]) -> None:
    """What a node needs starts with it, and what a container can't do is masked."""
    units = "etc/systemd/system"
    assert "/dev/null" == layer[f"{units}/systemd-udevd.service"].linkname
    assert f"/{units}/kubelet.service" == layer[f"{units}/multi-user.target.wants/kubelet.service"].linkname
    assert "/lib/systemd/system/multi-user.target" == layer[f"{units}/default.target"].linkname


@pytest.mark.parametrize("script", sorted((image.FILES / "kind/bin").iterdir()), ids=lambda path: path.name)
def test_scripts_can_be_parsed(script: Path) -> None:
    """A slip in a script shows here, not in a node that does not start."""
    assert 0 == subprocess.run(["sh", "-n", script], check=False).returncode


def test_the_go_program_knows_every_name() -> None:
    """The names that get links are those that main.go answers to."""
    source = (program.SOURCE / "main.go").read_text()
    table = source[source.index("var programs") : source.index("// component delays")]
    assert sorted(program.NAMES) == sorted(re.findall(r'^\t"([a-z-]+)":', table, re.MULTILINE))


def test_the_go_modules_are_of_one_release() -> None:
    """Kubernetes and its staging modules are of the version that is stamped into the program."""
    text = (program.SOURCE / "go.mod").read_text()
    staging = program.KUBERNETES.replace("v1.", "v0.", 1)
    assert f"\tk8s.io/kubernetes {program.KUBERNETES}\n" in text
    replaced = re.findall(r"^\t(k8s\.io/\S+) => (\S+) (\S+)$", text, re.MULTILINE)
    assert len(replaced) > 20
    assert all(there == name and version == staging for name, there, version in replaced)


def test_the_program_is_stamped_with_its_version() -> None:
    """Kubeadm and kubelet compare versions, so a build without a stamp would not start."""
    stamp = "k8s.io/component-base/version"
    assert f"-X {stamp}.gitVersion={program.KUBERNETES} -X {stamp}.gitMajor=1" in program._ldflags()  # noqa: SLF001


def test_a_full_disk_is_found_before_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Minutes of compiling are not spent on a disk that can't hold the result."""
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path))
    monkeypatch.setattr(go, "toolchain", lambda: tmp_path / "go")
    monkeypatch.setattr(go, "version", lambda _go: (1, 26, 8))
    monkeypatch.setattr(program, "SPACE_MIN", 1 << 60)
    with pytest.raises(LabError, match=r"looked for \d+ GB of free disk at .*: make room"):
        program.built()
