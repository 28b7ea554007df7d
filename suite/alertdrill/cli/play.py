"""`alertdrill play` and `alertdrill judge`: verdicts, live and on recordings."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec

from alertdrill import lab, reference, rejudge
from alertdrill.cli import options, reading
from alertdrill.errors import UsageError
from alertdrill.model import Verdict
from alertdrill.play import drill
from alertdrill.play import workload as workloads
from alertdrill.progress import Progress
from alertdrill.scenario import Scenario, to_json
from alertdrill.scenario import files as scenario_files
from alertdrill.scenario import profile as profiles
from alertdrill.scenario.profile import PROFILES, Profile


@click.command()
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@options.of_lab
@click.option(
    "--scenarios",
    "folder",
    type=reading.FILE,
    help="A folder of scenario modules. [default: the shipped ones]",
)
@click.option(
    "--profile",
    type=click.Choice(PROFILES),
    default="all",
    help="commit: as few as have every alert fire once. [default: all]",
)
@click.option(
    "--record",
    type=click.Path(path_type=Path),
    help="Where incidents go, of each scenario the last. [default: incidents/<time>]",
)
@reading.reports
@click.option(
    "--list",
    "only_list",
    is_flag=True,
    help="List the scenarios, and check all that needs no cluster: rules, workloads, faults, windows.",
)
@click.option("--keep", is_flag=True, help="Keep the namespaces, and the lab if this command brought it up.")
@reading.output_format
def play(
    *,
    scenarios: Sequence[str],
    folder: Path | None,
    profile: Profile,
    record: Path | None,
    report: Sequence[Path],
    only_list: bool,
    keep: bool,
    output_format: str,
    **chosen: Any,
) -> None:
    """Break things on purpose in the lab and prove the alerts.

    SCENARIO is a name or a pattern ('pods/*'); without one all are played. What this cluster can't give is
    unknown at once. A lab that is up is used as it is and stays; without one, a lab is brought up first and
    taken down after. Every run leaves a recording.
    """
    reading.check_reports(report)
    found = scenario_files.choose(scenario_files.load(folder or scenario_files.shipped()), scenarios)
    wanted = profiles.chosen(found, profile)
    asked = options.as_it_is(options.lab_options(**chosen))
    if only_list:
        _list(wanted, output_format)
    rules = lab.load_rules(asked)
    reading.remark(rules.stated.remarks)
    drill.check(wanted, rules)
    if only_list:
        return
    tofu = asked.tofu or workloads.needs_tofu(wanted)
    asked = msgspec.structs.replace(asked, tofu=tofu, images=workloads.images(wanted))
    record = record or Path("incidents") / datetime.now(UTC).strftime("%Y-%m-%dT%H%M%SZ")
    try:
        record.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--record {record}: can't make that folder: {error.strerror}") from error
    progress = Progress()
    with lab.borrowed(asked, rules, progress, keep=keep) as there:
        drilled = drill.drill(there, wanted, record=record, progress=progress, keep=keep)
        teller = partial(reading.tell, files=report, output_format=output_format)
        # Evidence is hidden, so that `judge incidents/*/*` finds recordings only.
        worst = drill.tell(there, drilled, teller, folder=record / ".lab", progress=progress)
    for one in drilled.played:
        if one.folder and one.judgement.verdict is not Verdict.PASS:
            click.echo(f"look at it again: alertdrill judge {one.folder}", err=True)
    click.get_current_context().exit(worst.exit_code)


@click.command()
@click.argument("incidents", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="INCIDENT...")
@reading.reports
@reading.scenarios
@reading.output_format
def judge(
    incidents: Sequence[Path], report: Sequence[Path], scenarios: Path | None, output_format: str
) -> None:
    """Judge recordings again; no cluster is needed.

    INCIDENT is a folder that a play wrote, or one that holds such folders. All that can be read are judged,
    and each that can't is told; then the exit code is 2, unless another one failed.
    """
    reading.check_reports(report)
    told = rejudge.rejudge(incidents, scenario_files.load(scenarios) if scenarios else None)
    if output_format != "text":  # the text has them
        for error in told.errors:
            click.echo(f"alertdrill: {error}", err=True)
    reading.tell(told.judgements, report, output_format)
    click.get_current_context().exit(told.exit_code)


def _list(scenarios: Sequence[Scenario], output_format: str) -> None:
    """Print the scenarios: what each is good for, or all there is to know of them."""
    if output_format == "json":
        data = [to_json(one) for one in scenarios]
        click.echo(msgspec.json.format(msgspec.json.encode(data), indent=2))
    else:
        click.echo("\n".join(reference.listed(one) for one in scenarios))
