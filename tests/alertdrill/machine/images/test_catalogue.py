"""The catalogue's images as the archive has them: how they are run, as whom, and made of what."""

import hashlib
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from alertdrill.machine.images import OWN, THIRD_PARTY, Image, archive, identities, layers, local

IMAGES = (
    Image(name="a/one:dev", layers=("low", "high"), entrypoint=("/one",), user="1:1"),
    Image(name="b.example/two:v2", layers=("low",), command=("two", "-x"), folder="/two"),
)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """An archive of two images that share a layer."""
    tars = {}
    for name in ("low", "high"):
        archive.pack(tmp_path / name, {f"{name}.txt": name.encode()})
        tars[name] = archive.Layer.of(tmp_path / name)
    notes = {"a/one:dev": {"note": "ours"}}
    with (tmp_path / "images.tar").open("wb") as stream:
        archive.write(stream, [local.saved(image, tars, notes.get(image.name, {})) for image in IMAGES])
    return tmp_path / "images.tar"


def read(tar: tarfile.TarFile, name: str) -> bytes:
    """Return a member's bytes."""
    stream = tar.extractfile(name)
    assert stream
    return stream.read()


def test_every_image_finds_its_layers_by_content(made: Path) -> None:
    """Each image's configuration and layers are in the archive under the hash of their content."""
    with tarfile.open(made) as tar:
        manifest: list[dict[str, Any]] = json.loads(read(tar, "manifest.json"))
        assert [["a/one:dev"], ["b.example/two:v2"]] == [entry["RepoTags"] for entry in manifest]
        for entry in manifest:
            raw = read(tar, entry["Config"])
            assert f"{hashlib.sha256(raw).hexdigest()}.json" == entry["Config"]
            digests = [hashlib.sha256(read(tar, layer)).hexdigest() for layer in entry["Layers"]]
            assert [f"sha256:{digest}" for digest in digests] == json.loads(raw)["rootfs"]["diff_ids"]
        assert 2 + 2 + 1 == len(tar.getnames()), "two layers, two configurations, one manifest"


def test_an_image_says_how_it_is_run(made: Path) -> None:
    """User, command, folder and labels are in the image's configuration."""
    with tarfile.open(made) as tar:
        manifest = json.loads(read(tar, "manifest.json"))
        one, two = (json.loads(read(tar, entry["Config"]))["config"] for entry in manifest)
    assert ("1:1", ["/one"], None, {"note": "ours"}) == (
        one["User"],
        one["Entrypoint"],
        one["Cmd"],
        one["Labels"],
    )
    assert ("65532:65532", None, ["two", "-x"], "/two") == (
        two["User"],
        two["Entrypoint"],
        two["Cmd"],
        two["WorkingDir"],
    )


@pytest.mark.parametrize("image", [*OWN, *THIRD_PARTY], ids=lambda image: image.name)
def test_no_image_runs_as_root(image: Image) -> None:
    """Every image names a user by number that is not root's, so that the kubelet can tell."""
    user, _, group = image.user.partition(":")
    assert 0 < int(user)
    assert 0 < int(group)


@pytest.mark.parametrize("image", [*OWN, *THIRD_PARTY], ids=lambda image: image.name)
def test_an_image_is_made_of_known_layers(image: Image) -> None:
    """Every layer an image names can be made, and the lowest one is shared."""
    assert "base" == image.layers[0]
    assert all(layers.key(name) for name in image.layers)


def test_an_image_is_known_by_its_sources() -> None:
    """What an image is made of changes with the code's key only where the code is in it."""
    found = identities(tofu=True)
    assert {image.name for image in OWN} == found.keys()
    assert layers.key("code") in found["alertdrill/kube-api-exporter:dev"]
    assert layers.key("code") not in found["alertdrill/workload:dev"]
