"""`alertdrill gate`: what a change of rules changes of what alerts do."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec
from click.core import ParameterSource

from alertdrill import gate as gating
from alertdrill import incident
from alertdrill.backtest import plan
from alertdrill.cli import past, reading
from alertdrill.errors import LabError, UsageError
from alertdrill.gate import approvals, markdown, tell
from alertdrill.gate import past as before_now
from alertdrill.gate.values import Case, Change, Gated, Kind
from alertdrill.incident import Incident
from alertdrill.machine import cache
from alertdrill.model import Verdict
from alertdrill.rules import RuleSet

FORMATS = {"text": tell.text, "json": tell.as_json, "junit": tell.junit, "markdown": markdown.markdown}
BY_SUFFIX = {".txt": tell.text, ".json": tell.as_json, ".xml": tell.junit, ".md": markdown.markdown}


@click.command()
@click.argument("old")
@click.argument("new")
@click.option(
    "--incidents",
    "folders",
    type=click.Path(path_type=Path),
    multiple=True,
    default=(Path("incidents"),),
    show_default=True,
    help="Recordings, or folders of them, that both are held against; again for more.",
)
@click.option(
    "--approvals",
    "approvals_file",
    type=reading.FILE,
    help="A file of changes that are wanted, one a line: until, alert, kind, case, reason.",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(list(FORMATS)),
    default="text",
    show_default=True,
    help="markdown is a comment for a pull request.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Also write FILE.xml (JUnit), .json, .md or .txt.",
)
@past.options(required=False)
def gate(
    *,
    old: str,
    new: str,
    folders: Sequence[Path],
    approvals_file: Path | None,
    output_format: str,
    report: Sequence[Path],
    **said: Any,
) -> None:
    """Say what alerts do by the NEW rules that they did not do by the OLD ones, on every recording.

    OLD and NEW are each a rule file, a folder of them, or a revision that git has: REVISION:PATH, or
    REVISION alone for the path of the other side.

    \b
    alertdrill gate main rules                        what this branch changes
    alertdrill gate main rules --approvals gate.txt   ... but for what is wanted
    alertdrill gate old.yaml new.yaml --format markdown
    alertdrill gate main rules --prometheus http://localhost:9090 --since 7d

    Told is which alerts are new or removed; fire always, now, more, earlier, no longer, less or later; have
    other labels or another text; and which were changed although nothing here makes them move. With
    --prometheus the past of a server is one more case, asked for as `alertdrill backtest` does. Exit codes: 0
    nothing changed but what is approved, 1 something else did, 2 bad input (a recording that can't be read
    among others, too), 3 nobody can tell.
    """  # noqa: D301  # \b is click's mark for "leave these lines as they are"
    for file in report:
        if file.suffix not in BY_SUFFIX:
            raise UsageError(f"--report {file}: the name must end with one of {', '.join(BY_SUFFIX)}")
    wanted = approvals.read(approvals_file) if approvals_file else ()
    before, after = _sides(old, new)
    by_default = click.get_current_context().get_parameter_source("folders") is ParameterSource.DEFAULT
    without = bool(said["url"]) and by_default and not incident.are_in(folders)
    held, unread = ([], []) if without else recordings(folders)
    cases, notes = _past(before, after, said) if said["url"] else ((), ())
    found = gating.gate(before, after, held, cases)
    found = msgspec.structs.replace(found, notes=(*found.notes, *notes))
    told = approvals.approved(found, wanted, dt.datetime.now(dt.UTC).date())
    told = msgspec.structs.replace(told, changes=(*told.changes, *unread))  # which nobody can approve
    click.echo(FORMATS[output_format](told))
    write(told, report)
    worst = told.verdict
    bad_input = bool(unread) and worst is not Verdict.FAIL
    click.get_current_context().exit(UsageError.exit_code if bad_input else worst.exit_code)


def _past(before: RuleSet, after: RuleSet, said: dict[str, Any]) -> tuple[tuple[Case, ...], tuple[str, ...]]:
    """Return the past of a server as a case, and what is to be said of it; none where nothing differs."""
    old, new = before_now.revisions(before, after)
    if not (old.alerts or new.alerts):
        return (), ()
    run = past.of(new, said, old=old)
    with run.reached() as server:
        cost = run.prepare(server)
        for line in plan.told(cost):
            click.echo(line, err=True)
        run.check(cost)
        found = run.compare(server, cost)
    return (before_now.case(found, run.asked),), (before_now.begun(run.asked), *run.notes)


def _sides(old: str, new: str) -> tuple[RuleSet, RuleSet]:
    """Return the rules of both sides; none before is a UsageError: most often a path is wrong."""
    before, after = gating.load(old, new), gating.load(new, old)
    if after.alerts and not before.rules:
        raise UsageError(
            f"{old} has no rules to compare with, so that every alert of {new} would be new: name what has"
            f" those of before; what new rules do, alertdrill replay --rules {new} says"
        )
    return before, after


def recordings(folders: Sequence[Path]) -> tuple[list[Incident], list[Change]]:
    """Return the recordings in these folders, and of each that can't be read that nothing is told by it.

    None that can be read is a UsageError: a gate without any lets all pass.
    """
    found: list[Incident] = []
    unread: list[tuple[Path, UsageError]] = []
    for folder in incident.find(folders):
        try:
            found.append(incident.read(folder))
        except UsageError as error:
            unread.append((folder, error))
    if unread and not found:
        raise UsageError("; ".join(str(error) for _, error in unread))
    if not found:
        raise UsageError(f"no recording is in {', '.join(map(str, folders))}; name them by --incidents")
    return found, [_unread(folder, error) for folder, error in unread]


def _unread(folder: Path, error: UsageError) -> Change:
    sentence = f"nothing can be told of {folder}: {error}"
    return Change(alert="", kind=Kind.UNKNOWN, case=str(folder), sentence=sentence)


def write(told: Gated, report: Sequence[Path]) -> None:
    """Write each report that was asked for; those that can't be written are one LabError."""
    refused = []
    for file in report:
        try:
            cache.write_whole(file, BY_SUFFIX[file.suffix](told))
        except OSError as error:
            refused.append(f"writing the report {file}: {error.strerror or error}")
    if refused:
        raise LabError("; ".join(refused))
