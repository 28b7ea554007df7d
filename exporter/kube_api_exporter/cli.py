"""The `kube-api-exporter` command."""

import sys
from pathlib import Path
from typing import Any

import click

from exporter_kit import log
from exporter_kit.api.errors import ApiError, CredentialsError
from exporter_kit.api.place import Place
from exporter_kit.errors import DaemonError
from kube_api_exporter import memory
from kube_api_exporter.kinds import DEFAULT_KINDS
from kube_api_exporter.options import PRESETS, Options, parse_shard
from kube_api_exporter.places import WORDS_MAX

# The API server takes JSON 10,000 levels deep; we must be able to skip what it takes.
RECURSION_MAX = 15_000


@click.command(context_settings={"show_default": True, "help_option_names": ["-h", "--help"]})
@click.option(
    "--kubeconfig",
    type=click.Path(path_type=Path, dir_okay=False),
    help="How to reach the API server; several files have : between them. Without it: the pod's account.",
)
@click.option("--context", help="The kubeconfig's context, if not its current one.")
@click.option("--server", metavar="URL", help="The API server without a kubeconfig: https://HOST:PORT.")
@click.option(
    "--token-file", type=click.Path(path_type=Path, dir_okay=False), help="Its bearer token, re-read."
)
@click.option("--ca-file", type=click.Path(path_type=Path, dir_okay=False), help="Its certificate authority.")
@click.option("--listen-address", default="0.0.0.0:8080", metavar="HOST:PORT", help="Where to serve.")
@click.option(
    "--web-config",
    "--web.config.file",
    "web_config",
    type=click.Path(path_type=Path),
    help="TLS and passwords: a web-config file.",
)
@click.option(
    "--kinds",
    default=",".join(DEFAULT_KINDS),
    help="Kinds to export: pods,deployments.apps,widgets.example.com, or all (Secrets and Events never are).",
)
@click.option("--namespaces", default="", help="Only these namespaces, separated by commas.")
@click.option("--selector", multiple=True, metavar="[KIND:]SELECTOR", help="Only objects with these labels.")
@click.option("--allow", multiple=True, metavar="[KIND:]PATH", help="Only these field paths; * is anything.")
@click.option("--deny", multiple=True, metavar="[KIND:]PATH", help="Not these field paths.")
@click.option(
    "--tell", multiple=True, metavar="[KIND:]PATH", help="Also these states, which are else left out."
)
@click.option("--preset", type=click.Choice(list(PRESETS)), default="all", help="A list of paths to allow.")
@click.option("--series-budget", type=click.IntRange(0), default=0, help="Series per kind; 0 is no limit.")
@click.option(
    "--word-budget",
    type=click.IntRange(1),
    default=WORDS_MAX,
    help="Different words per family; more are 'other'.",
)
@click.option("--shard", default="0/1", metavar="I/N", help="Only every N-th object, by UID.")
@click.option("--node", help="Only pods on this node.")
@click.option("--audit-interval", type=click.FloatRange(0), default=600.0, help="Seconds; 0 is never.")
@click.option(
    "--silence", type=click.FloatRange(1), default=120.0, help="Seconds after which a watch is dead."
)
@click.option("--page", type=click.IntRange(1, 10_000), default=500, help="Objects per page of a list.")
@click.option("--watch-list/--no-watch-list", default=True, help="Stream the first objects where possible.")
@click.option("--compressed-lists/--plain-lists", default=False, help="Ask for gzip: for slow networks.")
@click.option("--print-rbac", is_flag=True, help="Print the role that these flags need, and end.")
@click.option("--log-format", type=click.Choice(log.FORMATS), default="logfmt")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info")
def main(
    *,
    kubeconfig: Path | None,
    context: str | None,
    server: str | None,
    token_file: Path | None,
    ca_file: Path | None,
    listen_address: str,
    web_config: Path | None,
    log_format: log.Format,
    log_level: str,
    print_rbac: bool,
    **given: Any,
) -> None:
    """Export every number, boolean and state of every object of the chosen kinds."""
    log.configure(log_format, level=log_level)
    memory.prepare()
    sys.setrecursionlimit(RECURSION_MAX)
    try:
        options = _options(**given)
        place = Place(kubeconfig, context, server, token_file, ca_file)
        # What either needs is loaded when it is known which: a start is mostly imports.
        if print_rbac:
            from kube_api_exporter import rbac  # noqa: PLC0415

            click.echo(rbac.role(place, options), nl=False)
        else:
            from kube_api_exporter import daemon  # noqa: PLC0415

            daemon.run(place, options, listen_address=listen_address, web_config=web_config)
    except CredentialsError as error:
        _end(error, 2)
    except DaemonError as error:
        _end(error, error.exit_code)
    except ApiError as error:  # only where a command ends on it: the daemon itself never gives up
        _end(error, 1)


def _options(*, kinds: str, namespaces: str, selector: tuple[str, ...], shard: str, **rest: Any) -> Options:
    """Read the flags that hold more than one value."""
    return Options(
        kinds=_words(kinds),
        namespaces=_words(namespaces),
        selectors=selector,
        shard=parse_shard(shard),
        **rest,
    )


def _words(given: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in given.split(",") if word.strip()))


def _end(error: Exception, code: int) -> None:
    click.echo(f"kube-api-exporter: {error}", err=True)
    sys.exit(code)
