"""The environment of a command: its own, with only what it needs of ours."""

import fnmatch
from collections.abc import Mapping

from prom_run.command import INHERITED, PATH, Command

MARK = "PROM_RUN_ID"


def environment(command: Command, ours: Mapping[str, str], facts: Mapping[str, str]) -> dict[str, str]:
    """Return what a run is given: a little of ours, what it asked for, its own, and facts about the run."""
    wanted = (*INHERITED, *command.pass_env)
    passed = {
        name: value
        for name, value in ours.items()
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in wanted)
    }
    return {"PATH": PATH, **passed, **command.env, **facts}
