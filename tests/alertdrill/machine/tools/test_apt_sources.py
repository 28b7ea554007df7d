"""The machine's own apt sources are understood in both of apt's formats."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertdrill.errors import LabError
from alertdrill.machine.tools import apt_sources
from alertdrill.machine.tools.apt_sources import Source

DEB822 = """\
# a comment
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
 contrib
Signed-By: /usr/share/keyrings/debian.gpg

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
Enabled: no
"""
ONE_LINE = """\
# deb http://old.example/debian bookworm main
deb [arch=amd64 signed-by=/keys/a.gpg] http://other.example/debian trixie main contrib # ours
deb-src http://other.example/debian trixie main
"""
WORD = st.from_regex(r"[a-z][a-z0-9/.]{0,9}", fullmatch=True)


def machine(folder: Path, *, release: str = "ID=debian\nVERSION_CODENAME=bookworm\n") -> tuple[Path, Path]:
    """Write a machine's apt folder and its os-release, and return both paths."""
    parts = folder / "sources.list.d"
    parts.mkdir()
    (parts / "debian.sources").write_text(DEB822)
    (parts / "other.list").write_text(ONE_LINE)
    (parts / "debian.sources.save").write_text(DEB822)
    os_release = folder / "os-release"
    os_release.write_text(release)
    return folder, os_release


def test_both_formats_are_read(tmp_path: Path) -> None:
    """Enabled binary sources of either format are found, and nothing else."""
    etc, _ = machine(tmp_path)
    assert [
        Source(
            uri="http://mirror.example/debian",
            suites=("bookworm", "bookworm-updates"),
            components=("main", "contrib"),
            options=("signed-by=/usr/share/keyrings/debian.gpg",),
        ),
        Source(
            uri="http://other.example/debian",
            suites=("trixie",),
            components=("main", "contrib"),
            options=("signed-by=/keys/a.gpg",),
        ),
    ] == apt_sources.read(etc)


def test_the_source_of_the_own_release_is_chosen(tmp_path: Path) -> None:
    """Which archive is Debian's is told by the release that this machine runs, whatever the order."""
    etc, os_release = machine(tmp_path, release='ID=debian\nVERSION_CODENAME="trixie"\n')
    assert "http://other.example/debian" == apt_sources.debian(etc, os_release).uri


def test_another_suite_of_the_same_mirror(tmp_path: Path) -> None:
    """Mirror, components and keyring stay; the suite is the one asked for."""
    source = apt_sources.debian(*machine(tmp_path))
    assert (
        "deb [signed-by=/usr/share/keyrings/debian.gpg] http://mirror.example/debian forky main contrib\n"
        == source.line("forky")
    )


def test_a_machine_without_its_own_archive_is_told(tmp_path: Path) -> None:
    """Where no source matches the release, the sentence says what was looked for."""
    etc, os_release = machine(tmp_path, release="ID=debian\nVERSION_CODENAME=sid\n")
    with pytest.raises(LabError, match=r"this machine's own release \(sid\), found none: add Debian's"):
        apt_sources.debian(etc, os_release)


def test_a_descendant_is_no_debian(tmp_path: Path) -> None:
    """A mirror of a descendant has none of Debian's suites."""
    _, os_release = machine(tmp_path, release="ID=ubuntu\nID_LIKE=debian\n")
    assert not apt_sources.is_debian(os_release)
    assert not apt_sources.is_debian(tmp_path / "missing")


@settings(deadline=None)
@given(WORD, WORD, st.lists(WORD, min_size=1, max_size=3))
def test_a_written_line_is_read_as_it_was(uri: str, suite: str, components: list[str]) -> None:
    """A source survives being written and read."""
    source = Source(uri=uri, suites=(suite,), components=tuple(components), options=("trusted=yes",))
    assert [source] == list(apt_sources._one_line(source.line(suite)))  # noqa: SLF001
