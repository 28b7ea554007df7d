"""A document as the steps it asks for, in its order: files to write and commands to run.

A step is a fenced block below a comment: `<!-- file: PATH -->` is written there, `<!-- run: here -->` needs
no lab, `<!-- run: live -->` a lab, and `<!-- run: install -->` what packages are had from.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from alertdrill import data

PAGE = data.CHECKOUT / "docs" / "drill-your-own-rules.md"
STEP = re.compile(
    r"^<!-- (?P<kind>file|run): (?P<name>\S+) -->\n```\w+\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)

SECONDS_MAX = 2400.0  # for one step: the first lab of a machine takes long


@dataclass(frozen=True)
class Step:
    """A file with its path, or a command and what it needs."""

    kind: str
    name: str
    text: str


def steps(text: str) -> list[Step]:
    """Return the steps of a document."""
    return [Step(**one.groupdict()) for one in STEP.finditer(text)]


def follow(
    folder: Path,
    wanted: frozenset[str],
    *,
    page: Path = PAGE,
    words: Callable[[str], str] = str,
    more: Mapping[str, str] = {},
) -> str:
    """Take the steps in an empty folder, of the commands those `wanted`; return what they printed.

    A command that fails is an AssertionError with all it said. `words` may change what is typed.
    """
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment = {**ours, **more}
    programs = (folder / ".venv" / "bin", Path(sys.executable).parent, environment["PATH"])
    environment["PATH"] = os.pathsep.join(map(str, programs))
    printed = ""
    for step in steps(page.read_text()):
        if step.kind == "file":
            (folder / step.name).parent.mkdir(parents=True, exist_ok=True)
            (folder / step.name).write_text(step.text)
        elif step.name in wanted:
            done = _typed(words(step.text), folder, environment)
            if done.returncode and "UNKNOWN " in done.stdout:  # one more chance, and no other
                done = _typed(words(step.text), folder, environment)
            printed += done.stdout
            assert done.returncode == 0, f"{step.text}ended with {done.returncode}:\n{done.stdout}"
    return printed


def _typed(text: str, folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-ec", text],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )
