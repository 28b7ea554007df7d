"""The `kube-api-exporter` command."""

import sys
from pathlib import Path

import click

from exporter_kit import log, web
from exporter_kit.api import ApiClient
from exporter_kit.api_errors import CredentialsError
from exporter_kit.errors import DaemonError
from kube_api_exporter import app
from kube_api_exporter.kinds import DEFAULT_KINDS


@click.command(context_settings={"show_default": True, "help_option_names": ["-h", "--help"]})
@click.option(
    "--kubeconfig",
    type=click.Path(path_type=Path, dir_okay=False),
    help="How to reach the API server. Without it: the service account of the pod this runs in.",
)
@click.option("--context", help="The kubeconfig's context, if not its current one.")
@click.option("--listen-address", default="0.0.0.0:8080", metavar="HOST:PORT", help="Where to serve.")
@click.option("--kinds", default=",".join(DEFAULT_KINDS), help="Kinds to export, separated by commas.")
@click.option("--web-config", type=click.Path(path_type=Path), help="TLS and passwords: a web-config file.")
def main(
    kubeconfig: Path | None, context: str | None, listen_address: str, kinds: str, web_config: Path | None
) -> None:
    """Export every number and boolean of every object of the chosen kinds."""
    log.configure()
    words = tuple(word.strip() for word in kinds.split(",") if word.strip())
    try:
        client = ApiClient(kubeconfig, context, user_agent="kube-api-exporter")
        web.serve(app.create(client, words), listen_address=listen_address, web_config=web_config)
    except CredentialsError as error:
        click.echo(f"kube-api-exporter: {error}", err=True)
        sys.exit(2)
    except DaemonError as error:
        click.echo(f"kube-api-exporter: {error}", err=True)
        sys.exit(error.exit_code)
