"""The command as a whole: its commands, and how it ends."""

import signal
import sys
from typing import NoReturn

import click

from alertdrill.cli import lab, play, rules
from alertdrill.errors import AlertdrillError
from alertdrill.model import Verdict

INTERRUPTED = 130


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 pass, 1 fail, 2 usage or bad input, 3 unknown (the lab was not fit to judge in).",
)
@click.version_option(package_name="alertdrill")
def cli() -> None:
    """Fire drills for Prometheus alerts on Kubernetes.

    \b
    alertdrill up                    a cluster with the monitoring stack, kept until `down`
    alertdrill play 'pods/*'         break things on purpose, prove the alerts
    alertdrill judge incidents/*/*   the verdict on recordings, again
    """  # noqa: D301  # \b is click's mark for "leave these lines as they are"


for command in (lab.up, lab.down, lab.status, play.play, play.judge, rules.compress, rules.rules):
    cli.add_command(command)


def main() -> NoReturn:
    """Run the command; every error of ours is one sentence on stderr and an exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except AlertdrillError as error:
        click.echo(f"alertdrill: {error}", err=True)
        code = error.exit_code
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"alertdrill: {where}{error.strerror or error}", err=True)
        code = Verdict.UNKNOWN.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("alertdrill: interrupted", err=True)
        code = INTERRUPTED
    sys.exit(code or 0)
