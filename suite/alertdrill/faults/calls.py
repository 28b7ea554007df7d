"""Calls into a fault: what somebody's own class breaks by, or is refused, is told with its line."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType
from typing import Any

from alertdrill.errors import AlertdrillError, FutileError, LabError, ScenarioError
from alertdrill.faults.base import FaultKind, Ground, Place

OURS = "alertdrill."


def inject(kind: FaultKind, place: Place, args: dict[str, Any]) -> None:
    """Break it; what the class breaks by itself is lab trouble that no second try mends."""
    with _asked(kind, "inject", FutileError, LabError):
        kind.inject(place, kind.completed(args))


def heal(kind: FaultKind, place: Place, args: dict[str, Any]) -> None:
    """Repair it; what the class breaks by itself is lab trouble that no second try mends."""
    with _asked(kind, "heal", FutileError, LabError):
        kind.heal(place, kind.completed(args))


def check(kind: FaultKind, folder: Path, args: dict[str, Any]) -> None:
    """Raise ScenarioError for what can be known to be wrong before anything starts."""
    with _asked(kind, "check", ScenarioError, ScenarioError):
        kind.check_args(args)
        kind.check(folder, kind.completed(args))


def available(kind: FaultKind, ground: Ground, args: dict[str, Any]) -> str:
    """Return why it can't be had on this ground, "" where it can."""
    with _asked(kind, "available", FutileError, LabError):
        return kind.available(ground, kind.completed(args))


@contextmanager
def _asked(
    kind: FaultKind, method: str, wrong: type[AlertdrillError], meant: type[AlertdrillError]
) -> Iterator[None]:
    """Let pass what a fault may say (`meant`); whatever else somebody's own breaks by is `wrong`.

    Trouble of the lab stays that, and is told with the line that asked for what could not be had.
    """
    try:
        yield
    except meant as error:
        where = _place(kind, error) if isinstance(error, LabError) else ""
        if not where:
            raise
        raise type(error)(f"{where}: the fault {kind.name} met trouble in `{method}`: {error}") from error
    except BaseException as error:  # a SystemExit, too, would end more than this fault
        if type(error) is KeyboardInterrupt or type(kind).__module__.startswith(OURS):
            raise
        raise wrong(_told(kind, method, error)) from error


def _told(kind: FaultKind, method: str, error: BaseException) -> str:
    """Return the sentence; its place is the last line of the class's own files, else where the method is."""
    code = getattr(type(kind), method).__code__
    where = _place(kind, error) or f"{code.co_filename}:{code.co_firstlineno}"
    said = " ".join(str(error).split())[:300]
    what = type(error).__name__ + (f": {said}" if said else "")
    return f"{where}: the fault {kind.name} broke in `{method}`: {what}; mend it there"


def _place(kind: FaultKind, error: BaseException) -> str:
    """Return the last line of the class's own files that an error came by, "" where there is none."""
    functions = [
        value for cls in type(kind).__mro__ for value in vars(cls).values() if isinstance(value, FunctionType)
    ]
    theirs = {one.__code__.co_filename for one in functions if not one.__module__.startswith(OURS)}
    frames = traceback.walk_tb(error.__traceback__)
    lines = [f"{one.f_code.co_filename}:{line}" for one, line in frames if one.f_code.co_filename in theirs]
    return lines[-1] if lines else ""
