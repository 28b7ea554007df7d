"""The cache: whole entries or none."""

import errno
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertdrill.errors import LabError
from alertdrill.machine import cache


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a cache folder of its own."""
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def make(folder: Path) -> None:
    """Fill an entry."""
    (folder / "sub").mkdir()
    (folder / "sub" / "file").write_text("made")


def never(folder: Path) -> None:
    """Fail the test: this entry is there already."""
    pytest.fail(f"made again in {folder}")


def test_an_entry_is_made_once() -> None:
    """The second caller gets what the first one made."""
    first = cache.entry("stage", "key", make)
    assert (first, "made") == (cache.entry("stage", "key", never), (first / "sub" / "file").read_text())


@pytest.mark.parametrize("damage", ["change", "remove", "add", "no sums"])
def test_a_damaged_entry_is_made_again(damage: str) -> None:
    """A changed, missing or foreign file in an entry means that it is not used."""
    path = cache.entry("stage", "key", make)
    file = path / "sub" / "file"
    match damage:
        case "change":
            file.write_text("make")
        case "remove":
            file.unlink()
        case "add":
            (path / "other").touch()
        case "no sums":
            (path / cache.SUMS).unlink()
    assert "made" == (cache.entry("stage", "key", make) / "sub" / "file").read_text()


def test_a_broken_make_leaves_nothing(own_cache: Path) -> None:
    """Whatever the maker raises passes, and neither a half entry nor a scratch folder stays."""

    def broken(folder: Path) -> None:
        make(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.entry("stage", "key", broken)
    assert [] == list((own_cache / "stage").iterdir())


def test_a_full_disk_is_a_lab_error() -> None:
    """The sentence names the stage and the cache folder."""

    def full(folder: Path) -> None:
        raise OSError(28, "No space left on device", str(folder))

    with pytest.raises(LabError, match=r"making stage in the cache .*: No space left on device"):
        cache.entry("stage", "key", full)


def test_two_runs_make_one_entry() -> None:
    """A second run waits for the first and uses its work."""
    made: list[int] = []
    started = threading.Event()

    def slow(folder: Path) -> None:
        made.append(1)
        started.set()
        make(folder)

    threads = [threading.Thread(target=cache.entry, args=("stage", "key", slow)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [1] == made


def test_what_is_there_waits_for_nobody() -> None:
    """A whole entry is found while another run has its lock, and one that is missing or damaged is not."""
    path = cache.entry("stage", "key", make)
    with cache.locked("stage-key"):
        assert (path, path) == (cache.entry("stage", "key", never), cache.kept("stage", "key"))
    assert cache.kept("stage", "other") is None
    (path / "sub" / "file").unlink()
    assert cache.kept("stage", "key") is None


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_digests_tell_parts_apart(one: list[str], other: list[str]) -> None:
    """Two lists of parts have one digest only if they are the same list, joints included."""
    assert (one == other) == (cache.digest(*one) == cache.digest(*other))


def test_a_folder_counts_by_names_bytes_and_mode(tmp_path: Path) -> None:
    """A rename, a changed byte and an executable bit each change the digest; a bytecode cache does not."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").write_text("1")
    digests = [cache.digest(folder)]
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "x.pyc").touch()
    assert digests == [cache.digest(folder)]
    (folder / "a").chmod(0o755)
    digests.append(cache.digest(folder))
    (folder / "a").write_text("2")
    digests.append(cache.digest(folder))
    (folder / "a").rename(folder / "b")
    digests.append(cache.digest(folder))
    assert 4 == len(set(digests))


def test_a_file_counts_by_its_bytes(tmp_path: Path) -> None:
    """A file, its bytes and its text have one digest."""
    (tmp_path / "file").write_text("é")
    assert 1 == len({cache.digest(part) for part in (tmp_path / "file", "é".encode(), "é")})


def test_a_file_is_written_whole_with_its_mode(tmp_path: Path) -> None:
    """The file is there with all its bytes and the mode asked for, and no scratch file is left."""
    cache.write_whole(tmp_path / "new" / "file", "secret", mode=0o600)
    file = tmp_path / "new" / "file"
    assert ("secret", 0o600) == (file.read_text(), stat.S_IMODE(file.stat().st_mode))
    assert [file] == list(file.parent.iterdir())


def test_a_file_that_can_not_be_written_leaves_the_one_before(tmp_path: Path) -> None:
    """When the replacement fails, what was there stays and nothing else appears."""
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "inside").touch()
    with pytest.raises(OSError, match=r"taken"):
        cache.write_whole(tmp_path / "taken", "text")
    assert [tmp_path / "cache", tmp_path / "taken"] == sorted({tmp_path / "cache", *tmp_path.iterdir()})


def test_a_link_stays_one_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    """Who wants the file somewhere else gets it there."""
    (tmp_path / "link").symlink_to(tmp_path / "target")
    cache.write_whole(tmp_path / "link", "new")
    assert (True, "new") == ((tmp_path / "link").is_symlink(), (tmp_path / "target").read_text())


def test_what_is_no_file_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    """A device or a pipe must be there afterwards, too."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_bytes()))
    reader.start()
    cache.write_whole(fifo, "told")
    reader.join()
    assert ([b"told"], True) == (read, fifo.is_fifo())


def test_a_disk_that_is_full_says_for_which_file(tmp_path: Path) -> None:
    """By itself it says only that it is full."""

    def pieces() -> Iterator[bytes]:
        yield b"one"
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space left") as caught:
        cache.write_pieces(tmp_path / "file", pieces())
    assert (str(tmp_path / "file"), []) == (caught.value.filename, [*tmp_path.iterdir()])


def test_a_disk_in_memory_is_one_although_it_is_among_the_devices(tmp_path: Path) -> None:
    """Only what leads to a stream that is open here is written to as it is."""
    found = [cache._is_no_file(Path(name)) for name in ("/dev/shm/new", "/dev/stdout", "/dev/null")]  # noqa: SLF001
    assert ([False, True, True], False) == (found, cache._is_no_file(tmp_path / "new"))  # noqa: SLF001


def test_a_file_below_what_is_no_folder_is_said_to_be_so(tmp_path: Path) -> None:
    """That the parent exists is true, and no help."""
    (tmp_path / "file").write_text("kept")
    with pytest.raises(OSError, match="Not a directory") as caught:
        cache.write_whole(tmp_path / "file" / "report.txt", "words")
    assert (str(tmp_path / "file"), "kept") == (caught.value.filename, (tmp_path / "file").read_text())


@pytest.mark.parametrize(
    ("place", "why"),
    [("file", "File exists"), ("file/below", "Not a directory"), ("damaged", "File exists")],
)
def test_a_cache_that_can_not_be_written_to_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, why: str
) -> None:
    """It is told which folder that is, and how another one is named."""
    (tmp_path / "file").touch()
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "locks").touch()
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path / place))
    said = rf"writing to the cache {tmp_path / place}: {why}; have ALERTDRILL_CACHE name a folder"
    with pytest.raises(LabError, match=said):
        cache.entry("stage", "key", make)
