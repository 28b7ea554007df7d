"""`alertdrill up | down | status`: the lab."""

from typing import Any

import click
import msgspec

from alertdrill import lab
from alertdrill.cli import options, reading
from alertdrill.model import Verdict
from alertdrill.progress import Progress


@click.command()
@options.of_lab
@click.option(
    "--keep", is_flag=True, help="Leave a half-made lab standing when something breaks, to look at it."
)
def up(*, keep: bool, **chosen: Any) -> None:
    """Bring up a cluster with the monitoring stack, or finish what an earlier run began.

    The lab stays until `alertdrill down`. A second `up` of the same name finds it and changes what differs;
    what it does not say stays as it is.
    """
    progress = Progress()
    asked = options.as_it_is(options.lab_options(**chosen))
    rules = lab.load_rules(asked)
    reading.remark(rules.stated.remarks)
    rules.tell(progress)
    state, _ = lab.up(asked, rules, progress, keep=keep)
    click.echo(
        f"lab {state.options.name} is up ({state.flavour}); {state.options.speed:g} times as fast as life"
    )
    click.echo(f"look:   kubectl --kubeconfig {state.kubeconfig} --context {state.context} get pods -A")
    named = "" if state.options.name == options.NAME else f" --name {state.options.name}"
    click.echo(f"alerts: {state.way_to_prometheus}")
    click.echo(f"        then http://127.0.0.1:{lab.PROMETHEUS_PORT}")
    click.echo(f"play:   alertdrill play{named}")


@click.command()
@options.name
def down(name: str) -> None:
    """Take the lab down: everything of ours goes, and nothing else is touched."""
    there_was = lab.down(name, Progress())
    click.echo(
        f"lab {name} is down" if there_was else f"there was no lab {name}; looked for remains all the same"
    )


@click.command()
@options.name
@reading.output_format
def status(name: str, output_format: str) -> None:
    """Say whether the lab is up, of what, and how long its phases took; exit code 3 if it is not."""
    found = lab.status(name)
    if output_format == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
    else:
        click.echo(found.sentence)
        if found.prometheus:
            click.echo(f"alerts: {found.prometheus}, then http://127.0.0.1:{lab.PROMETHEUS_PORT}")
        for phase, seconds in (found.state.phases if found.state else {}).items():
            click.echo(f"  {seconds:7.1f} s  {phase}")
    if not found.answers:
        click.get_current_context().exit(Verdict.UNKNOWN.exit_code)
