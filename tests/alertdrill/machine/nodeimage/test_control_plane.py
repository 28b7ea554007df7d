"""The control plane's images have the names that kubeadm asks for, and hold what each of them starts."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from alertdrill.machine.nodeimage import control_plane, program
from alertdrill.machine.tools import debian

KUBEADM = """#!/bin/sh
for name in kube-apiserver:v1.34.2 kube-proxy:v1.34.2 coredns/coredns:v1.12.1 pause:3.10.1; do
  echo "registry.k8s.io/$name"
done
"""


@pytest.fixture
def members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Return what is in the archive of images made of small programs, a scripted kubeadm among them."""
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path / "cache"))
    programs, root = tmp_path / "programs", tmp_path / "debian"
    programs.mkdir()
    for name in ("node", "pause"):
        (programs / name).write_text(f"the program {name}")
    (programs / "kubeadm").write_text(KUBEADM)
    (programs / "kubeadm").chmod(0o755)
    (root / "usr" / "sbin").mkdir(parents=True)
    (root / "usr" / "sbin" / "xtables-nft-multi").write_text("x")
    (root / "usr" / "sbin" / "iptables").symlink_to("/etc/alternatives/iptables")
    (root / "lib" / "here").mkdir(parents=True)
    (root / "lib" / "here" / "libc.so.6").write_text("c")
    monkeypatch.setattr(debian, "fetch", lambda _packages, suite: root if suite == debian.NODE else tmp_path)
    built = control_plane.built(programs)
    with tarfile.open(built / "layer.tar") as layer:
        assert {"usr/bin/node", "usr/bin/kubelet", "usr/bin/kubeadm", "usr/bin/kubectl"} <= set(
            layer.getnames()
        )
        images = layer.extractfile("kind/images/control-plane.tar")
        assert images
        return contents(images.read())


def contents(tar: bytes) -> dict[str, bytes]:
    """Return a tar's files by name, and its links by name and target."""
    with tarfile.open(fileobj=io.BytesIO(tar)) as read:
        files = {info.name: file.read() for info in read if info.isreg() and (file := read.extractfile(info))}
        return files | {info.name: info.linkname.encode() for info in read if info.issym()}


def image(members: dict[str, bytes], name: str) -> tuple[dict[str, object], dict[str, bytes]]:
    """Return an image's configuration and all of its files."""
    (entry,) = (one for one in json.loads(members["manifest.json"]) if one["RepoTags"] == [name])
    files = {name: data for layer in entry["Layers"] for name, data in contents(members[layer]).items()}
    return json.loads(members[entry["Config"]])["config"], files


def test_an_image_starts_its_own_program(members: dict[str, bytes]) -> None:
    """Each is the one program under its own name."""
    for name, short in (("kube-apiserver:v1.34.2", "kube-apiserver"), ("coredns/coredns:v1.12.1", "coredns")):
        config, files = image(members, f"registry.k8s.io/{name}")
        assert [f"/usr/local/bin/{short}"] == config["Entrypoint"]
        assert b"node" == files[f"usr/local/bin/{short}"]
        assert b"the program node" == files["usr/local/bin/node"]
        assert {f"usr/local/bin/{one}" for one in program.NAMES} <= files.keys()


def test_pause_is_small_and_nobody(members: dict[str, bytes]) -> None:
    """The container that holds a pod open has one program in it, and no rights."""
    config, files = image(members, "registry.k8s.io/pause:3.10.1")
    assert {"usr/local/bin/pause": b"the program pause"} == files
    assert "65535:65535" == config["User"]


def test_kube_proxy_brings_its_iptables(members: dict[str, bytes]) -> None:
    """What a package's scripts would have linked is linked, and all of it lies below /usr."""
    _, files = image(members, "registry.k8s.io/kube-proxy:v1.34.2")
    assert b"xtables-nft-multi" == files["usr/sbin/iptables"]
    assert b"c" == files["usr/lib/here/libc.so.6"]
    assert b"usr/lib" == files["lib"]
