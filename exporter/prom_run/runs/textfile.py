"""Metrics that a command writes as a Prometheus textfile."""

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

BYTES_MAX = 4 * 1024 * 1024
# Families that are ours or Prometheus's own; a command can't speak for us.
RESERVED = ("command_exit_code", "promrun_", "process_", "scrape_", "ALERTS")
OPENMETRICS_END = "# EOF"
# A counter whose name has no `_total`: the parser would add it, and rules know the name that was written.
BARE_COUNTER = re.compile(r'^#[ \t]+TYPE[ \t]+"?([^\s"]+?)(?<!_total)"?[ \t]+counter[ \t]*$', re.MULTILINE)
# What a family's type adds to its name on the page.
ENDINGS = {"counter": "_total", "info": "_info"}
# Types that look alike on the page: one command may say which it is, and another not.
PLAIN = ("gauge", "unknown")
# Tells whether a file was written anew; None where there is none.
Stamp = tuple[int, int, int] | None
# A family's name and type.
Family = tuple[str, str]


@dataclass(frozen=True)
class Textfile:
    """What one command's file held after its last run; `error` says why there is nothing.

    `names` are those on the page, and which family each belongs to.
    """

    metrics: tuple[Metric, ...] = ()
    error: str = ""
    names: Mapping[str, Family] = field(default_factory=dict)


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
        families = tuple(_labelled(_families(text), command))
        return Textfile(families, names=_named(families))
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


def _families(text: str) -> Iterator[Metric]:
    """Yield what a text holds, in the form it is in, under the names that are written there."""
    if text.rstrip().endswith(OPENMETRICS_END):
        yield from openmetrics.text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
        return
    bare = set(BARE_COUNTER.findall(text))
    for family in text_string_to_metric_families(text):
        yield _bare(family) if family.type == "counter" and family.name in bare else family


def _bare(family: Metric) -> Metric:
    """Return a counter by the name it was written with; to OpenMetrics such a one is no counter."""
    mine = Metric(family.name, family.documentation, "unknown")
    for sample in family.samples:
        mine.add_sample(sample.name.removesuffix("_total"), sample.labels, sample.value, sample.timestamp)
    return mine


def _named(families: Iterable[Metric]) -> dict[str, Family]:
    """Return the names of families; two of one name would have readers refuse the whole page."""
    found: dict[str, Family] = {}
    for family in families:
        mine = family.name, "plain" if family.type in PLAIN else family.type
        for name in _names(family):
            if found.setdefault(name, mine) != mine:
                raise ValueError(f"{name} is there twice, and not of one type")
    return found


def _names(family: Metric) -> Iterator[str]:
    """Yield the names by which a family is known on the page."""
    yield family.name
    yield family.name + ENDINGS.get(family.type, "")
    yield from {sample.name for sample in family.samples}


def _labelled(families: Iterable[Metric], command: str) -> Iterator[Metric]:
    """Give every sample the label `command`; one it had becomes `exported_command`, as in a scrape."""
    seen: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
    for family in families:
        if family.name.startswith(RESERVED):
            raise ValueError(f"{family.name} is a name that a command can't use")
        mine = Metric(family.name, family.documentation, family.type)
        for sample in family.samples:
            _require_plain(sample)
            labels = {_renamed(name): value for name, value in sample.labels.items()} | {"command": command}
            key = sample.name, tuple(sorted(labels.items()))
            if key in seen:
                raise ValueError(f"{sample.name} is there twice with the same labels")
            seen.add(key)
            mine.add_sample(sample.name, labels, sample.value)
        yield mine


def _require_plain(sample: Sample) -> None:
    """Refuse what would be lost on the way to the page."""
    if sample.timestamp is not None:
        raise ValueError(f"{sample.name} has a timestamp; leave it out, a scrape has its own")
    if {"command", "exported_command"} <= sample.labels.keys():
        raise ValueError(f"{sample.name} has both command and exported_command for labels; leave one out")
    if sample.native_histogram is not None:
        raise ValueError(f"{sample.name} is a native histogram, which this page can't hold")


def _renamed(label: str) -> str:
    return "exported_command" if label == "command" else label
