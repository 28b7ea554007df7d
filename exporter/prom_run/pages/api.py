"""The JSON API: the same facts as the page, under names that stay."""

import time
from typing import Any

from prom_run.pages import ansi, view
from prom_run.runs.record import Run
from prom_run.runs.runner import Runner


def summary(runner: Runner, url: str) -> dict[str, Any]:
    """Return a command at a glance."""
    last, current = runner.last, runner.current
    return {
        "name": runner.command.name,
        "command": runner.line,
        "schedule": view.schedule(runner.command),
        "state": view.state(last),
        "url": url,
        "running": None if current is None else {"id": current.id, "seconds": round(current.duration(), 3)},
        "asked": runner.asked,
        "next_start": round(runner.next_start, 3),
        "last_success": runner.last_success or None,
        "last": last,
    }


def detail(runner: Runner, url: str) -> dict[str, Any]:
    """Return a command with its runs, newest first."""
    runs: list[Run] = list(reversed(runner.runs))
    return {**summary(runner, url), "runs": runs, "now": round(time.time(), 3)}


def run(runner: Runner, run_id: str) -> dict[str, Any]:
    """Return a run with what it printed; `output` is null where that is no longer kept."""
    found = next(each for each in runner.runs if each.id == run_id)
    output = runner.output(run_id)
    return {"run": found, "output": None if output is None else ansi.plain(output.text())}
