"""The environment of a command: its own, with only what it needs of ours."""

import fnmatch
from collections.abc import Mapping

from prom_run.runs.command import INHERITED, PATH, Command

MARK = "PROM_RUN_ID"


def environment(command: Command, ours: Mapping[str, str], facts: Mapping[str, str]) -> dict[str, str]:
    """Return what a run is given: a little of ours, what it asked for, its own, and facts about the run."""
    passed = {name: ours[name] for name in (*INHERITED, *command.pass_env) if name in ours}
    globs = [pattern for pattern in command.pass_env if set(pattern) & set("*?[")]
    passed |= {name: ours[name] for name in ours for pattern in globs if fnmatch.fnmatchcase(name, pattern)}
    return {"PATH": PATH, **passed, **command.env, **facts}
