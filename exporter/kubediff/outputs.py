"""Which forms of a verdict go where: one to standard output, others into files."""

import datetime as dt
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import click

from exporter_kit.errors import DaemonError, UsageError
from exporter_kit.files import write_whole
from kubediff.results import Verdict

FORMATS = ("text", "stat", "json", "junit", "sarif", "html")


class Wanted(NamedTuple):
    """One form, and the file it goes into; None is standard output."""

    form: str
    file: Path | None


def wanted(said: tuple[str, ...], *, as_json: bool, stat: bool) -> list[Wanted]:
    """Read FORMAT[=FILE]; where none goes to standard output, that gets the text."""
    found = [_wanted(each) for each in said]
    found += [Wanted(form, None) for form, on in (("json", as_json), ("stat", stat)) if on]
    shown = [each.form for each in found if each.file is None]
    if len(shown) > 1:
        raise UsageError(f"{' and '.join(shown)} go to standard output; name a file: {shown[0]}=FILE")
    return found if shown else [Wanted("text", None), *found]


def _wanted(said: str) -> Wanted:
    form, equals, file = said.partition("=")
    if form not in FORMATS or (equals and not file):
        raise UsageError(f"--output {said!r} is not FORMAT[=FILE]; formats are {', '.join(FORMATS)}")
    return Wanted(form, Path(file) if file else None)


def write(verdict: Verdict, outputs: list[Wanted], *, colour: bool | None, foreign: bool) -> None:
    """Write a verdict in all forms; files are there whole or not at all."""
    coloured = sys.stdout.isatty() if colour is None else colour
    for each in outputs:
        shown = _rendered(verdict, each.form, colour=coloured and each.file is None, foreign=foreign)
        if each.file is None:
            click.echo(shown, nl=False, color=coloured)
            continue
        try:
            write_whole(each.file, shown.encode(errors="replace"))
        except OSError as error:
            raise DaemonError(f"can't write {each.form} to {each.file}: {error.strerror}") from None


def _rendered(verdict: Verdict, form: str, *, colour: bool, foreign: bool) -> str:
    from kubediff.report import data, junit, page, sarif, text  # noqa: PLC0415  # --help needs none

    forms: dict[str, Callable[[], str]] = {
        "text": lambda: text.render(verdict, colour=colour, foreign=foreign),
        "stat": lambda: text.stat(verdict),
        "json": lambda: data.render(verdict),
        "junit": lambda: junit.render(verdict),
        "sarif": lambda: sarif.render(verdict),
        "html": lambda: page.render(verdict, dt.datetime.now(dt.UTC)),
    }
    return forms[form]()
