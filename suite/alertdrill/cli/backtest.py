"""`alertdrill backtest`: what rules would have said in the past of a Prometheus that runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from alertdrill import durations
from alertdrill import rules as rule_files
from alertdrill.backtest import plan as plans
from alertdrill.backtest import text
from alertdrill.cli import past, reading
from alertdrill.errors import UsageError
from alertdrill.report.printable import printable


def _holds(_ctx: click.Context, _param: click.Parameter, value: str) -> tuple[str, ...]:
    holds = tuple(dict.fromkeys(one.strip() for one in value.split(",") if one.strip()))
    for hold in holds:
        try:
            durations.seconds(hold)
        except UsageError as error:
            raise click.BadParameter(str(error)) from error
    return holds


@click.command()
@click.argument("files", nargs=-1, required=True, type=reading.RULES, metavar="RULES...")
@past.options(required=True)
@click.option(
    "--for", "holds", default="", callback=_holds, metavar="1m,5m,15m", help="Also with each of these `for`."
)
@click.option(
    "--at-most", type=click.IntRange(min=0), help="Exit code 1 when an alert fired more often than this."
)
@click.option("--dry-run", is_flag=True, help="Tell what would be asked of the server, and ask no history.")
@reading.output_format
def backtest(files: Sequence[Path], output_format: str, *, dry_run: bool, **said: Any) -> None:
    """Tell when each alert would have fired in the past: how often, how long, for whom; the noisiest first.

    \b
    alertdrill backtest my-rules/ --prometheus http://localhost:9090 --since 7d
    alertdrill backtest my-rules/ --prometheus http://localhost:9090 --for 1m,5m,15m
    alertdrill backtest my-rules/ --prometheus http://localhost:9090 --dry-run

    A Prometheus of our own evaluates the rules over samples fetched from the server: recording rules first,
    from raw samples. Of the server nothing but samples is asked, few at a time; what came is kept, and a run
    that was stopped goes on. The plan with its cost is told first.

    It proves itself: the rules that were deployed are backtested, too, and held against the ALERTS that they
    left in the history; an alert that agrees in less than 99 % of evaluations is unknown. So is one that
    reads a metric of which there is no data.

    Exit codes: 0 each alert is known, 1 one fired more often than --at-most, 2 usage or bad rules, 3 an alert
    is unknown, or the server could not be asked. docs/backtest.md has more.
    """  # noqa: D301  # \b is click's mark for "leave these lines as they are"
    rules = rule_files.load(list(files))
    reading.remark(rules.remarks)
    if not rules.alerts:
        raise UsageError("there are no alerts in these rules, so there is nothing to backtest")
    run = past.of(rules, said)
    with run.reached() as server:
        cost = run.prepare(server)
        for line in plans.told(cost):
            click.echo(printable(line), err=not dry_run)
        if dry_run:
            return
        run.check(cost)
        result = run.run(server, cost)
    if output_format == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(result), indent=2))
    else:
        click.echo(printable(text.render(result)), nl=False)
    click.get_current_context().exit(result.verdict.exit_code)
