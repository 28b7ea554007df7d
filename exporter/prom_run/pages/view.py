"""What a page shows of a command: words, colours and bars, computed and not drawn."""

import itertools
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from exporter_kit.durations import written
from prom_run.pages.ansi import overwritten, plain, to_html
from prom_run.runs.command import Command
from prom_run.runs.record import Run
from prom_run.runs.runner import Runner

State = Literal["good", "bad", "unknown"]
BARS = 40
BAR_HEIGHT = 24
PREVIEW_LINES = 6
PREVIEW_CHARS = 400
_ORDER: tuple[State, ...] = ("bad", "unknown", "good")
_WORDS = {"success": "ok", "timeout": "timed out", "not started": "not started", "stopped": "stopped"}


@dataclass(frozen=True)
class Bar:
    """One run in the row of runs: its colour, and how long it took against the longest."""

    id: str
    state: State
    height: int
    title: str


@dataclass(frozen=True)
class Card:
    """A command at a glance."""

    name: str
    line: str
    state: State
    word: str
    note: str
    since: str
    schedule: str
    last: Run | None
    commit: str
    running: str
    asked: bool
    bars: tuple[Bar, ...]
    preview: str


def state(run: Run | None) -> State:
    """Return the colour of a run; one that we stopped tells nothing."""
    if run is None or run.outcome == "stopped":
        return "unknown"
    return "good" if run.outcome == "success" else "bad"


def word(run: Run | None) -> str:
    """Say how a run ended, in two words."""
    if run is None:
        return "no run yet"
    return _WORDS.get(run.outcome) or f"exit {run.exit_code}"


def cards(runners: Iterable[Runner]) -> list[Card]:
    """Return a card per command, what is wrong first."""
    return sorted(
        (card(runner) for runner in runners), key=lambda each: (_ORDER.index(each.state), each.name)
    )


def card(runner: Runner) -> Card:
    """Return one command at a glance."""
    last, current = runner.last, runner.current
    return Card(
        name=runner.command.name,
        line=runner.line,
        state=state(last),
        word=word(last),
        note=last.note if last else "",
        since=passed(_since(runner.runs)) if last else "",
        schedule=schedule(runner.command),
        last=last,
        commit=last.commit[:12] if last else "",
        running=written(round(current.duration())) if current else "",
        asked=runner.asked,
        bars=bars(runner.runs),
        preview=preview(runner, last),
    )


def _since(runs: Iterable[Run]) -> float:
    """Return when the state of the last run began: the end of the first run of that colour in a row."""
    told = [run for run in runs if run.outcome != "stopped"]
    alike = list(itertools.takewhile(lambda run: state(run) == state(told[-1]), reversed(told)))
    return alike[-1].ended


def bars(runs: Iterable[Run]) -> tuple[Bar, ...]:
    """Return the last runs as bars, oldest first."""
    shown = list(runs)[-BARS:]
    longest = max((run.duration for run in shown), default=0) or 1
    return tuple(
        Bar(
            id=run.id,
            state=state(run),
            height=max(3, round(BAR_HEIGHT * run.duration / longest)),
            title=f"{moment(run.started)}: {word(run)} after {written(run.duration)}",
        )
        for run in shown
    )


def preview(runner: Runner, run: Run | None) -> str:
    """Return the last lines a run printed, as HTML."""
    output = runner.output(run.id) if run else None
    if output is None:
        return ""
    lines = [line for line in overwritten(output.text()).split("\n") if plain(line).strip()]
    return to_html("\n".join(line[:PREVIEW_CHARS] for line in lines[-PREVIEW_LINES:]))


def schedule(command: Command) -> str:
    """Say when a command runs."""
    text = f"cron {command.cron} {command.timezone}" if command.cron else f"every {written(command.period)}"
    return f"{text} ± {written(command.jitter)}" if command.jitter else text


def moment(at: float) -> str:
    """Write a time for people who compare logs: UTC, to the second."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def clock(at: float) -> str:
    """Write a time where there is little room: month, day and time, UTC."""
    return moment(at)[5:-4]


def passed(since: float) -> str:
    """Say how long something has lasted, in whole seconds."""
    return written(max(0, round(time.time() - since)))


def ago(at: float) -> str:
    """Say how long ago that was."""
    return f"{passed(at)} ago" if time.time() - at >= 1 else "just now"


def headline(shown: Iterable[Card]) -> tuple[State, str]:
    """Return the state of the whole wall, and a sentence for it."""
    states = [each.state for each in shown]
    bad, unknown, total = states.count("bad"), states.count("unknown"), len(states)
    if bad:
        return "bad", f"{bad} of {total} failing" if total > 1 else "failing"
    if unknown:
        return "unknown", f"{unknown} of {total} not known yet" if total > 1 else "not known yet"
    return "good", f"all {total} well" if total > 1 else "well"
