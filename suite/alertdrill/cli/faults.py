"""`alertdrill faults`: what can be broken on purpose."""

from pathlib import Path

import click

from alertdrill import reference
from alertdrill.cli import reading
from alertdrill.scenario import files as scenario_files


@click.command()
@click.option(
    "--scenarios", "folder", type=reading.FILE, help="A folder of scenario modules: list their faults, too."
)
def faults(folder: Path | None) -> None:
    """List the faults there are, with their arguments: the shipped ones and those of installed packages.

    docs/scenarios.md has all that a scenario takes.
    """
    click.echo(reference.listed_faults(scenario_files.load(folder) if folder else ()))
