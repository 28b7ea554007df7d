"""`alertdrill backtest`: what rules would have said in the past of a Prometheus that runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from alertdrill import durations
from alertdrill import rules as rule_files
from alertdrill.backtest import access, text
from alertdrill.backtest import plan as plans
from alertdrill.backtest.backtest import Asked, Backtest
from alertdrill.cli import reading
from alertdrill.clock import WallClock
from alertdrill.errors import UsageError
from alertdrill.progress import Progress

SECRET = click.Path(exists=True, dir_okay=False, path_type=Path)


def _duration(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    try:
        if value and not durations.seconds(value):
            raise click.BadParameter(f"{value!r} is no time at all")
    except UsageError as error:
        raise click.BadParameter(str(error)) from error
    return value


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
@click.option(
    "--prometheus",
    "url",
    required=True,
    metavar="URL",
    help="http(s)://HOST:PORT[/PATH] of a Prometheus, Mimir, Thanos or VictoriaMetrics; or, with --kubeconfig"
    " and --context, kube://NAMESPACE/service/NAME:PORT, to which a port is forwarded.",
)
@click.option(
    "--since",
    default="7d",
    show_default=True,
    callback=_duration,
    help="How far back to begin, as a duration.",
)
@click.option("--until", default="", callback=_duration, help="How far back to end. [default: now]")
@click.option(
    "--for", "holds", default="", callback=_holds, metavar="1m,5m,15m", help="Also with each of these `for`."
)
@click.option(
    "--deployed",
    multiple=True,
    type=reading.RULES,
    help="The rules that were deployed then, to be held against the history's ALERTS; again for more."
    " [default: those that the server says it runs]",
)
@click.option(
    "--interval", default="", callback=_duration, help="Of groups that state none. [default: the server's]"
)
@click.option(
    "--absent", multiple=True, metavar="METRIC", help="There may be no data of this metric; again for more."
)
@click.option(
    "--at-most", type=click.IntRange(min=0), help="Exit code 1 when an alert fired more often than this."
)
@click.option("--dry-run", is_flag=True, help="Tell what would be asked of the server, and ask no history.")
@click.option("--tenant", default="", help="X-Scope-OrgID, as Mimir wants it.")
@click.option("--token-file", type=SECRET, help=f"A bearer token. [default: ${access.TOKEN}]")
@click.option("--user", default="", help="For basic authentication.")
@click.option("--password-file", type=SECRET, help=f"Its password. [default: ${access.PASSWORD}]")
@click.option("--ca", type=SECRET, help="The certificates by which the server is trusted.")
@click.option("--cert", type=SECRET, help="A client certificate.")
@click.option("--key", type=SECRET, help="Its key, where that is not in the same file.")
@click.option("--kubeconfig", type=SECRET, help="For kube://: the kubeconfig.")
@click.option("--context", default="", help="For kube://: the context, which must be named.")
@click.option(
    "--concurrency", type=click.IntRange(1, 16), default=2, show_default=True, help="Requests at a time."
)
@click.option(
    "--samples-max", type=click.IntRange(min=1), default=500_000_000, show_default=True, help="To ask for."
)
@click.option(
    "--mebibytes-max",
    type=click.IntRange(min=1),
    default=4096,
    show_default=True,
    help="To take from the server.",
)
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
    progress = Progress()
    deployed = rule_files.load(list(said["deployed"])) if said["deployed"] else None
    clock = WallClock()
    run = Backtest(
        rules, _asked(clock.now(), said), _access(said), clock, deployed=deployed, tell=progress.say
    )
    with run.reached() as server:
        cost = run.prepare(server)
        for line in plans.told(cost):
            click.echo(line, err=not dry_run)
        if dry_run:
            return
        run.check(cost)
        result = run.run(server, cost)
    if output_format == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(result), indent=2))
    else:
        click.echo(text.render(result), nl=False)
    click.get_current_context().exit(result.verdict.exit_code)


def _asked(now: float, said: dict[str, Any]) -> Asked:
    end = now - (durations.seconds(said["until"]) if said["until"] else 0.0)
    start = now - durations.seconds(said["since"])
    if start >= end:
        raise UsageError(f"--since {said['since']} is not before --until {said['until']}")
    return Asked(
        start=start,
        end=end,
        interval=durations.seconds(said["interval"]) if said["interval"] else 0.0,
        holds=said["holds"],
        absent=frozenset(said["absent"]),
        at_most=said["at_most"],
        concurrency=said["concurrency"],
        samples_max=said["samples_max"],
        bytes_max=said["mebibytes_max"] * 2**20,
    )


def _access(said: dict[str, Any]) -> access.Access:
    return access.stated(
        said["url"],
        tenant=said["tenant"],
        token_file=said["token_file"],
        user=said["user"],
        password_file=said["password_file"],
        ca=said["ca"],
        cert=said["cert"],
        key=said["key"],
        kubeconfig=said["kubeconfig"],
        context=said["context"],
    )
