"""`alertdrill watch`: what the rules do now that they did not do when watching began, at each save."""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from alertdrill import gate as gating
from alertdrill import rules as rule_files
from alertdrill.cli import reading
from alertdrill.cli.gate import recordings
from alertdrill.clock import Clock, WallClock
from alertdrill.errors import RulesError, UsageError
from alertdrill.gate import Gated, tell

EVERY_SECONDS = 0.1

State = dict[Path, tuple[int, int]]  # of each file, when it was saved, and how large it was


@click.command()
@click.argument("files", nargs=-1, required=True, type=reading.RULES, metavar="RULES...")
@click.option(
    "--incidents",
    "folders",
    type=click.Path(path_type=Path),
    multiple=True,
    default=(Path("incidents"),),
    show_default=True,
    help="Recordings, or folders of them, that the rules are held against; again for more.",
)
@click.option("--old", default="", help="What to compare with, as in `gate`. [default: as they are now]")
def watch(files: Sequence[Path], folders: Sequence[Path], old: str) -> None:
    """Hold the rules against the recordings again whenever a file of theirs is saved, until you stop it.

    RULES is what `alertdrill rules` takes: files and folders. Told is what `alertdrill gate` tells: what
    alerts do by the rules as saved that they did not do before. Rules that can't be read are told, too.

    \b
    alertdrill watch rules --incidents fixtures/incidents
    alertdrill watch rules --old main
    """  # noqa: D301  # \b is click's mark for "leave these lines as they are"
    if Path("-") in files:
        raise UsageError("the standard input can't be watched, as it comes once; name files or folders")
    recorded, unread = recordings(folders)
    for one in unread:
        click.echo(one.sentence, err=True)
    seen = _state(list(files))  # before they are read, so that no save falls between
    before = gating.load(old, str(files[0])) if old else rule_files.load(list(files))
    with gating.Standing() as standing:
        standing.ready(before, recorded)
        click.echo(
            f"watching {len(before.rules)} rules, held against {len(recorded)} recordings; Ctrl-C ends it"
        )

        def gated() -> Gated:
            return gating.gate(before, rule_files.load(list(files)), recorded, hold=standing.case)

        go_on(list(files), lambda: _again(gated), WallClock(), seen=None if old else seen)


def go_on(files: list[Path], again: Callable[[], None], clock: Clock, *, seen: State | None) -> NoReturn:
    """Do something again whenever a file was saved, until a signal ends it with a KeyboardInterrupt."""
    with _noting_signals() as noted:
        while not noted:
            now = _state(files)
            if now != seen:
                seen = now
                again()
            clock.sleep(EVERY_SECONDS)
    raise KeyboardInterrupt


@contextmanager
def _noting_signals() -> Iterator[list[int]]:
    """Yield the signals that asked for the end, so that none is lost.

    Each interrupts at once, too. But while Python cleans up after an object it prints what is raised, a
    KeyboardInterrupt as well, and goes on.
    """
    noted: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        noted.append(number)
        handler = before[signal.Signals(number)]
        (handler if callable(handler) else signal.default_int_handler)(number, frame)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _again(gated: Callable[[], Gated]) -> None:
    begun = time.monotonic()
    try:
        found = gated()
    except RulesError as error:
        click.echo(f"\n{error}")
        return
    click.echo(f"\n{tell.text(found)}")
    for line in tell.lines_by_case(found):
        click.echo(line)
    click.echo(f"in {time.monotonic() - begun:.1f} s")


def _state(files: Sequence[Path]) -> State:
    """Return what tells whether a file was saved."""
    found = {}
    for path in files:
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            try:
                status = file.stat()
            except OSError:  # it is just being replaced
                continue
            found[file] = status.st_mtime_ns, status.st_size
    return found
