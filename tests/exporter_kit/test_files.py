"""What is written where: files by another that takes their place, all else straight."""

import errno
import os
import threading
from pathlib import Path

import pytest

from exporter_kit.files import write_whole


def test_a_file_is_replaced(tmp_path: Path) -> None:
    """Who has the old one open reads on in that."""
    file = tmp_path / "file"
    write_whole(file, b"old")
    with file.open("rb") as old:
        write_whole(file, b"new")
        assert (b"old", b"new", [file]) == (old.read(), file.read_bytes(), [*tmp_path.iterdir()])


def test_a_link_stays_and_its_target_is_written(tmp_path: Path) -> None:
    """Links of links too, and one to what is not there yet."""
    (tmp_path / "far").mkdir()
    target, inner, link = tmp_path / "far/target", tmp_path / "far/inner", tmp_path / "link"
    inner.symlink_to("target")
    link.symlink_to("far/inner")
    for data in (b"first", b"second"):
        write_whole(link, data)
        assert (data, True, True) == (target.read_bytes(), link.is_symlink(), inner.is_symlink())
    assert not target.is_symlink()


def test_a_circle_of_links_is_an_error(tmp_path: Path) -> None:
    """There is nothing to write to, and no end to following it."""
    link = tmp_path / "link"
    link.symlink_to("link")
    with pytest.raises(OSError, match="link") as error:
        write_whole(link, b"")
    assert errno.ELOOP == error.value.errno


def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    """Who reads at its other end gets everything, and the pipe is still there."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, b"all of it")
    reader.join()
    assert ([b"all of it"], True) == (found, pipe.is_fifo())


def test_a_device_is_written_into(tmp_path: Path) -> None:
    """Through a link as well, for one can't make a device without being root."""
    link = tmp_path / "null"
    link.symlink_to("/dev/null")
    write_whole(link, b"gone")
    assert (True, True) == (link.is_symlink(), Path("/dev/null").is_char_device())


def test_a_full_device_is_an_error(tmp_path: Path) -> None:
    """What could not be written is told."""
    link = tmp_path / "full"
    link.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device"):
        write_whole(link, b"too much")


def test_standard_output_goes_on_in_the_file_it_is(capfd: pytest.CaptureFixture[str]) -> None:
    """What was printed before stays, and what is printed later follows."""
    os.write(1, b"before, ")
    write_whole(Path("/dev/stdout"), b"it, ")
    os.write(1, b"after")
    assert "before, it, after" == capfd.readouterr().out
