"""The `kube-api-exporter` command."""

from pathlib import Path
from typing import Any

import click

from exporter_kit.flags import Seconds
from kube_api_exporter.options import PRESETS
from kube_api_exporter.telling import WORDS_MAX
from kube_api_exporter.words import DEFAULT_KINDS


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
@click.option("--audit-interval", type=Seconds(0), default=600.0, help="Seconds; 0 is never.")
@click.option("--silence", type=Seconds(1), default=120.0, help="Seconds after which a watch is dead.")
@click.option("--page", type=click.IntRange(1, 10_000), default=500, help="Objects per page of a list.")
@click.option("--watch-list/--no-watch-list", default=True, help="Stream the first objects where possible.")
@click.option("--compressed-lists/--plain-lists", default=False, help="Ask for gzip: for slow networks.")
@click.option("--print-rbac", is_flag=True, help="Print the role that these flags need, and end.")
@click.option("--log-format", type=click.Choice(["logfmt", "json"]), default="logfmt")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info")
def main(**given: Any) -> None:
    """Export every number, boolean and state of every object of the chosen kinds."""
    from kube_api_exporter.start import start  # noqa: PLC0415  # a start is mostly imports

    start(**given)
