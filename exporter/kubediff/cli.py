"""The command `kubediff`: exit code 0 same, 2 differs, 1 it could not be told."""

import gc
import sys
from pathlib import Path
from typing import Any

import click

from exporter_kit.api.errors import ApiError
from exporter_kit.errors import DaemonError

FILE = click.Path(path_type=Path)
BROKEN, INTERRUPTED = 1, 130
GARBAGE = 200_000


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-k",
    "--kubeconfig",
    type=FILE,
    envvar="KUBECONFIG",
    help="How to reach the API server. Without it: the pod's account.",
)
@click.option("-c", "--context", help="The kubeconfig's context, if not its current one.")
@click.option("--server", metavar="URL", help="The API server without a kubeconfig: https://HOST:PORT.")
@click.option("--token-file", type=FILE, help="Its bearer token.")
@click.option("--ca-file", type=FILE, help="Its certificate authority.")
@click.option("-n", "--namespace", default="default", show_default=True, help="Of manifests that name none.")
@click.option(
    "-f", "--filename", "files", multiple=True, metavar="PATH", help="As a PATH; - is standard input."
)
@click.option(
    "--render",
    "renders",
    multiple=True,
    metavar="COMMAND",
    help="A command that writes manifests: 'kustomize build x'.",
)
@click.option("--exclude", multiple=True, metavar="GLOB", help="Files of folders to leave out.")
@click.option(
    "--ignore",
    "ignored",
    multiple=True,
    metavar="[KIND[/NAMESPACE/NAME]:]PATH[@MANAGER]",
    help="Drift that is meant.",
)
@click.option(
    "--ignore-file",
    type=FILE,
    help="YAML list of rules: path, kind, namespace, name, manager, reason, until.",
)
@click.option(
    "--sensitive",
    multiple=True,
    metavar="[KIND[/NAMESPACE/NAME]:]PATH",
    help="Values to hide, beside those of Secrets.",
)
@click.option(
    "--field-manager", "applier", default="", help="Who applies what git says, where that is not plain."
)
@click.option(
    "--extra",
    is_flag=True,
    help="Tell also what is in the cluster and not in git, of the same kinds and namespaces.",
)
@click.option("--foreign", is_flag=True, help="Show the fields that others added.")
@click.option("--stat", is_flag=True, help="One line for each object.")
@click.option("-j", "--json", "as_json", is_flag=True, help="Write JSON in place of text.")
@click.option(
    "-o",
    "--output",
    "outputs_",
    multiple=True,
    metavar="FORMAT[=FILE]",
    help="text, stat, json, junit, sarif or html, on standard output or into a file.",
)
@click.option("--colour/--no-colour", default=None, help="Colour the text.  [default: on a terminal]")
@click.option("--textfile", type=FILE, envvar="PROM_RUN_TEXTFILE", help="Write metrics here.")
@click.option("-e", "--no-error-on-diff", is_flag=True, help="Exit with 0 when something differs.")
@click.option(
    "--exit-codes",
    type=click.Choice(["kubediff", "diff"]),
    default="kubediff",
    help="diff: 0 same, 1 differs, 3 could not tell.",
)
@click.option(
    "--cache", "cache_folder", type=FILE, help="Where to keep what was parsed.  [default: ~/.cache/kubediff]"
)
@click.option("--no-cache", is_flag=True, help="Parse everything anew.")
@click.option(
    "--watch", is_flag=True, help="Keep watching, and serve page and metrics; needs the right to watch."
)
@click.option(
    "--listen-address",
    default="127.0.0.1:8080",
    show_default=True,
    metavar="HOST:PORT",
    help="Where to serve.",
)
@click.option(
    "--web-config", "--web.config.file", "web_config", type=FILE, help="TLS and passwords: a web-config file."
)
@click.option("--page", type=click.IntRange(1, 10_000), default=500, help="Objects per page of a list.")
@click.argument("paths", nargs=-1)
def kubediff(**given: Any) -> int:
    """Compare the manifests in PATHS (files or folders) with the cluster, and tell what differs.

    Nothing is changed, and only the rights to get and list are needed.
    """
    from kubediff.start import start  # noqa: PLC0415  # a start is mostly imports

    return start(**given)


def main() -> None:
    """Run the command; every mistake is a sentence and a 1, as 2 means drift."""
    # What a run makes goes as soon as nobody holds it; looking for circles is a sixth of its time.
    gc.set_threshold(GARBAGE)
    try:
        sys.exit(kubediff.main(sys.argv[1:], "kubediff", standalone_mode=False) or 0)
    except click.ClickException as error:
        _end(error.format_message())
    except click.Abort:
        sys.exit(INTERRUPTED)
    except (DaemonError, ApiError) as error:
        _end(str(error))


def _end(sentence: str) -> None:
    from exporter_kit.masks import DEFAULT, Masks  # noqa: PLC0415

    sys.stderr.write(f"kubediff: {Masks.of(DEFAULT).hide(sentence)}\n")
    sys.exit(BROKEN)


if __name__ == "__main__":
    main()
