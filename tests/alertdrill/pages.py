"""Pages as people follow them: the files they have one write, and the commands they have one run."""

import re
import shlex
from pathlib import Path

from click.testing import CliRunner, Result

from alertdrill.cli.main import cli

FILE = re.compile(r"```yaml\n# (\S+)\n(.*?)```", re.DOTALL)
COMMANDS = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def files(page: Path) -> dict[str, str]:
    """Return the files that a page has one write, each with the comment that names it."""
    return {name: f"# {name}\n{text}" for name, text in FILE.findall(page.read_text())}


def commands(page: Path) -> list[list[str]]:
    """Return the words of each command of a page, after the program's name."""
    lines = [line for block in COMMANDS.findall(page.read_text()) for line in block.splitlines() if line]
    return [shlex.split(line)[1:] for line in lines]


def write(folder: Path, name: str, text: str) -> None:
    """Write a file of a page."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def run(words: list[str]) -> Result:
    """Run a command of alertdrill, here."""
    return CliRunner().invoke(cli, words, catch_exceptions=False)
