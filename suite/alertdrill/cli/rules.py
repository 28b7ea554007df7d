"""`alertdrill rules` and `alertdrill compress`: what can be said of rule files without a cluster."""

from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from alertdrill import compress as compressing
from alertdrill import lab
from alertdrill import rules as rule_files
from alertdrill.cli import reading
from alertdrill.model import Verdict
from alertdrill.progress import Progress
from alertdrill.prometheus import promtool
from alertdrill.report.printable import printable


@click.command()
@click.argument("files", nargs=-1, required=True, type=reading.RULES, metavar="RULES...")
def rules(files: Sequence[Path]) -> None:
    """Check rules: as alertdrill reads them, by promtool, and by the promtool tests that are with them.

    \b
    RULES is   a rule file, a ruler's file, PrometheusRule objects, or a file of promtool tests;
               a folder: its *.yaml and *.yml that are one of these, and the tests in its folder tests/;
               rules in folders within it are warned of and not read: name those folders, too;
               - for the standard input, as in: kubectl kustomize . | alertdrill rules -

    Exit code 2 when something is wrong with a file, a test that fails among it; 3 when there was nothing to
    check: no rule and no test.
    """  # noqa: D301  # \b is click's mark for "leave these lines as they are"
    with Progress().patience(f"checking the rules of {', '.join(map(str, files))}"):
        checked = promtool.check(list(files))
    reading.remark(checked.remarks)
    click.echo(checked)
    if not (checked.rules or checked.tests):
        click.get_current_context().exit(Verdict.UNKNOWN.exit_code)


@click.command()
@click.argument("files", nargs=-1, required=True, type=reading.RULES, metavar="RULES...")
@click.option("--speed", type=reading.Within(min=1), default=lab.SPEED, show_default=True)
@reading.output_format
def compress(files: Sequence[Path], speed: float, output_format: str) -> None:
    """Print the rules as a lab that is SPEED times as fast runs them.

    RULES is what `alertdrill rules` takes: files and folders of any form, or - for the standard input.

    To stderr goes what each metric was taken for, and why; then what can't be scaled. What a metric really is
    can be declared in a pace.yaml beside the rules (rules/README.md). Exit code 3 when a rule was left out.
    """
    stated = rule_files.load(list(files))
    reading.remark(stated.remarks)
    scaled = compressing.compress(stated, speed)
    if output_format == "json":
        click.echo(_as_json(scaled))
    else:
        click.echo(scaled.rules.to_yaml(), nl=False)
        for claim in scaled.claims:
            click.echo(printable(f"claim: {claim}"), err=True)
    for declaration in scaled.unused:
        click.echo(f"{declaration.place}: warning: {compressing.why_unused(declaration)}", err=True)
    for refusal in scaled.refusals:
        click.echo(printable(str(refusal)), err=True)
    if scaled.refusals:
        click.get_current_context().exit(Verdict.UNKNOWN.exit_code)


def _as_json(scaled: compressing.Compressed) -> str:
    """Return {"rules", "claims", "refusals", "unused"}; the rules as a rule file has them."""
    whole = {
        "rules": scaled.rules.document(),
        "claims": scaled.claims,
        "refusals": scaled.refusals,
        "unused": scaled.unused,
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=2).decode()
