"""What a lab runs, told to whoever has to give it to a cluster."""

import hashlib
import json
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from alertdrill.cli.images import images
from alertdrill.machine import images as machine_images
from alertdrill.machine.images import archive

OURS, THEIRS = "alertdrill/workload:dev", machine_images.THIRD_PARTY[0].name


@pytest.fixture
def packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pack one image of ours, as if the cluster could pull all others."""
    archive.pack(tmp_path / "layer.tar", {"etc/motd": b"hello"})
    file = tmp_path / "images.tar"
    with file.open("wb") as stream:
        archive.write(stream, [archive.Saved((OURS,), (archive.Layer.of(tmp_path / "layer.tar"),))])
    monkeypatch.setattr(machine_images, "packed", lambda *_, **_more: file)
    return file


def test_images_are_told_with_digest_and_how_to_push_them(packed: Path) -> None:
    """Each command can be copied: the archive is there, and the name is the one that `up` asks for."""
    with tarfile.open(packed) as tar:
        (config,) = [one.name for one in tar if one.name.endswith(".json") and one.name != "manifest.json"]
        content = tar.extractfile(config)
        assert content
        digest = hashlib.sha256(content.read()).hexdigest()
    said = CliRunner().invoke(images, []).output
    assert f"{OURS}  sha256:{digest}\n" in said
    assert f"{THEIRS}  pulled by the cluster\n" in said
    assert f"kind load image-archive {packed} --name CLUSTER" in said
    there = "registry.example.com/drill/workload:dev"
    assert f"docker tag {OURS} {there} && docker push {there}" in said
    assert "alertdrill up --cluster existing --registry registry.example.com/drill" in said


def test_images_are_told_to_programs(packed: Path) -> None:
    """The archive, the digests, and what is pulled, as data."""
    words = ["--format", "json", "--with", "kube-state-metrics"]
    said = json.loads(CliRunner().invoke(images, words).output)
    assert (str(packed), [OURS]) == (said["archive"], list(said["images"]))
    assert {THEIRS, machine_images.COMPONENTS["kube-state-metrics"].name} <= set(said["pulled"])


def test_an_archive_of_dockers_is_read_as_ours(tmp_path: Path) -> None:
    """Docker puts a configuration among its blobs; the digest is its name there, too."""
    (tmp_path / "manifest.json").write_text(
        json.dumps(
            [{"Config": "blobs/sha256/ab12", "RepoTags": [OURS]}, {"Config": "c.json", "RepoTags": None}]
        )
    )
    with tarfile.open(tmp_path / "saved.tar", "w") as tar:
        tar.add(tmp_path / "manifest.json", "manifest.json")
    assert {OURS: "sha256:ab12"} == archive.digests(tmp_path / "saved.tar")
