"""What the documents show is true."""

import re
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from alertdrill import data, incident, judge
from alertdrill.cli.main import cli
from alertdrill.report import text

README = data.CHECKOUT / "README.md"
INCIDENTS = data.CHECKOUT / "fixtures" / "incidents"
DOCUMENTS = [
    file
    for file in sorted(data.CHECKOUT.rglob("*.md"))
    if not any(
        part.startswith(".") or part in {"reports", "incidents"}
        for part in file.parts[len(data.CHECKOUT.parts) :]
    )
]
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)")
COMMAND = re.compile(r"^\s*(?:\$ )?alertdrill (\w+)(.*)$", re.MULTILINE)
FLAG = re.compile(r"(--[a-z][a-z-]+)")


PICTURE = re.compile(r"(?<=<!-- report -->\n```text\n).*?(?=\n```\n<!-- /report -->)", re.DOTALL)


SHOWN = ("deployments-refused-replicaset", "pods-crash-loop", "pods-one-restart")


def test_the_readme_shows_the_report_of_recordings_in_the_repository(
    update_goldens: Callable[[Path, str], None],
) -> None:
    """The picture of a report is what `alertdrill judge` prints of three of them."""
    recordings = [INCIDENTS / name for name in SHOWN]
    printed = text.render([judge.judge(incident.read(path)) for path in recordings])
    update_goldens(README, PICTURE.sub(lambda _: printed, README.read_text()))
    assert [printed] == PICTURE.findall(README.read_text())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: str(file.relative_to(data.CHECKOUT)))
def test_a_link_leads_somewhere(document: Path) -> None:
    """Every relative link of a document names a file or folder that is there."""
    dead = [link for link in LINK.findall(document.read_text()) if not (document.parent / link).exists()]
    assert [] == dead


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: str(file.relative_to(data.CHECKOUT)))
def test_a_command_that_is_shown_exists_with_its_flags(document: Path) -> None:
    """Every `alertdrill …` line of a document names a command, and flags that it has."""
    unknown = []
    for name, rest in COMMAND.findall(document.read_text()):
        command = cli.get_command(click.Context(cli), name)
        if command is None:
            unknown.append(name)
            continue
        known = {
            flag
            for parameter in command.params
            if isinstance(parameter, click.Option)
            for flag in parameter.opts
        }
        unknown += [f"{name} {flag}" for flag in FLAG.findall(rest) if flag not in known]
    assert [] == unknown


def test_every_session_the_readme_names_exists() -> None:
    """`nox -s NAME` in the README is a session of the noxfile."""
    named = set(re.findall(r"nox -s (\w+)", README.read_text()))
    noxfile = (data.CHECKOUT / "noxfile.py").read_text()
    assert [] == [name for name in sorted(named) if f"\ndef {name}(session" not in noxfile]
