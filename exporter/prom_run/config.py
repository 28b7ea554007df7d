"""The file of many commands: YAML to Command values, every mistake a sentence with its place."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

import msgspec
from cronsim import CronSim, CronSimError

from exporter_kit import yaml_file
from exporter_kit.durations import seconds
from exporter_kit.errors import ConfigError
from exporter_kit.masks import DEFAULT, Masks
from prom_run.runs.command import Command
from prom_run.runs.schedule import zone

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
SHELL = "/bin/sh"
ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Entry(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One command as it is written: durations as text, a shell line or a list of words."""

    name: str = ""
    command: tuple[str, ...] | str = ()
    shell: bool = False
    period: str = ""
    cron: str = ""
    timezone: str = "UTC"
    jitter: str = "0"
    timeout: str = "10m"
    kill_after: str = "5s"
    run_at_start: bool | None = None
    env: dict[str, str | int | float] = {}
    pass_env: tuple[str, ...] = ()
    working_dir: str = ""
    success_codes: tuple[int, ...] = (0,)
    textfile: str = ""
    checkout: str = ""
    on_commit: bool = False
    keep: int = 100


class File(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The whole file; `defaults` holds fields for commands that don't say otherwise."""

    commands: tuple[dict[str, Any], ...]
    defaults: dict[str, Any] = {}
    masks: tuple[str, ...] = ()
    default_masks: bool = True


class Config(msgspec.Struct, frozen=True):
    """What prom-run is asked to do."""

    commands: tuple[Command, ...]
    masks: tuple[str, ...] = ()


def load(file: Path) -> Config:
    """Read a file of commands; a mistake is a ConfigError that names the command and the field."""
    tree = yaml_file.read(file, "the commands")
    try:
        return parsed(tree)
    except (msgspec.ValidationError, ValueError) as error:
        raise ConfigError(file, str(error)) from None


def parsed(tree: Any) -> Config:
    """Turn what stands in a file into values; a mistake is a ValueError."""
    read = msgspec.convert(tree, File)
    Masks.of(read.masks)
    found: dict[str, Command] = {}
    for number, fields in enumerate(read.commands):
        where = f"command {fields.get('name') or number + 1}"
        try:
            command = checked(msgspec.convert({**read.defaults, **fields}, Entry))
        except (msgspec.ValidationError, ValueError) as error:
            raise ValueError(f"{where}: {error}") from None
        if command.name in found:
            raise ValueError(f"two commands are called {command.name}; give each its own name")
        found[command.name] = command
    if not found:
        raise ValueError("there is no command in it")
    return Config(tuple(found.values()), (*(DEFAULT if read.default_masks else ()), *read.masks))


def checked(entry: Entry) -> Command:
    """Turn an entry into a Command; what can't work is a ValueError."""
    argv = _argv(entry)
    if any("\0" in path for path in (entry.textfile, entry.checkout, entry.working_dir)):
        raise ValueError("textfile, checkout or working_dir holds a NUL, which no path can")
    if entry.cron and entry.period:
        raise ValueError("period and cron exclude each other; give one")
    if entry.cron:
        _check_cron(entry.cron, entry.timezone)
    period = _positive("period", entry.period or "10s")
    jitter = seconds(entry.jitter)
    if not entry.cron and jitter > period:
        raise ValueError(f"jitter {entry.jitter} is longer than the period {entry.period or '10s'}")
    if wrong := [code for code in entry.success_codes if not 0 <= code <= 255]:  # noqa: PLR2004  # exit codes
        raise ValueError(f"success_codes holds {wrong[0]}; an exit code is 0 to 255")
    if not entry.success_codes:
        raise ValueError("success_codes is empty; then no run could succeed")
    if entry.on_commit and not entry.checkout:
        raise ValueError("on_commit needs a checkout, whose commits are meant; give one")
    if entry.keep < 1:
        raise ValueError("keep must be 1 or more: the last run is always kept")
    return Command(
        name=_name(entry.name or Path(argv[0]).name),
        argv=argv,
        period=period,
        cron=entry.cron,
        timezone=entry.timezone,
        jitter=jitter,
        timeout=_positive("timeout", entry.timeout),
        kill_after=_positive("kill_after", entry.kill_after),
        at_start=not entry.cron if entry.run_at_start is None else entry.run_at_start,
        env=_environment(entry.env),
        pass_env=entry.pass_env,
        cwd=entry.working_dir,
        success_codes=frozenset(entry.success_codes),
        textfile=entry.textfile,
        checkout=entry.checkout.rstrip("/"),
        on_commit=entry.on_commit,
        keep=entry.keep,
    )


def _argv(entry: Entry) -> tuple[str, ...]:
    words = (entry.command,) if isinstance(entry.command, str) else entry.command
    if not words or not words[0]:
        raise ValueError("command is empty; give a list of words")
    if any("\0" in word for word in words):
        raise ValueError("command holds a NUL, which no program can be given")
    if entry.shell:
        if len(words) != 1:
            raise ValueError("with shell, command is one line of shell, not a list of words")
        return (SHELL, "-c", words[0])
    if isinstance(entry.command, str):
        raise ValueError("command is a line; give a list of words, or say shell: true")  # noqa: TRY004
    return words


def _name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError(f"the name {name!r} must be letters, digits, '.', '_' and '-', 63 at most")
    return name


def _positive(field: str, text: str) -> float:
    value = seconds(text)
    if not value:
        raise ValueError(f"{field} must be longer than 0")
    return value


def _environment(given: dict[str, str | int | float]) -> dict[str, str]:
    for name, value in given.items():
        if not ENV_NAME.fullmatch(name) or "\0" in str(value):
            raise ValueError(f"env can't hold {name!r}")
    return {name: str(value) for name, value in given.items()}


def _check_cron(expression: str, timezone: str) -> None:
    try:
        now = datetime.now(zone(timezone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"timezone {timezone!r} is not in this system's time zone database") from None
    try:
        next(CronSim(expression, now))
    except (CronSimError, StopIteration):
        raise ValueError(f"cron {expression!r} is no cron expression, or never comes") from None
