"""Metrics that a command writes as a Prometheus textfile."""

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

BYTES_MAX = 4 * 1024 * 1024
# Families that are ours or Prometheus's own; a command can't speak for us.
RESERVED = ("command_exit_code", "promrun_", "process_", "scrape_", "ALERTS")
# Tells whether a file was written anew; None where there is none.
Stamp = tuple[int, int, int] | None


@dataclass(frozen=True)
class Textfile:
    """What one command's file held after its last run; `error` says why there is nothing."""

    metrics: tuple[Metric, ...] = ()
    error: str = ""


def stamp(path: str) -> Stamp:
    """Return what changes when a file is written."""
    try:
        status = os.stat(path)  # noqa: PTH116  # "" is no file, where Path("") would be the folder we are in
    except (OSError, ValueError):
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def restored(path: str, command: str) -> Textfile:
    """Read what a file held before we were restarted: an alert on it should not start anew."""
    return read(path, command, None) if stamp(path) else Textfile()


def read(path: str, command: str, before: Stamp) -> Textfile:
    """Read a command's textfile after a run; what is as it was `before` is no news, and not reported."""
    now = stamp(path)
    if now is None or now == before:
        return Textfile(error=f"the command did not write {path}")
    if now[1] > BYTES_MAX:
        return Textfile(error=f"{path} has {now[1]:,} bytes; {BYTES_MAX:,} are the most that is read")
    try:
        text = _regular(path).decode()
        return Textfile(tuple(_labelled(text_string_to_metric_families(text), command)))
    except OSError as error:
        return Textfile(error=f"can't read {path}: {error.strerror}")
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        # The parser raises whatever its handling of strings meets.
        return Textfile(error=f"{path} is no Prometheus text: {error}")


def _regular(path: str) -> bytes:
    """Read a regular file: a pipe is waited for, a device has no end."""
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123  # a descriptor
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("it is no regular file")
        text = file.read(BYTES_MAX + 1)
    if len(text) > BYTES_MAX:
        raise ValueError(f"it has more than {BYTES_MAX:,} bytes")
    return text


def _labelled(families: Iterable[Metric], command: str) -> Iterable[Metric]:
    """Give every sample the label `command`; one it had becomes `exported_command`, as in a scrape."""
    seen: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
    for family in families:
        if family.name.startswith(RESERVED):
            raise ValueError(f"{family.name} is a name that a command can't use")
        mine = Metric(family.name, family.documentation, family.type)
        for sample in family.samples:
            labels = {_renamed(name): value for name, value in sample.labels.items()} | {"command": command}
            key = sample.name, tuple(sorted(labels.items()))
            if key in seen:
                raise ValueError(f"{sample.name} is there twice with the same labels")
            seen.add(key)
            mine.add_sample(sample.name, labels, sample.value)
        yield mine


def _renamed(label: str) -> str:
    return "exported_command" if label == "command" else label
