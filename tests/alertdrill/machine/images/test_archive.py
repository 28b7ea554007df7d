"""Image archives hold what was put in, each layer once, and the same bytes for the same content."""

import hashlib
import io
import json
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from alertdrill.machine.images import archive
from alertdrill.machine.images.archive import Layer, Saved, write

NAMES = st.text("abc", min_size=1, max_size=3)
FILES = st.dictionaries(
    st.lists(NAMES, min_size=1, max_size=3).map("/".join), st.binary(max_size=600), max_size=8
)


def without_clashes(files: dict[str, bytes]) -> dict[str, bytes]:
    """Drop files whose name is also another one's folder."""
    return {
        name: content for name, content in files.items() if not any(n.startswith(f"{name}/") for n in files)
    }


def layer(folder: Path, name: str, content: bytes) -> Layer:
    """Write a layer of one file."""
    archive.pack(folder / f"{name}.tar", {f"etc/{name}": content})
    return Layer.of(folder / f"{name}.tar")


def packed(*images: Saved) -> tuple[bytes, dict[str, bytes]]:
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
        Saved(("a:1", "b:1"), (one,), {"Entrypoint": ["/a"]}), Saved(("c:1",), (one, two), {"User": "1"})
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
    images = [Saved((f"image-{number}:1",), (shared,), {"Cmd": [str(number)]}) for number in range(9)]
    _, members = packed(*images)
    assert [f"{shared.digest}.tar"] == [name for name in members if name.endswith(".tar")]


def test_the_same_content_makes_the_same_bytes(tmp_path: Path) -> None:
    """Nothing of the day or the builder is in an archive, so it can be known by its digest."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, _ = packed(Saved(("a:1",), (layer(tmp_path / "a", "one", b"1"),)))
    second, _ = packed(Saved(("a:1",), (layer(tmp_path / "b", "one", b"1"),)))
    assert first == second


@given(FILES.map(without_clashes))
def test_files_come_back_and_order_does_not_matter(files: dict[str, bytes]) -> None:
    """What is packed is what is read, and the same members in another order make the same bytes."""
    with tempfile.TemporaryDirectory() as temporary:
        one, two = Path(temporary, "one.tar"), Path(temporary, "two.tar")
        archive.pack(one, files)
        archive.pack(two, dict(reversed(files.items())))
        assert one.read_bytes() == two.read_bytes()
        with tarfile.open(one) as tar:
            read = {}
            for member in tar:
                stream = tar.extractfile(member)
                if stream:
                    read[member.name] = stream.read()
    assert files == read


@given(FILES.map(without_clashes))
def test_nothing_of_this_machine_is_in_a_layer(files: dict[str, bytes]) -> None:
    """Owner, time and umask leave no trace, and every folder stands before what is in it."""
    with tempfile.TemporaryDirectory() as temporary:
        archive.pack(Path(temporary, "one.tar"), files)
        with tarfile.open(Path(temporary, "one.tar")) as tar:
            members = tar.getmembers()
    assert all((0, 0, 0, "", "") == (m.uid, m.gid, m.mtime, m.uname, m.gname) for m in members)
    seen = {"."}
    for member in members:
        assert str(PurePosixPath(member.name).parent) in seen
        seen.add(member.name)


def test_kinds_of_files_are_kept(tmp_path: Path) -> None:
    """Links stay links, one file under two names is stored once, and only what can be run is 0755."""
    (tmp_path / "in" / "open").mkdir(parents=True)
    (tmp_path / "in" / "open").chmod(0o1777)
    (tmp_path / "in" / "tool").write_bytes(b"x" * 9)
    (tmp_path / "in" / "tool").chmod(0o711)
    (tmp_path / "in" / "twin").hardlink_to(tmp_path / "in" / "tool")
    (tmp_path / "in" / "note").write_bytes(b"y")
    (tmp_path / "in" / "note").chmod(0o600)
    (tmp_path / "in" / "way").symlink_to("tool")
    members = archive.tree(tmp_path / "in", below="usr/", keep=lambda name: name != "dropped")
    stated: dict[str, archive.Source] = {
        "run": archive.Script(b"#!/x"),
        "empty/": b"",
        "tmp": archive.SharedFolder(),
        "bin": archive.Link("usr/bin"),
    }
    archive.pack(tmp_path / "out.tar", {**members, **stated})
    with tarfile.open(tmp_path / "out.tar") as tar:
        found = {m.name: (m.type, m.mode, m.linkname, m.size) for m in tar}
    assert {
        "bin": (tarfile.SYMTYPE, 0o777, "usr/bin", 0),
        "empty": (tarfile.DIRTYPE, 0o755, "", 0),
        "run": (tarfile.REGTYPE, 0o755, "", 4),
        "tmp": (tarfile.DIRTYPE, 0o1777, "", 0),
        "usr": (tarfile.DIRTYPE, 0o755, "", 0),
        "usr/note": (tarfile.REGTYPE, 0o644, "", 1),
        "usr/open": (tarfile.DIRTYPE, 0o1777, "", 0),
        "usr/tool": (tarfile.REGTYPE, 0o755, "", 9),
        "usr/twin": (tarfile.LNKTYPE, 0o755, "usr/tool", 0),
        "usr/way": (tarfile.SYMTYPE, 0o777, "tool", 0),
    } == found
