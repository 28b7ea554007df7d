"""Flags as Go programs take them: one dash or two, `=` or a space, up to the first word that is no flag."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import click

# More than anybody lives to wait for; no clock of the system is overrun by it.
SECONDS_MAX = 1e9


class Seconds(click.FloatRange):
    """A number of seconds, `least` or more; a range lets nan through, and inf where it has no end."""

    def __init__(self, least: float) -> None:
        super().__init__(least, SECONDS_MAX)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number."""
        found = float(super().convert(value, param, ctx))
        if math.isnan(found):
            self.fail(f"{value!r} is no number of seconds; write one, as 60", param, ctx)
        return found


class _Flag(click.Option):
    """An option whose long names may also be written with one dash, which the help does not repeat."""

    def __init__(self, names: Sequence[str], **attributes: Any) -> None:
        long = [name for name in names if name.startswith("--")]
        super().__init__([*names, *(name.removeprefix("-") for name in long)], **attributes)
        self._long = long

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the help of the names with two dashes."""
        every, self.opts = self.opts, self._long
        try:
            return super().get_help_record(ctx)
        finally:
            self.opts = every


def flag(*names: str, **attributes: Any) -> Callable[[Any], Any]:
    """Do as `click.option`, for an option that historic command lines give with one dash."""
    return click.option(*names, cls=_Flag, **attributes)
