"""What commands share that read files and tell verdicts: their options, and how they tell.

It loads nothing of a lab, which takes a second.
"""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from alertdrill.errors import LabError, UsageError
from alertdrill.machine import cache
from alertdrill.model import Judgement
from alertdrill.report import json as json_report
from alertdrill.report import junit, text
from alertdrill.report.printable import printable
from alertdrill.rules import Remark

FILE = click.Path(exists=True, path_type=Path)
RULES = click.Path(exists=True, allow_dash=True, path_type=Path)
FORMATS = {"text": text.render, "json": json_report.render, "junit": junit.render}
RENDERERS = {".xml": junit.render, ".json": json_report.render, ".txt": text.render}

output_format = click.option(
    "--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True
)
report_format = click.option(
    "--format",
    "output_format",
    type=click.Choice(sorted(FORMATS, reverse=True)),
    default="text",
    show_default=True,
)
reports = click.option(
    "--report",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Also write FILE.xml (JUnit), .json or .txt.",
)
scenarios = click.option(
    "--scenarios",
    type=FILE,
    help="A folder of scenario modules: judge by what they expect now. [default: as recorded]",
)


class Within(click.FloatRange):
    """A number that compares with any other: click takes one that is none for whatever range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


def remark(remarks: Iterable[Remark]) -> None:
    """Print on stderr what Prometheus takes, and a person should look at."""
    for one in remarks:
        click.echo(printable(str(one)), err=True)


def check_reports(files: Sequence[Path]) -> None:
    """Raise UsageError for a report nobody could write."""
    for file in files:
        if file.suffix not in RENDERERS:
            raise UsageError(f"--report {file}: the name must end with one of {', '.join(RENDERERS)}")


def tell(judgements: Sequence[Judgement], files: Sequence[Path], output_format: str) -> None:
    """Print the verdicts, and write each report that was asked for."""
    click.echo(FORMATS[output_format](judgements))
    refused = []
    for file in files:
        try:
            cache.write_whole(file, RENDERERS[file.suffix](judgements))
        except OSError as error:
            refused.append(f"writing the report {file}: {error.strerror or error}")
    if refused:
        raise LabError("; ".join(refused))
