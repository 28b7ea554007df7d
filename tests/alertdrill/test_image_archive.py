"""Image archives hold what was put in, each layer once, and the same bytes for the same content."""

import hashlib
import io
import json
import tarfile
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from alertdrill.image_archive import Image, Layer, LayerWriter, write

NAMES = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3).map("/".join)


def layer(folder: Path, name: str, content: bytes) -> Layer:
    """Write a layer of one file."""
    with LayerWriter(folder / f"{name}.tar") as writer:
        writer.data(f"etc/{name}", content)
    return Layer.of(folder / f"{name}.tar")


def packed(*images: Image) -> tuple[bytes, dict[str, bytes]]:
    """Return an archive's bytes, and its members by name."""
    stream = io.BytesIO()
    write(stream, images)
    with tarfile.open(fileobj=io.BytesIO(stream.getvalue())) as tar:
        members = {info.name: file.read() for info in tar if (file := tar.extractfile(info))}
        assert len(members) == len(tar.getmembers())
    return stream.getvalue(), members


def test_every_image_finds_its_layers(tmp_path: Path) -> None:
    """The manifest leads to configurations, and those to layers, by digests that are true."""
    one, two = layer(tmp_path, "one", b"1"), layer(tmp_path, "two", b"2")
    _, members = packed(
        Image(("a:1", "b:1"), (one,), {"Entrypoint": ["/a"]}), Image(("c:1",), (one, two), {"User": "1"})
    )
    manifest = json.loads(members["manifest.json"])
    assert [["a:1", "b:1"], ["c:1"]] == [entry["RepoTags"] for entry in manifest]
    for entry in manifest:
        raw = members[entry["Config"]]
        assert f"{hashlib.sha256(raw).hexdigest()}.json" == entry["Config"]
        layers = [f"sha256:{hashlib.sha256(members[name]).hexdigest()}" for name in entry["Layers"]]
        assert layers == json.loads(raw)["rootfs"]["diff_ids"]
    assert {"Entrypoint": ["/a"]} == json.loads(members[manifest[0]["Config"]])["config"]


def test_a_shared_layer_is_in_the_archive_once(tmp_path: Path) -> None:
    """Nine images of one program cost one program."""
    shared = layer(tmp_path, "shared", b"x" * 1000)
    images = [Image((f"image-{number}:1",), (shared,), {"Cmd": [str(number)]}) for number in range(9)]
    _, members = packed(*images)
    assert [f"{shared.digest}.tar"] == [name for name in members if name.endswith(".tar")]


def test_the_same_content_makes_the_same_bytes(tmp_path: Path) -> None:
    """Nothing of the day or the builder is in an archive, so it can be known by its digest."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, _ = packed(Image(("a:1",), (layer(tmp_path / "a", "one", b"1"),)))
    second, _ = packed(Image(("a:1",), (layer(tmp_path / "b", "one", b"1"),)))
    assert first == second


@settings(deadline=None)
@given(st.dictionaries(NAMES, st.binary(max_size=20), max_size=6))
def test_a_tree_comes_back(files: dict[str, bytes]) -> None:
    """Files, their folders, what may be executed and links are as they were; what is left out is not."""
    files = {name: data for name, data in files.items() if not any(n.startswith(f"{name}/") for n in files)}
    with tempfile.TemporaryDirectory() as temporary:
        root, tar = Path(temporary, "root"), Path(temporary, "layer.tar")
        root.mkdir()
        for name, data in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(data)
            (root / name).chmod(0o755 if data else 0o644)
        (root / "link").symlink_to("a")
        (root / "left").write_text("out")
        with LayerWriter(tar) as writer:
            writer.tree(root, "usr", leave=("left",))
        with tarfile.open(tar) as read:
            infos = {info.name: info for info in read}
            contents = {
                n: f.read() for n, info in infos.items() if info.isreg() and (f := read.extractfile(n))
            }
    assert {f"usr/{name}": data for name, data in files.items()} == contents
    assert {name: bool(data) for name, data in contents.items()} == {
        name: info.mode == 0o755 for name, info in infos.items() if info.isreg()
    }
    assert "a" == infos["usr/link"].linkname
    assert all(str(Path(name).parent) in infos for name in infos if "/" in name)
