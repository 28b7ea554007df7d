"""Scenario modules ⇄ values: every `SCENARIOS` list in a folder of Python files."""

import runpy
import traceback
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from types import FrameType

from alertdrill import data
from alertdrill.errors import ScenarioError
from alertdrill.scenario import Scenario, arguments, check_shape, place


def shipped() -> Path:
    """Return the folder of the scenarios that ship with alertdrill."""
    return data.path("suite", "e2e", "scenarios")


def load(folder: Path) -> list[Scenario]:
    """Return all scenarios of a folder's modules, in order of file and line; no name may be used twice.

    A ScenarioError has a sentence for each mistake of each module.
    """
    files = sorted(file for file in folder.glob("*.py") if file.name != "__init__.py")
    if not files:
        raise ScenarioError(f"looked in {folder} for scenario modules (*.py), found none")
    found: dict[str, Scenario] = {}
    problems: list[str] = []
    for file in files:
        try:
            scenarios = _of(file)
        except ScenarioError as error:
            problems.append(str(error))
            continue
        for scenario in scenarios:
            try:
                check_shape(scenario)
            except ScenarioError as error:
                problems.append(f"{place.of(file, str(scenario.name), error.about)}: {error}")
                continue
            if scenario.name in found:
                problems.append(f"{file}: there are two scenarios called {scenario.name}; rename one")
            found[scenario.name] = scenario.written_in(file)
    if problems:
        raise ScenarioError("\n".join(problems))
    check_folders(found.values())
    return list(found.values())


def check_folders(scenarios: Iterable[Scenario]) -> None:
    """Raise ScenarioError for two scenarios of one folder: one recording would replace the other."""
    names: dict[str, str] = {}
    for one in scenarios:
        if one.slug in names:
            raise ScenarioError(
                f"the scenarios {names[one.slug]} and {one.name} would both be recorded in {one.slug}:"
                " rename one"
            )
        names[one.slug] = one.name


def choose(scenarios: Sequence[Scenario], patterns: Sequence[str]) -> list[Scenario]:
    """Return the scenarios whose name matches a pattern ("pods/*"), or all; each pattern must match."""
    chosen = [s for s in scenarios if not patterns or any(fnmatchcase(s.name, p) for p in patterns)]
    for pattern in patterns:
        if not any(fnmatchcase(scenario.name, pattern) for scenario in scenarios):
            names = ", ".join(scenario.name for scenario in scenarios)
            raise ScenarioError(f"no scenario is called {pattern}; there are: {names}")
    return chosen


def _of(file: Path) -> list[Scenario]:
    try:
        found = runpy.run_path(str(file)).get("SCENARIOS")
    except (
        BaseException
    ) as error:  # whatever a user's module raises is the user's mistake, told with its place
        if type(error) is KeyboardInterrupt:  # this one is the user's own
            raise
        lines = [at for frame, at in traceback.walk_tb(error.__traceback__) if _is_in(frame, file)]
        text = str(error)
        if isinstance(error, SyntaxError) and error.filename == str(file) and error.lineno:
            lines, text = [error.lineno], error.msg
        if takes := arguments.taken(error, file):
            lines, text = [takes[0]], f"{text}; {takes[1]}"
        where = f":{lines[-1]}" if lines else ""
        kind = "" if isinstance(error, ScenarioError) else f"{type(error).__name__}: "
        said = f"{kind}{text}" if text else type(error).__name__
        raise ScenarioError(f"{file}{where}: {said}") from error
    if not isinstance(found, list) or not all(isinstance(one, Scenario) for one in found):
        raise ScenarioError(
            f"{file}: a scenario module has a list of scenarios called SCENARIOS; this one has none"
        )
    return found


def _is_in(frame: FrameType, file: Path) -> bool:
    return frame.f_code.co_filename == str(file)
