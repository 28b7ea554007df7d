"""Alerts that fire in a lab and are nobody's doing: `noise.yaml`, beside the scenarios.

    noise:
      - alert: NodeDiskLow
        labels: {mountpoint: /var}
        reason: The machines of the CI have small disks.
        until: 2027-03-01

A line is about the instances of an alert that have all of its labels, each a regular expression for the whole
value. After the day that it names it counts no more, and is said to be over, as is said of one that nothing
needed.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import yaml

from alertdrill.errors import ScenarioError
from alertdrill.model import Value

FILE = "noise.yaml"


class Noise(Value, frozen=True, kw_only=True):
    """One line: which instances, why they are no news, and until when that is believed."""

    alert: str
    reason: str
    until: date
    labels: dict[str, str] = {}

    def matches(self, alert: str, labels: Mapping[str, str]) -> bool:
        """Say whether it is about an instance."""
        return self.alert == alert and all(
            re.fullmatch(pattern, labels.get(name, "")) for name, pattern in self.labels.items()
        )

    def __str__(self) -> str:
        """Name it."""
        inside = ", ".join(f"{name}=~{pattern}" for name, pattern in sorted(self.labels.items()))
        return f"{self.alert}{{{inside}}}" if inside else self.alert


def beside(folders: Iterable[Path]) -> tuple[Noise, ...]:
    """Return all lines of the files in these folders; a folder need not have one."""
    files = [folder / FILE for folder in sorted(set(folders))]
    return tuple(line for file in files if file.is_file() for line in _read(file))


def in_force(lines: Sequence[Noise], today: date | None = None) -> tuple[Noise, ...]:
    """Return those that are not over."""
    return tuple(one for one in lines if one.until >= (today or datetime.now(UTC).date()))


def remarks(lines: Sequence[Noise], used: Iterable[Noise], today: date | None = None) -> list[str]:
    """Return what is to be said of lines that are over, and of those that nothing needed."""
    valid, needed = in_force(lines, today), set(map(str, used))
    over = [
        f"known noise {one} is over since {one.until}: look again, then remove it"
        for one in lines
        if one not in valid
    ]
    return over + [f"known noise {one} was not needed: remove it" for one in valid if str(one) not in needed]


def _read(file: Path) -> list[Noise]:
    try:
        content: Any = yaml.safe_load(file.read_text())
        lines = msgspec.convert(content, dict[str, list[Noise]])
        if lines.keys() != {"noise"}:
            raise ScenarioError(
                f"{file}: it has one field, `noise`, and here are: {', '.join(lines) or 'none'}"
            )
        for one in lines["noise"]:
            for pattern in one.labels.values():
                re.compile(pattern)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError, re.error) as error:
        raise ScenarioError(f"reading what is known noise: {file}: {' '.join(str(error).split())}") from error
    return lines["noise"]
