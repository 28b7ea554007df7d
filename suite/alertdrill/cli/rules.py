"""`alertdrill rules` and `alertdrill compress`: what can be said of rule files without a cluster."""

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
@click.argument("files", nargs=-1, required=True, type=options.RULES, metavar="RULES...")
def rules(files: Sequence[Path]) -> None:
    """Check rules: as alertdrill reads them, by promtool, and by the promtool tests that are with them.

    \b
    RULES is   a rule file, a ruler's file, PrometheusRule objects, or a file of promtool tests;
               a folder: its *.yaml and *.yml that are one of these, and the tests in its folder tests/;
               - for the standard input, as in: kubectl kustomize . | alertdrill rules -

    Exit code 2 when something is wrong with a file, a test that fails among it; 3 when there was nothing to
    check: no rule and no test.
    """  # noqa: D301  # \b is click's mark for "leave these lines as they are"
    checked = promtool.check(list(files))
    options.remark(checked.remarks)
    click.echo(checked)
    if not (checked.rules or checked.tests):
        click.get_current_context().exit(Verdict.UNKNOWN.exit_code)


@click.command()
@click.argument("files", nargs=-1, required=True, type=options.RULES, metavar="RULES...")
@click.option("--speed", type=click.FloatRange(min=1), default=lab.SPEED, show_default=True)
def compress(files: Sequence[Path], speed: float) -> None:
    """Print the rules as a lab that is SPEED times as fast runs them; what can't be scaled goes to stderr.

    RULES is what `alertdrill rules` takes: files and folders of any form, or - for the standard input.

    Exit code 3 when a rule was left out.
    """
    stated = rule_files.load(list(files))
    options.remark(stated.remarks)
    scaled = compressing.compress(stated, speed)
    click.echo(scaled.rules.to_yaml(), nl=False)
    for refusal in scaled.refusals:
        click.echo(f"{refusal.file}:{refusal.line}: {refusal.alert}: {refusal.reason}", err=True)
    if scaled.refusals:
        click.get_current_context().exit(Verdict.UNKNOWN.exit_code)
