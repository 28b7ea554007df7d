"""The command `terradiff`: exit code 0 nothing differs, 1 it could not be told, 2 something differs."""

import datetime as dt
import os
import signal
import sys
import time
from pathlib import Path

import click

from exporter_kit.errors import DaemonError
from exporter_kit.files import write_whole
from exporter_kit.flags import flag
from exporter_kit.masks import DEFAULT, Masks
from terradiff import agreement, ignore, report, tool
from terradiff.drift import UNREADABLE, Drift, drifts, only_reads
from terradiff.ignore import Rule, Verdict

FILE = click.Path(path_type=Path)
INTERRUPTED, TERMINATED = 130, 143


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@flag("--dir", "folder", type=FILE, default=Path(), help="Folder of the configuration.")
@flag("--tool", "name", default="", help="Program to plan with.  [default: tofu or terraform]")
@flag("--init", is_flag=True, help="Initialise first, in a private folder; needed for a fresh checkout.")
@flag("--refresh-only", is_flag=True, help="Tell only what changed behind the state's back.")
@flag("--ignore", "ignored", multiple=True, metavar="ADDRESS[#ATTRIBUTE]", help="Drift that is meant.")
@flag("--ignore-file", type=FILE, help="YAML list of rules: address, attributes, reason, until.")
@flag("--textfile", type=FILE, envvar="PROM_RUN_TEXTFILE", help="Write metrics here.")
@flag("--json", "as_json", is_flag=True, help="Write JSON in place of text.")
@flag("--colour", is_flag=True, help="Colour the text, for prom-run's page.")
@click.argument("more", nargs=-1)
def terradiff(
    *,
    folder: Path,
    name: str,
    init: bool,
    refresh_only: bool,
    ignored: tuple[str, ...],
    ignore_file: Path | None,
    textfile: Path | None,
    as_json: bool,
    colour: bool,
    more: tuple[str, ...],
) -> int:
    """Tell what terraform or tofu would change; MORE goes to its plan, as -var-file=x."""
    begun = time.monotonic()
    version, code = "", tool.BROKEN
    verdict: Verdict | None = None
    program = name or "none"
    try:
        rules = [
            *(ignore.parse(text) for text in ignored),
            *(ignore.load(ignore_file) if ignore_file else ()),
        ]
        program = tool.find(name)
        words = (*(("-refresh-only",) if refresh_only else ()), *more)
        planned = tool.plan(program, folder, more=words, init=init)
        version = str(planned.plan.get("terraform_version", ""))
        verdict = judged(planned, rules, refresh_only=refresh_only)
        code = tool.CHANGES if verdict.left else tool.NO_CHANGES
        shown = report.json(verdict) if as_json else report.text(verdict, colour=colour)
        click.echo(shown, nl=False, color=colour)
    except SystemExit:
        # Whoever ends us early says nothing about the plan, so the last word on it stands.
        if _has_time_left():
            textfile = None
        raise
    finally:
        if textfile:
            seconds = time.monotonic() - begun
            text = report.metrics(code, verdict, tool=Path(program).name, version=version, seconds=seconds)
            _write(textfile, text)
    return code


def judged(planned: tool.Planned, rules: list[Rule], *, refresh_only: bool) -> Verdict:
    """Return what differs after the rules; changes that can't be read are drift, never nothing."""
    try:
        found = drifts(planned.plan, refresh_only=refresh_only)
    except RecursionError:
        raise tool.UnreadableError("a value in it nests too deeply") from None
    agreement.require(planned, found, refresh_only=refresh_only)
    if planned.changes and not found and not only_reads(planned.plan):
        found = [Drift(UNREADABLE, "unknown")]
    if not planned.changes:
        found = []
    return ignore.judge(found, rules, dt.datetime.now(dt.UTC).date())


def _has_time_left() -> bool:
    """Return whether prom-run would have let us go on; without prom-run, nobody has promised us any time."""
    try:
        return time.time() < float(os.environ.get("PROM_RUN_DEADLINE", ""))
    except ValueError:
        return False


def _write(textfile: Path, text: bytes) -> None:
    try:
        write_whole(textfile, text)
    except OSError as error:
        raise DaemonError(f"can't write the metrics to {textfile}: {error.strerror}") from None


def main() -> None:
    """Run the command; every mistake is a sentence and a 1, as 2 means drift."""
    # Ended politely, we still remove the plan, which may hold secrets.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        sys.exit(terradiff.main(prog_name="terradiff", standalone_mode=False) or 0)
    except click.ClickException as error:
        _end(error.format_message())
    except click.Abort:
        sys.exit(INTERRUPTED)
    except DaemonError as error:
        _end(str(error))


def _end(sentence: str) -> None:
    sys.stderr.write(f"terradiff: {Masks.of(DEFAULT).hide(sentence)}\n")
    sys.exit(tool.BROKEN)


if __name__ == "__main__":
    main()
