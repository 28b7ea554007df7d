"""Recordings on disk: what is written is read, and damage is never taken for a recording."""

import gzip
import math
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertdrill import incident
from alertdrill.errors import IncidentError
from alertdrill.incident import Cadence, Event, Incident, Limits, Series
from alertdrill.incident.folder import PACE, PARTS, SUMS, Head
from alertdrill.scenario import Fault, Scenario, fires, like, never

SCENARIO = Scenario(
    name="pods/crash-loop",
    why="It must be seen.",
    workload="web",
    hold="90m",
    expect=(fires("A", within="75m", labels={"pod": like("web-.*")}), never("B")),
    fault=Fault(name="crash", args={"container": "app"}),
)
LIMITS = Limits(
    scrape_interval=15, scrape_gap_max=45, evaluation_interval=15, jobs=("a/b",), canary="Watchdog"
)
SAMPLE = Incident(
    scenario=SCENARIO,
    namespace="drill-x",
    speed=20,
    started="2026-01-01T00:00:00+00:00",
    fault_at=0.25,
    versions={"prometheus": "3.5"},
    limits=LIMITS,
    cadence=Cadence(promised=300, low=200, high=360, measured=(301.5,)),
    phases={"cluster": 17.25},
    events=(
        Event(t=-10, kind="step", data={"name": "deploy"}),
        Event(t=0, kind="fault", data={"fault": "crash"}),
        Event(t=40.5, kind="alert", data={"alert": "A", "labels": {"pod": "web-1"}, "state": "pending"}),
        Event(t=60, kind="end"),
    ),
    series=(
        Series(labels={"__name__": "up", "job": "a/b"}, timestamps=(1, 2, 3), values=(1.0, 0.5, "stale")),
    ),
    rules="groups: []\n",
)

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | FINITE | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=4,
)
EVENTS = st.builds(
    Event,
    t=st.floats(-1e10, 1e10),
    kind=st.sampled_from(["step", "alert", "scrape", "rule_health", "trouble", "end"]),
    data=st.dictionaries(TEXT, JSON, max_size=3),
)
SAMPLES = st.lists(
    st.tuples(st.integers(0, 6 * 86_400_000), st.floats(allow_nan=False) | st.just("stale")),
    max_size=5,
    unique_by=lambda pair: pair[0],
).map(lambda pairs: tuple(zip(*sorted(pairs, key=lambda pair: pair[0]), strict=True)) or ((), ()))
SERIES = st.builds(
    lambda labels, samples: Series(labels=labels, timestamps=samples[0], values=samples[1]),
    st.dictionaries(TEXT, TEXT, max_size=3),
    SAMPLES,
)


@given(
    st.lists(EVENTS, max_size=5),
    st.lists(SERIES, max_size=3, unique_by=lambda one: frozenset(one.labels.items())),
    TEXT,
    st.dictionaries(TEXT, TEXT, max_size=3),
)
@settings(deadline=None)
def test_what_is_written_is_read(
    events: list[Event], series: list[Series], rules: str, versions: dict[str, str]
) -> None:
    """An incident comes back as it was, its events in order of time."""
    ordered = tuple(sorted(events, key=lambda event: event.t))
    whole = msgspec.structs.replace(
        SAMPLE, events=ordered, series=tuple(series), rules=rules, versions=versions
    )
    with TemporaryDirectory() as folder:
        incident.write(whole, Path(folder) / "one")
        assert whole == incident.read(Path(folder) / "one")


def test_all_that_is_known_of_a_run_is_written() -> None:
    """A field that is not would be judged by once, and never again."""
    elsewhere = {"events", "series", "rules", "pace"}  # in files of their own
    assert {*Incident.__struct_fields__} - elsewhere == {*Head.__struct_fields__} - {"format"}


def test_values_that_are_no_number_survive(tmp_path: Path) -> None:
    """NaN and the infinities, for which JSON has no number, come back."""
    values: tuple[float | Literal["stale"], ...] = (math.nan, math.inf, -math.inf, "stale", 1.0)
    odd = Series(labels={}, timestamps=(1, 2, 3, 4, 5), values=values)
    incident.write(msgspec.structs.replace(SAMPLE, series=(odd,)), tmp_path / "one")
    assert [str(value) for value in values] == [
        str(value) for value in incident.read(tmp_path / "one").series[0].values
    ]


