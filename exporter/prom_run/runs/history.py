"""The runs of a command, kept in a folder: a file per run, written aside and renamed into place.

A file that is there is whole. What a crash leaves behind has another name and is swept away at the start.
"""

from pathlib import Path
from typing import Protocol

import msgspec

from exporter_kit import log
from exporter_kit.files import ASIDE, write_whole
from prom_run.runs.output import Output
from prom_run.runs.record import FORMAT, Record, Run

SUFFIX = ".json"
# Without a folder, outputs of this many runs stay in memory.
OUTPUTS_IN_MEMORY = 10

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Record)


class History(Protocol):
    """Where the runs of one command are kept."""

    def load(self) -> list[Run]:
        """Return the runs that are there, oldest first."""
        ...

    def add(self, record: Record, keep: int) -> None:
        """Keep one more run, `keep` of them in all; an OSError if it can't be kept."""
        ...

    def output(self, run_id: str) -> Output | None:
        """Return what a run printed, None where that is not known (any more)."""
        ...


class InMemory:
    """Keeps the outputs of the last few runs, and nothing across a restart."""

    def __init__(self) -> None:
        self._outputs: dict[str, Output] = {}

    def load(self) -> list[Run]:
        """Return nothing: every start is the first."""
        return []

    def add(self, record: Record, keep: int) -> None:
        """Keep an output, forget the oldest."""
        self._outputs[record.run.id] = record.output
        while len(self._outputs) > min(keep, OUTPUTS_IN_MEMORY):
            del self._outputs[next(iter(self._outputs))]

    def output(self, run_id: str) -> Output | None:
        """Return an output that is still here."""
        return self._outputs.get(run_id)


class OnDisk:
    """Keeps every run as `<id>.json` in a folder of the command's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self) -> list[Run]:
        """Return the runs of the folder; a file that can't be read is left alone and reported."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for left in self._folder.glob(f"{ASIDE}*"):
            left.unlink(missing_ok=True)
        found = (self._read(path) for path in self._paths())
        return [record.run for record in found if record]

    def add(self, record: Record, keep: int) -> None:
        """Write a run to disk, then remove the oldest past `keep`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        write_whole(self._folder / f"{record.run.id}{SUFFIX}", _ENCODER.encode(record))
        for path in self._paths()[:-keep]:
            path.unlink(missing_ok=True)

    def output(self, run_id: str) -> Output | None:
        """Read an output back."""
        record = self._read(self._folder / f"{run_id}{SUFFIX}")
        return record.output if record else None

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob(f"[0-9]*{SUFFIX}"))

    def _read(self, path: Path) -> Record | None:
        try:
            record = _DECODER.decode(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            log.get().warning("a run in the history can't be read", file=str(path), error=str(error))
            return None
        if record.format != FORMAT:
            log.get().warning("a run in the history has a format of another version", file=str(path))
            return None
        return record
