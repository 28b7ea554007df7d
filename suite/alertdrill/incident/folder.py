"""A recording ⇄ a folder on disk, with a format version: record first, judge later.

    incident.json    format, scenario, namespace, speed, started, versions, limits, workload, left_out,
                     traits, cadence, phases, delivery, claims, metrics, beside, disturbed, elsewhere,
                     noise
    events.jsonl     one Event a line, in order of t
    series.jsonl.gz  one Series a line
    rules.yaml       the rules as they were, uncompressed
    pace.yaml        what was declared of their metrics, where something was
    SHA256SUMS       of those above, as `sha256sum --check` reads it; without it nothing is checked

`t` is seconds of rule time since the fault (live seconds x k), negative before it. Format 1 had no
claims; format 2 no messages, and only the series of the scenario's own objects, so no metrics. One without
a pace.yaml may be older than that is.
"""

import gzip
import hashlib
import math
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import msgspec

from alertdrill.errors import IncidentError
from alertdrill.incident.values import (
    STALE,
    Cadence,
    Delivery,
    Event,
    Incident,
    Limits,
    Milliseconds,
    Moment,
    Series,
    Speed,
)
from alertdrill.model import Claim, Trait, Value
from alertdrill.scenario import Expectation, Scenario
from alertdrill.scenario.noise import Noise

DAYS_MAX = 7.0  # live ones, between the fault and any sample
GZIP_LEVEL = 6  # a third of the time of 9, for 4 % more
FORMAT = 3
READABLE = (1, 2, 3)
PARTS = ("incident.json", "events.jsonl", "series.jsonl.gz", "rules.yaml")
PACE = "pace.yaml"  # a part that need not be there
SUMS = "SHA256SUMS"
SUM = re.compile(r"\\?(?P<sum>[0-9a-fA-F]{64}) [ *](?P<part>.+)")  # what `sha256sum` writes
RECORDED = frozenset({"incident.json", "events.jsonl", "series.jsonl.gz"})  # what only recordings have
NOT_FINITE: dict[str, Literal["NaN", "inf", "-inf"]] = {"nan": "NaN", "inf": "inf", "-inf": "-inf"}


class Head(Value, frozen=True, kw_only=True):
    """What incident.json holds."""

    format: int
    scenario: Scenario
    namespace: str
    speed: Speed
    started: str
    fault_at: Moment
    versions: dict[str, str]
    limits: Limits
    workload: tuple[str, ...] | None = None
    left_out: tuple[str, ...] = ()
    traits: tuple[Trait, ...] | None = None
    cadence: Cadence | None
    phases: dict[str, float]
    delivery: Delivery | None = None
    claims: tuple[Claim, ...] = ()
    metrics: tuple[str, ...] | None = None
    beside: tuple[Expectation, ...] = ()
    disturbed: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    noise: tuple[Noise, ...] = ()


