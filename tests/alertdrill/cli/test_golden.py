"""Command lines as people type them, each in one file with all that goes in and all that comes out.

`NNNN_topic.txt` is a sentence, then parts that begin with `-- name --`: `$` is the command line, `exit`,
`stdout` and `stderr` what it must lead to, and every other part a file that is there before. What differs
from machine to machine reads as `<name>`. `pytest --update-goldens` writes what came out.
"""

import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from alertdrill import data
from alertdrill.machine import tools

from ..warm import Warm

FILES = sorted(Path(__file__).parent.glob("[0-9]*_*.txt"))
PART = re.compile(r"^-- (.+) --$", re.MULTILINE)
OUT = ("exit", "stdout", "stderr")
ENTRY = "alertdrill.entry:main"
VARYING = (
    (re.compile(r"/\S+\.trace\.txt"), "<trace>"),
    (re.compile(r"^ +\d+\.\d+s ", re.MULTILINE), "<time> "),
)


def parts(text: str) -> dict[str, str]:
    """Return the parts of a golden file by name; "" is the sentence."""
    _, *found = PART.split(f"-- --\n{text}") if text.startswith("--") else ("", *PART.split(text))
    if len(found) % 2:
        found = ["", *found]
    return {name: said.removeprefix("\n") for name, said in zip(found[::2], found[1::2], strict=True)}


def came_out(given: dict[str, str], folder: Path, warmed: Warm) -> dict[str, str]:
    """Run the command line among its files, and return what came out."""
    for name, text in given.items():
        if name and name != "$" and name not in OUT:
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    program, *words = shlex.split(given["$"])
    assert "alertdrill" == program
    environment = {**os.environ, "ALERTDRILL_CACHE": str(folder / ".cache"), "COLUMNS": "110"}
    environment.pop("ALERTDRILL_DEBUG", None)
    environment["PATH"] = os.pathsep.join([str(tools.promtool().parent), environment["PATH"]])  # fetched once
    done = warmed.run(ENTRY, words, folder=folder, environment=environment)
    return {
        "exit": f"{done.returncode}\n",
        "stdout": plain(done.stdout, folder),
        "stderr": plain(done.stderr, folder),
    }


def plain(said: str, folder: Path) -> str:
    """Return what was said, as it reads on every machine."""
    said = said.replace(str(folder), "<here>").replace(str(data.CHECKOUT), "<checkout>")
    for pattern, name in VARYING:
        said = pattern.sub(name, said)
    return said


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_command_line_says_what_its_file_says(
    file: Path, tmp_path: Path, warmed: Warm, update_goldens: Callable[[Path, str], None]
) -> None:
    """Exit code and both streams are, to the letter, as written down."""
    given = parts(file.read_text())
    out = came_out(given, tmp_path, warmed)
    after = {**{name: text for name, text in given.items() if name not in OUT}, **out}
    order = ["$", *OUT, *(name for name in after if name and name != "$" and name not in OUT)]
    update_goldens(file, after[""] + "".join(f"-- {name} --\n{after[name]}" for name in order))
    expected = parts(file.read_text())
    assert {name: expected[name].strip("\n") for name in OUT} == {
        n: said.strip("\n") for n, said in out.items()
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_file_begins_with_a_sentence(file: Path) -> None:
    """Who reads only the first line of each knows what is promised."""
    assert re.match(r"[A-Z`].*\.\n", file.read_text())
