"""The page on mutation is followed: its files are written, its commands run, and its output is held."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from alertdrill import data

from ..pages import commands, files, run, write

MUTATE = data.CHECKOUT / "docs" / "mutate.md"
PICTURE = re.compile(r"(?<=<!-- output -->\n```text\n).*?(?=\n```)", re.DOTALL)


def test_the_page_on_mutation_shows_what_comes_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update_goldens: Callable[[Path, str], None]
) -> None:
    """The survivor is as shown, and once it is explained nothing is wrong any more."""
    monkeypatch.chdir(tmp_path)
    *before, (last, explanation) = files(MUTATE).items()
    for name, text in before:
        write(tmp_path, name, text)
    first, *later = commands(MUTATE)
    shown = run(first).stdout.strip("\n")
    update_goldens(MUTATE, PICTURE.sub(lambda _: shown, MUTATE.read_text()))
    assert [shown] == [text.strip("\n") for text in PICTURE.findall(MUTATE.read_text())]
    write(tmp_path, last, explanation)
    assert [0, 0] == [run(words).exit_code for words in later]
    write(tmp_path, last, explanation.replace("nothing", "something"))
    assert 1 == run(first).exit_code