def write(incident: Incident, folder: Path) -> None:
    """Write the folder as a whole or not at all; one of that name is replaced, and is there until it is."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    before = aside.with_name(f"{aside.name}.before")
    try:
        head = Head(
            format=FORMAT,
            **{name: getattr(incident, name) for name in Head.__struct_fields__ if name != "format"},
        )
        encoder = msgspec.json.Encoder(order="deterministic")
        (aside / "incident.json").write_bytes(msgspec.json.format(encoder.encode(head), indent=2) + b"\n")
        (aside / "events.jsonl").write_bytes(encoder.encode_lines(sorted(incident.events, key=lambda e: e.t)))
        # No name and no time in the gzip header: the same recording gives the same bytes.
        series = encoder.encode_lines([_written(one) for one in incident.series])
        (aside / "series.jsonl.gz").write_bytes(gzip.compress(series, GZIP_LEVEL, mtime=0))
        (aside / "rules.yaml").write_text(incident.rules)
        if incident.pace:
            (aside / PACE).write_text(incident.pace)
        sums = _sums(aside, _parts(aside))
        (aside / SUMS).write_text("".join(f"{total}  {part}\n" for part, total in sums.items()))
        aside.chmod(0o755)
        if folder.is_dir():
            folder.rename(before)
        aside.rename(folder)
    except OSError as error:
        if error.errno:
            error.filename = str(folder)  # a disk that is full does not say of what
        raise
    finally:
        if before.exists() and not folder.exists():
            before.rename(folder)
        for left in (aside, before):
            shutil.rmtree(left, ignore_errors=True)


def find(paths: Sequence[Path]) -> list[Path]:
    """Return the folders of the recordings meant: each path's own, else all that are in it, at any depth.

    A path with none in it stands for itself, so that reading it says what is missing.
    """
    found: list[Path] = []
    for path in paths:
        within = list(_within(path))
        found += within or [path]
    return list(dict.fromkeys(found))


def are_in(paths: Sequence[Path]) -> bool:
    """Say whether any recording is in one of these; a play that was interrupted leaves a folder without."""
    return any(True for path in paths for _ in _within(path))


def _within(path: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(path):
        folders[:] = sorted(folder for folder in folders if not folder.startswith("."))
        if RECORDED & set(files):
            folders.clear()
            yield Path(place)


def read(folder: Path) -> Incident:
    """Return the incident of a folder; what is missing or damaged is an IncidentError."""
    if not any((folder / part).exists() for part in RECORDED):
        said = "there is no recording in this folder" if folder.is_dir() else "this is no folder"
        raise IncidentError(f"{said}; name one that a play wrote, or one that holds such", file=str(folder))
    raw = _part(folder, "incident.json", Path.read_bytes)
    found = _decode(folder / "incident.json", raw, _Format).format
    if found not in READABLE:
        raise IncidentError(
            f"this recording has format {found}, and this alertdrill reads formats {READABLE[0]} to {FORMAT};"
            " use the version that wrote it, or record it again",
            file=str(folder / "incident.json"),
        )
    if (folder / SUMS).exists():
        _check_sums(folder)
    head = _decode(folder / "incident.json", raw, Head)
    events = _part(folder, "events.jsonl", Path.read_bytes)
    series = _part(folder, "series.jsonl.gz", _unpacked)
    fields = {name: getattr(head, name) for name in Head.__struct_fields__ if name != "format"}
    return Incident(
        **fields,
        events=_lines(folder / "events.jsonl", events, Event),
        series=_series(folder / "series.jsonl.gz", series, head.fault_at),
        rules=_part(folder, "rules.yaml", Path.read_bytes).decode(errors="replace"),
        pace=_part(folder, PACE, Path.read_bytes).decode(errors="replace") if PACE in _parts(folder) else "",
    )


def _parts(folder: Path) -> tuple[str, ...]:
    """Return the parts a recording must have, with what else it has of one."""
    return (*PARTS, PACE) if (folder / PACE).exists() else PARTS


def _sums(folder: Path, parts: Sequence[str]) -> dict[str, str]:
    """Return the sum of each part."""
    return {part: hashlib.sha256(_part(folder, part, Path.read_bytes)).hexdigest() for part in parts}


def _check_sums(folder: Path) -> None:
    """Refuse a recording that is not as it was written; a person who edits one removes the sums."""
    lines = _part(folder, SUMS, Path.read_bytes).decode(errors="replace").splitlines()
    stated = {found["part"]: found["sum"].lower() for line in lines if (found := SUM.fullmatch(line))}
    parts = (*PARTS, PACE) if PACE in stated else _parts(folder)
    for part, total in _sums(folder, parts).items():
        if stated.get(part) != total:
            raise IncidentError(
                f"this part is not as it was recorded; restore it, or remove {SUMS} if you edited it",
                file=str(folder / part),
            )


class _Written(Value, frozen=True, kw_only=True):
    """A Series as it is written: JSON has no number for what is not finite."""

    labels: dict[str, str]
    timestamps: tuple[Milliseconds, ...]
    values: tuple[float | Literal["stale", "NaN", "inf", "-inf"], ...]


def _written(series: Series) -> _Written:
    values = tuple([value if _is_plain(value) else NOT_FINITE[str(value)] for value in series.values])
    return _Written(labels=series.labels, timestamps=series.timestamps, values=values)


def _is_plain(value: float | Literal["stale"]) -> bool:
    return isinstance(value, str) or math.isfinite(value)


def _series(path: Path, raw: bytes, fault_at: float) -> tuple[Series, ...]:
    """Return the series; one whose samples have no times, and one that is there twice, is damage.

    So is a time that is days from the fault: a replay would ask what was at every moment until then.
    """
    found: dict[frozenset[tuple[str, str]], Series] = {}
    for line, written in enumerate(_lines(path, raw, _Written), 1):
        key = frozenset(written.labels.items())
        if len(written.timestamps) != len(written.values):
            counts = f"{len(written.values)} values at {len(written.timestamps)} timestamps"
            raise IncidentError(f"this series has {counts}; restore the recording", file=str(path), line=line)
        if any(later <= sooner for sooner, later in pairwise(written.timestamps)):
            said = "the times of this series go back, as those of a clock that was set"
            raise IncidentError(
                f"{said}; restore the recording, or record it anew", file=str(path), line=line
            )
        for time in (*written.timestamps[:1], *written.timestamps[-1:]):
            days = abs(time / 1000 - fault_at) / 86_400
            if days > DAYS_MAX:
                said = f"this series has a sample {days:.0f} days from the fault, which is not of that run"
                raise IncidentError(
                    f"{said}; restore the recording, or record it anew", file=str(path), line=line
                )
        if key in found:
            raise IncidentError("this series is here twice; restore the recording", file=str(path), line=line)
        found[key] = _from_written(written)
    return tuple(found.values())


def _from_written(written: _Written) -> Series:
    return Series(
        labels=written.labels,
        timestamps=written.timestamps,
        values=tuple(
            value if isinstance(value, float) or value == STALE else float(value) for value in written.values
        ),
    )


class _Format(msgspec.Struct):
    format: int


def _unpacked(path: Path) -> bytes:
    """Return what a file was packed from; to gzip a file of nothing at all is whole."""
    packed = path.read_bytes()
    if not packed:
        raise EOFError("it is empty")
    return gzip.decompress(packed)


T = TypeVar("T")
# Made once, and here: two threads that are the first to decode a type end the process (msgspec 0.22).
DECODERS: Mapping[type, msgspec.json.Decoder[Any]] = {
    shape: msgspec.json.Decoder(shape) for shape in (_Format, Head, Event, _Written)
}


def _part(folder: Path, name: str, reader: Callable[[Path], bytes]) -> bytes:
    try:
        return reader(folder / name)
    except (OSError, EOFError, gzip.BadGzipFile) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise IncidentError(
            f"can't read this part of the recording: {why}", file=str(folder / name)
        ) from error
    except Exception as error:  # zlib.error and whatever else a damaged stream raises
        raise IncidentError(
            f"this part of the recording is damaged: {error}", file=str(folder / name)
        ) from error


def _decode(path: Path, raw: bytes, shape: type[T], line: int = 0) -> T:
    if not raw.strip():
        raise IncidentError("this is no recording: it is empty", file=str(path), line=line)
    try:
        return cast("T", DECODERS[shape].decode(raw))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise IncidentError(f"this is no recording: {error}", file=str(path), line=line) from error


def _lines(path: Path, raw: bytes, shape: type[T]) -> tuple[T, ...]:
    return tuple(_decode(path, line, shape, number) for number, line in enumerate(raw.splitlines(), 1))
