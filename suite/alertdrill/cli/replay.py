"""`alertdrill replay` and `alertdrill export`: recordings at real durations, with rules as they are."""

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from alertdrill import incident, judge, rejudge
from alertdrill import replay as replaying
from alertdrill import rules as rule_files
from alertdrill.cli import reading
from alertdrill.errors import LabError, RulesError, UsageError
from alertdrill.incident import Incident
from alertdrill.machine import cache, tools
from alertdrill.progress import Progress
from alertdrill.prometheus import promtool
from alertdrill.rejudge import Rejudged
from alertdrill.replay import cut as cutting
from alertdrill.replay import export as exporting
from alertdrill.scenario import files as scenario_files


@click.command()
@click.argument("incidents", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="INCIDENT...")
@click.option(
    "--rules",
    "rule_paths",
    type=reading.RULES,
    multiple=True,
    help="What `alertdrill rules` takes: file, folder or -; again for more. [default: as recorded]",
)
@reading.scenarios
@reading.reports
@reading.report_format
def replay(
    *,
    incidents: Sequence[Path],
    rule_paths: Sequence[Path],
    scenarios: Path | None,
    report: Sequence[Path],
    output_format: str,
) -> None:
    """Judge recordings at real durations, by unmodified rules and Prometheus itself; no cluster is needed.

    INCIDENT is a folder that a play wrote, or one that holds such folders. What a play saw in minutes is
    stretched to the hours it stands for, and a throw-away Prometheus says what the rules make of it.

    \b
    alertdrill replay fixtures/incidents                the rules they were made with: is it as it was live?
    alertdrill replay fixtures/incidents --rules rules  what would these rules have said?

    By its own rules a recording must also be complete: its rules as the lab ran them come to the states
    that were seen, evaluation by evaluation. What can't be stretched is told with the reason, and is never a
    pass. Exit codes: 0 pass, 1 fail, 2 what can't be read, 3 unknown.
    """  # noqa: D301  # \b is click's mark for "leave these lines as they are"
    reading.check_reports(report)
    rules = rule_files.load(list(rule_paths)) if rule_paths else None
    if rules is not None:
        reading.remark(rules.remarks)
    read: list[Incident] = []
    told = Rejudged([], [])
    rejudge.of_each(incidents, scenario_files.load(scenarios) if scenarios else None, told, read.append)
    if read:
        progress = Progress()
        many = "recording" if len(read) == 1 else "recordings"
        with progress.phase(f"replaying {len(read)} {many} by {tools.find('prometheus').reason}"):
            for one in replaying.replay_all(read, rules):
                progress.say(f"{one.incident.scenario.name}: {one.judgement.verdict.value}")
                told.judgements.append(one.judgement)
    if output_format != "text":  # the text has them
        for error in told.errors:
            click.echo(f"alertdrill: {error}", err=True)
    reading.tell(told.judgements, report, output_format)
    click.get_current_context().exit(told.exit_code)


@click.command()
@click.argument("recording", type=click.Path(path_type=Path), metavar="INCIDENT")
@click.option(
    "--rules",
    "rule_paths",
    type=reading.RULES,
    multiple=True,
    help="What `alertdrill rules` takes: file, folder or -; again for more. [default: as recorded]",
)
@reading.scenarios
@click.option(
    "--output",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Where the two files go. [default: here]",
)
@click.option(
    "--recording",
    "as_recording",
    is_flag=True,
    help="Write the recording itself instead, cut down to what it is about.",
)
def export(
    recording: Path,
    rule_paths: Sequence[Path],
    scenarios: Path | None,
    folder: Path,
    as_recording: bool,  # noqa: FBT001  # click calls by name
) -> None:
    """Write a recording as a test of `promtool test rules`, which reproduces its verdict by itself.

    Two files are written, SCENARIO.rules.yaml and SCENARIO.test.yaml, once promtool has come to the verdict.
    They need no alertdrill any more: put them beside the rules, and the incident is a regression test.

    With --recording a recording is written that is small enough to be kept: of the alerts that its scenario
    names or that fired, and nothing of the others. It gives the same verdict.

    \b
    alertdrill export fixtures/incidents/pods-crash-loop --output /tmp/crash
    promtool test rules /tmp/crash/pods-crash-loop.test.yaml
    alertdrill export incidents/today/pods-crash-loop --recording --output incidents
    """  # noqa: D301  # \b is click's mark for "leave these lines as they are"
    found = incident.find([recording])
    if len(found) > 1:
        raise UsageError(
            f"{recording}: an export is of one recording, and there are {len(found)} in this folder;"
            f" name one, such as {found[0]}"
        )
    read = incident.read(found[0])
    if scenarios:
        read = rejudge.by(scenario_files.load(scenarios), read, recording)
    if as_recording:
        _cut(read, rule_paths, folder)
        return
    rules = rule_files.load(list(rule_paths)) if rule_paths else None
    names = f"{read.scenario.slug}.rules.yaml", f"{read.scenario.slug}.test.yaml"
    made = exporting.export(read, rules, rules_file=names[0], test_file=names[1])
    with tempfile.TemporaryDirectory() as temporary:
        for name, text in zip(names, (made.rules, made.test), strict=True):
            (Path(temporary) / name).write_text(text)
        try:
            promtool.test([Path(temporary) / names[1]])
        except RulesError as error:
            raise LabError(
                f"exporting {read.scenario.name}: promtool does not come to the verdict: {error}"
            ) from error
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in zip(names, (made.rules, made.test), strict=True):
        cache.write_whole(folder / name, text)
    for one in made.left_out:
        click.echo(f"left out: {' '.join(one.split())}", err=True)
    click.echo(f"{made.judgement.verdict.value}, and so says: promtool test rules {folder / names[1]}")


def _cut(read: Incident, rule_paths: Sequence[Path], folder: Path) -> None:
    """Write the small recording as a folder of `folder`, named as its scenario is."""
    if rule_paths:
        raise UsageError(
            "--rules: a recording has the rules it was made with; leave out --rules or --recording"
        )
    small = cutting.cut(read)
    place = folder / small.scenario.slug
    incident.write(small, place)
    size = sum(file.stat().st_size for file in place.iterdir())
    click.echo(f"{judge.judge(small).verdict.value}, as before, in {math.ceil(size / 1024)} KiB: {place}")
