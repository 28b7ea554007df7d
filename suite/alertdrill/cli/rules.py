"""`alertdrill rules` and `alertdrill compress`: what can be said of rule files without a cluster."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from alertdrill import compress as compressing
from alertdrill import lab
from alertdrill import rules as rule_files
from alertdrill.cli import options
from alertdrill.model import Verdict
from alertdrill.prometheus import promtool


@click.command()
@click.argument("folder", type=options.FILE)
def rules(folder: Path) -> None:
    """Check a folder of rule files: as alertdrill reads them, by promtool, and by their promtool tests."""
    click.echo(promtool.check_folder(folder))


@click.command()
@click.argument("files", nargs=-1, required=True, type=options.FILE, metavar="RULES...")
@click.option("--speed", type=click.FloatRange(min=1), default=lab.SPEED, show_default=True)
def compress(files: Sequence[Path], speed: float) -> None:
    """Print the rules as a lab that is SPEED times as fast runs them; what can't be scaled goes to stderr.

    Exit code 3 when a rule was left out.
    """
    scaled = compressing.compress(rule_files.load(list(files)), speed)
    click.echo(scaled.rules.to_yaml(), nl=False)
    for refusal in scaled.refusals:
        click.echo(f"{refusal.file}:{refusal.line}: {refusal.alert}: {refusal.reason}", err=True)
    if scaled.refusals:
        sys.exit(Verdict.UNKNOWN.exit_code)