def test_the_same_recording_gives_the_same_bytes(tmp_path: Path) -> None:
    """Nothing of the moment or the place gets into the folder, so recordings can be compared."""
    incident.write(SAMPLE, tmp_path / "one")
    incident.write(SAMPLE, tmp_path / "two")
    for part in (*PARTS, SUMS):
        assert (tmp_path / "one" / part).read_bytes() == (tmp_path / "two" / part).read_bytes()


def test_a_second_write_replaces_the_folder(tmp_path: Path) -> None:
    """What was in a folder of that name is gone, and no scratch folder is left."""
    incident.write(SAMPLE, tmp_path / "one")
    (tmp_path / "one" / "old").touch()
    incident.write(SAMPLE, tmp_path / "one")
    assert ["one"] == [path.name for path in tmp_path.iterdir()]
    assert sorted([*PARTS, SUMS]) == sorted(path.name for path in (tmp_path / "one").iterdir())


def test_what_can_not_be_put_in_its_place_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the new recording is there in whole, the old one is, and no scratch folder is left."""
    incident.write(SAMPLE, tmp_path / "one")
    rename = Path.rename

    def refused(path: Path, target: Path) -> Path:
        if target.name == "one" and not path.name.endswith(".before"):
            assert not target.exists()
            raise OSError("no space left")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(OSError, match="no space left"):
        incident.write(msgspec.structs.replace(SAMPLE, namespace="another"), tmp_path / "one")
    assert ["one"] == [path.name for path in tmp_path.iterdir()]
    assert SAMPLE == incident.read(tmp_path / "one")


@st.composite
def damage(draw: st.DrawFn) -> tuple[str, float, int]:
    """Draw a part, a place in it, and what to do there: cut, or flip by a mask."""
    place = draw(st.floats(0, 1, exclude_max=True))
    return draw(st.sampled_from([*PARTS, SUMS])), place, draw(st.integers(0, 255))


@given(damage())
@settings(max_examples=150, deadline=None)
def test_damage_is_an_incident_error_or_changes_nothing(hurt: tuple[str, float, int]) -> None:
    """With any byte flipped or any tail cut off, a folder is refused with a sentence, or reads the same."""
    part, place, mask = hurt
    with TemporaryDirectory() as folder:
        one = Path(folder) / "one"
        incident.write(SAMPLE, one)
        damaged(one / part, place, mask)
        try:
            assert SAMPLE == incident.read(one)
        except IncidentError as error:
            assert error.file.startswith(str(one))  # noqa: PT017  # reading the same is fine as well


@given(damage())
@settings(max_examples=150, deadline=None)
def test_damage_without_sums_never_escapes(hurt: tuple[str, float, int]) -> None:
    """An edited recording may be another one, but reading it never ends in anything but an IncidentError."""
    part, place, mask = hurt
    with TemporaryDirectory() as folder:
        one = Path(folder) / "one"
        incident.write(SAMPLE, one)
        damaged(one / part, place, mask)
        (one / SUMS).unlink()
        try:
            assert isinstance(incident.read(one), Incident)
        except IncidentError as error:
            assert error.file.startswith(str(one))  # noqa: PT017  # another recording is fine as well


def damaged(file: Path, place: float, mask: int) -> None:
    """Cut a file off at a place, or flip bits of the byte there."""
    raw = bytearray(file.read_bytes())
    position = int(len(raw) * place)
    if mask:
        raw[position] ^= mask
        file.write_bytes(raw)
    else:
        file.write_bytes(raw[:position])


@pytest.mark.parametrize("part", PARTS)
def test_a_missing_part_is_named(part: str, tmp_path: Path) -> None:
    """A folder without one of its parts is refused with the path of what is missing."""
    incident.write(SAMPLE, tmp_path / "one")
    (tmp_path / "one" / part).unlink()
    with pytest.raises(IncidentError, match=f"{part}: can't read this part of the recording: No such file"):
        incident.read(tmp_path / "one")


@pytest.mark.parametrize(
    ("name", "said"),
    [("", "there is no recording in this"), ("none", "this is no folder"), ("a", "this is no")],
)
def test_where_no_recording_is_that_is_said(name: str, said: str, tmp_path: Path) -> None:
    """Of a folder without any part of a recording, and of none, nobody is told which part to look for."""
    (tmp_path / "a").touch()
    with pytest.raises(IncidentError, match=f"^{tmp_path / name}: {said}"):
        incident.read(tmp_path / name)


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    """A recording of another version says which format it has and what to do."""
    incident.write(SAMPLE, tmp_path / "one")
    head = tmp_path / "one" / "incident.json"
    head.write_text(head.read_text().replace('"format": 3', '"format": 99'))
    with pytest.raises(IncidentError, match=r"has format 99, and this alertdrill reads formats 1 to 3; use"):
        incident.read(tmp_path / "one")


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("incident.json", "this is no recording: it is empty"),
        ("series.jsonl.gz", "can't read this part of the recording: it is empty"),
    ],
)
def test_an_empty_part_is_said_to_be_empty(part: str, said: str, tmp_path: Path) -> None:
    """A file of no bytes is no recording of nothing, as after a disk that was full."""
    incident.write(SAMPLE, tmp_path / "one")
    (tmp_path / "one" / SUMS).unlink()
    (tmp_path / "one" / part).write_bytes(b"")
    with pytest.raises(IncidentError, match=f"{part}: {said}$"):
        incident.read(tmp_path / "one")


def test_an_edited_part_needs_the_sums_removed(tmp_path: Path) -> None:
    """An edit is refused until the person who made it removes the sums; then it counts."""
    one = tmp_path / "one"
    incident.write(SAMPLE, one)
    (one / "rules.yaml").write_text("other")
    with pytest.raises(IncidentError, match=r"rules.yaml: this part is not as it was recorded; restore it"):
        incident.read(one)
    (one / SUMS).unlink()
    assert "other" == incident.read(one).rules


def test_what_was_declared_is_a_part_that_need_not_be_there(tmp_path: Path) -> None:
    """It comes back; without it there is no such file, and one that is edited, lost or added is told."""
    declared, one = msgspec.structs.replace(SAMPLE, pace="metrics: []\n"), tmp_path / "one"
    incident.write(declared, one)
    assert declared == incident.read(one)
    (one / PACE).write_text("other")
    with pytest.raises(IncidentError, match=r"pace.yaml: this part is not as it was recorded; restore it"):
        incident.read(one)
    (one / PACE).unlink()
    with pytest.raises(IncidentError, match=r"pace.yaml: can't read this part of the recording: No such"):
        incident.read(one)
    incident.write(SAMPLE, one)
    assert (SAMPLE, False) == (incident.read(one), (one / PACE).exists())
    (one / PACE).write_text(declared.pace)
    with pytest.raises(IncidentError, match=r"pace.yaml: this part is not as it was recorded; restore it"):
        incident.read(one)
    (one / SUMS).unlink()
    assert declared == incident.read(one)


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    """Where a part has lines, the error has the line."""
    one = tmp_path / "one"
    incident.write(SAMPLE, one)
    (one / SUMS).unlink()
    with (one / "events.jsonl").open("a") as stream:
        stream.write('{"t": 1, "kind": "party"}\n')
    with pytest.raises(IncidentError, match=r"events.jsonl:5: this is no recording: .*party"):
        incident.read(one)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"labels": {}, "timestamps": [], "values": ["old"]}', "x"])
def test_series_that_are_none_are_refused(text: str, tmp_path: Path) -> None:
    """Nesting without end, an unknown marker and what is no JSON are IncidentErrors."""
    one = tmp_path / "one"
    incident.write(SAMPLE, one)
    (one / SUMS).unlink()
    (one / "series.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    with pytest.raises(IncidentError, match=r"series.jsonl.gz:1: this is no recording"):
        incident.read(one)


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda sums: sums.replace("  ", " *"),
        lambda sums: sums.replace("\n", "\r\n"),
        lambda sums: "".join(f"{line[:64].upper()}{line[64:]}\n" for line in sums.splitlines()),
        lambda sums: "\n".join(reversed(sums.splitlines())),
    ],
)
def test_sums_are_read_as_sha256sum_writes_them(rewrite: Callable[[str], str], tmp_path: Path) -> None:
    """Binary marks, line ends of another system, capitals and another order say the same."""
    incident.write(SAMPLE, tmp_path / "one")
    sums = tmp_path / "one" / SUMS
    sums.write_bytes(rewrite(sums.read_text()).encode())
    assert SAMPLE == incident.read(tmp_path / "one")


@pytest.mark.parametrize(
    ("part", "old", "new", "said"),
    [
        (
            "incident.json",
            '"speed": 20',
            '"speed": 0',
            "incident.json: this is no recording: Expected `float` >= 1",
        ),
        ("incident.json", '"speed": 20', '"speed": -1', "Expected `float` >= 1"),
        ("incident.json", '"speed": 20', '"speed": 1e300', "Expected `float` <= 1000.0 - at `$.speed`"),
        ("incident.json", '"scrape_interval": 15', '"scrape_interval": 0', "Expected `float` > 0"),
        ("incident.json", '"fault_at": 0.25', '"fault_at": 1e300', "at `$.fault_at`"),
        (
            "events.jsonl",
            '"t":40.5',
            '"t":1e11',
            "events.jsonl:3: this is no recording: Expected `float` <= ",
        ),
        (
            "series.jsonl.gz",
            "[1,2,3]",
            "[1,2]",
            "series.jsonl.gz:1: this series has 3 values at 2 timestamps",
        ),
        (
            "series.jsonl.gz",
            "[1,2,3]",
            "[1,2,-3]",
            "series.jsonl.gz:1: this is no recording: Expected `int` >= 0",
        ),
        ("series.jsonl.gz", "3],", f"{10**400}],", "series.jsonl.gz:1: this is no recording: "),
        (
            "series.jsonl.gz",
            "[1,2,3]",
            "[1,3,2]",
            "series.jsonl.gz:1: the times of this series go back, as those of a clock that was set; restore",
        ),
        (
            "series.jsonl.gz",
            "[1,2,3]",
            f"[1,2,{2 * 10**9}]",
            "series.jsonl.gz:1: this series has a sample 23 days from the fault, which is not of that run",
        ),
        (
            "series.jsonl.gz",
            "}\n",
            "}\nSAME",
            "series.jsonl.gz:2: this series is here twice; restore the recording",
        ),
    ],
)
def test_what_was_never_measured_is_damage(part: str, old: str, new: str, said: str, tmp_path: Path) -> None:
    """Values out of bounds, samples without times or out of order, a series twice: each is told by place."""
    incident.write(SAMPLE, tmp_path / "one")
    (tmp_path / "one" / SUMS).unlink()
    file = tmp_path / "one" / part
    text = gzip.decompress(file.read_bytes()).decode() if file.suffix == ".gz" else file.read_text()
    assert old in text
    changed = text.replace(old, new.replace("SAME", text))
    file.write_bytes(gzip.compress(changed.encode()) if file.suffix == ".gz" else changed.encode())
    with pytest.raises(IncidentError) as caught:
        incident.read(tmp_path / "one")
    assert said in str(caught.value)


def test_recordings_are_found_at_any_depth(tmp_path: Path) -> None:
    """A folder stands for all recordings in it, damaged ones among them; what is hidden is none."""
    for name in ("a/one", "a/two/deep", "b", ".lab/three"):
        incident.write(SAMPLE, tmp_path / name)
    (tmp_path / "b" / "incident.json").unlink()
    (tmp_path / "c").mkdir()
    found = incident.find([tmp_path, tmp_path / "a" / "one", tmp_path / "c", tmp_path / "none"])
    assert ["a/one", "a/two/deep", "b", "c", "none"] == [str(one.relative_to(tmp_path)) for one in found]
