"""Options of the commands that ask a running server for its past, and what they come to."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from alertdrill import durations
from alertdrill import rules as rule_files
from alertdrill.backtest import access
from alertdrill.backtest.backtest import Asked, Backtest
from alertdrill.cli import reading
from alertdrill.clock import WallClock
from alertdrill.errors import UsageError
from alertdrill.progress import Progress
from alertdrill.rules import RuleSet

Command = TypeVar("Command", bound=Callable[..., Any])
SECRET = click.Path(exists=True, dir_okay=False, path_type=Path)


def _duration(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    try:
        if value and not durations.seconds(value):
            raise click.BadParameter(f"{value!r} is no time at all")
    except UsageError as error:
        raise click.BadParameter(str(error)) from error
    return value


OPTIONS = (
    click.option(
        "--since",
        default="7d",
        show_default=True,
        callback=_duration,
        help="How far back to begin, as a duration.",
    ),
    click.option("--until", default="", callback=_duration, help="How far back to end. [default: now]"),
    click.option(
        "--deployed",
        multiple=True,
        type=reading.RULES,
        help="The rules that were deployed then, to be held against the history's ALERTS; again for more."
        " [default: those that the server says it runs]",
    ),
    click.option(
        "--interval",
        default="",
        callback=_duration,
        help="Of groups that state none. [default: the server's]",
    ),
    click.option(
        "--absent",
        multiple=True,
        metavar="METRIC",
        help="There may be no data of this metric; again for more.",
    ),
    click.option("--tenant", default="", help="X-Scope-OrgID, as Mimir wants it."),
    click.option("--token-file", type=SECRET, help=f"A bearer token. [default: ${access.TOKEN}]"),
    click.option("--user", default="", help="For basic authentication."),
    click.option("--password-file", type=SECRET, help=f"Its password. [default: ${access.PASSWORD}]"),
    click.option("--ca", type=SECRET, help="The certificates by which the server is trusted."),
    click.option("--cert", type=SECRET, help="A client certificate."),
    click.option("--key", type=SECRET, help="Its key, where that is not in the same file."),
    click.option("--kubeconfig", type=SECRET, help="For kube://: the kubeconfig."),
    click.option("--context", default="", help="For kube://: the context, which must be named."),
    click.option(
        "--concurrency",
        type=click.IntRange(1, 16),
        default=2,
        show_default=True,
        help="Requests at a time.",
    ),
    click.option(
        "--samples-max",
        type=click.IntRange(min=1),
        default=500_000_000,
        show_default=True,
        help="To ask for.",
    ),
    click.option(
        "--mebibytes-max",
        type=click.IntRange(min=1),
        default=4096,
        show_default=True,
        help="To take from the server.",
    ),
)


def options(*, required: bool) -> Callable[[Command], Command]:
    """Return what gives a command the options that say which past it is about."""
    server = click.option(
        "--prometheus",
        "url",
        required=required,
        default=None if required else "",
        metavar="URL",
        help=("" if required else "Also hold both against the past of ")
        + "http(s)://HOST:PORT[/PATH] of a Prometheus, Mimir, Thanos or VictoriaMetrics; or, with"
        " --kubeconfig and --context, kube://NAMESPACE/service/NAME:PORT, to which a port is forwarded.",
    )

    def with_options(command: Command) -> Command:
        for option in reversed((server, *OPTIONS)):
            command = option(command)
        return command

    return with_options


def of(rules: RuleSet, said: dict[str, Any], *, old: RuleSet | None = None) -> Backtest:
    """Return the backtest that the options ask for."""
    deployed = rule_files.load(list(said["deployed"])) if said["deployed"] else None
    clock = WallClock()
    asked, way = _asked(clock.now(), said), _access(said)
    return Backtest(rules, asked, way, clock, deployed=deployed, old=old, tell=Progress().say)


def _asked(now: float, said: dict[str, Any]) -> Asked:
    end = now - (durations.seconds(said["until"]) if said["until"] else 0.0)
    start = now - durations.seconds(said["since"])
    if start >= end:
        raise UsageError(f"--since {said['since']} is not before --until {said['until']}")
    return Asked(
        start=start,
        end=end,
        interval=durations.seconds(said["interval"]) if said["interval"] else 0.0,
        holds=said.get("holds", ()),
        absent=frozenset(said["absent"]),
        at_most=said.get("at_most"),
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
