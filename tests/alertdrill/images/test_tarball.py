"""Layers come out the same, byte by byte, whoever writes them."""

import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from alertdrill.images import tarball

NAMES = st.text("abc", min_size=1, max_size=3)
FILES = st.dictionaries(
    st.lists(NAMES, min_size=1, max_size=3).map("/".join), st.binary(max_size=600), max_size=8
)


def without_clashes(files: dict[str, bytes]) -> dict[str, bytes]:
    """Drop files whose name is also another one's folder."""
    return {
        name: content for name, content in files.items() if not any(n.startswith(f"{name}/") for n in files)
    }


@given(FILES.map(without_clashes))
def test_files_come_back_and_order_does_not_matter(files: dict[str, bytes]) -> None:
    """What is packed is what is read, and the same members in another order make the same bytes."""
    with tempfile.TemporaryDirectory() as temporary:
        one, two = Path(temporary, "one.tar"), Path(temporary, "two.tar")
        tarball.pack(one, files)
        tarball.pack(two, dict(reversed(files.items())))
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
        tarball.pack(Path(temporary, "one.tar"), files)
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
    members = tarball.tree(tmp_path / "in", below="usr/", keep=lambda name: name != "dropped")
    tarball.pack(tmp_path / "out.tar", {**members, "run": tarball.Script(b"#!/x"), "empty/": b""})
    with tarfile.open(tmp_path / "out.tar") as tar:
        found = {m.name: (m.type, m.mode, m.linkname, m.size) for m in tar}
    assert {
        "empty": (tarfile.DIRTYPE, 0o755, "", 0),
        "run": (tarfile.REGTYPE, 0o755, "", 4),
        "usr": (tarfile.DIRTYPE, 0o755, "", 0),
        "usr/note": (tarfile.REGTYPE, 0o644, "", 1),
        "usr/open": (tarfile.DIRTYPE, 0o1777, "", 0),
        "usr/tool": (tarfile.REGTYPE, 0o755, "", 9),
        "usr/twin": (tarfile.LNKTYPE, 0o755, "usr/tool", 0),
        "usr/way": (tarfile.SYMTYPE, 0o777, "tool", 0),
    } == found
