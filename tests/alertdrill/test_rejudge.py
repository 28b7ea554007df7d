"""Recordings judged again: all that can be, by what is expected now."""

import gzip
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertdrill import incident
from alertdrill.incident import Incident
from alertdrill.model import Verdict
from alertdrill.rejudge import rejudge
from alertdrill.report import json as json_report
from alertdrill.report import junit, text
from alertdrill.scenario import Fault, fires, never

GOOD = incident.read(Path(__file__).parent / "judge" / "good")
BAD = msgspec.structs.replace(GOOD.scenario, expect=(never("Mismatch"),))


def written(recorded: Incident, folder: Path) -> Path:
    """Write a recording and return its folder."""
    incident.write(recorded, folder)
    return folder


def damaged(folder: Path) -> Path:
    """Write a recording that lost a part, and return its folder."""
    written(GOOD, folder)
    (folder / "events.jsonl").unlink()
    return folder


def failed(folder: Path) -> Path:
    """Write a recording of what must not have happened, and return its folder."""
    return written(msgspec.structs.replace(GOOD, scenario=BAD), folder)


def test_a_folder_of_recordings_is_judged_whole(tmp_path: Path) -> None:
    """Every recording in it has a judgement, in order, and the worst of them is the exit code."""
    written(GOOD, tmp_path / "a")
    failed(tmp_path / "b")
    told = rejudge([tmp_path])
    assert ([Verdict.PASS, Verdict.FAIL], [], 1) == (
        [one.verdict for one in told.judgements],
        told.errors,
        told.exit_code,
    )


@pytest.mark.parametrize(("others", "code"), [([], 2), (["good"], 2), (["good", "failed"], 1)])
def test_one_that_can_t_be_read_spoils_no_other(others: list[str], code: int, tmp_path: Path) -> None:
    """The good ones are judged, the bad one is told and unknown, and nothing of it passes."""
    make = {"good": lambda folder: written(GOOD, folder), "failed": failed}
    for name in others:
        make[name](tmp_path / name)
    damaged(tmp_path / "bad")
    told = rejudge([tmp_path])
    (error,) = told.errors
    assert (code, len(others) + 1, f"{tmp_path}/bad/events.jsonl: can't read") == (
        told.exit_code,
        len(told.judgements),
        str(error)[: len(f"{tmp_path}/bad/events.jsonl: can't read")],
    )
    unknown = [one.scenario for one in told.judgements if one.verdict is Verdict.UNKNOWN]
    assert [str(tmp_path / "bad")] == unknown


def test_expectations_edited_since_are_those_judged_by(tmp_path: Path) -> None:
    """A window that was wrong can be mended without another play."""
    folder = failed(tmp_path / "one")
    assert [1, 0] == [rejudge([folder], edited).exit_code for edited in ([BAD], [GOOD.scenario])]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "a/b"}, "no scenario is called deployments/refused any more; there are: a/b"),
        ({"workload": "other"}, "was recorded with the workload web, and now has other; play it again"),
        ({"hold": "10m"}, "was recorded with the hold 9m, and now has 10m; play it again"),
        ({"fault": Fault(name="scale")}, "and now has scale(); play it again"),
    ],
)
def test_a_recording_of_something_else_is_told(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    """What was done to the workload can't be edited: by other expectations it would mean nothing."""
    told = rejudge([written(GOOD, tmp_path / "one")], [msgspec.structs.replace(GOOD.scenario, **change)])
    assert ([True], 2) == ([said in str(error) for error in told.errors], told.exit_code)
    (judged,) = told.judgements
    assert (GOOD.scenario.name, GOOD.speed, Verdict.UNKNOWN) == (
        judged.scenario,
        judged.speed,
        judged.verdict,
    )


def test_the_same_in_other_words_is_the_same(tmp_path: Path) -> None:
    """Nine minutes are 540 seconds, and a tuple of a fault's arguments was recorded as a list."""
    fault = Fault(name="x", args={"a": (1, 2)})
    then = msgspec.structs.replace(GOOD.scenario, fault=fault)
    folder = written(msgspec.structs.replace(GOOD, scenario=then), tmp_path / "one")
    assert [] == rejudge([folder], [msgspec.structs.replace(then, hold="540s")]).errors


@pytest.mark.parametrize("alert", ["Nobody", "Mismatchh"])
def test_an_alert_that_no_rule_had_is_never_a_pass(alert: str, tmp_path: Path) -> None:
    """The silence of an alert that was not there, or is misspelt now, says nothing."""
    edited = msgspec.structs.replace(GOOD.scenario, expect=(never(alert),))
    told = rejudge([written(GOOD, tmp_path / "one")], [edited])
    assert [Verdict.UNKNOWN] == [one.verdict for one in told.judgements]


def test_a_window_past_the_hold_is_unknown(tmp_path: Path) -> None:
    """Nobody watched for as long as that."""
    edited = msgspec.structs.replace(GOOD.scenario, expect=(fires("Mismatch", within="2h"),))
    told = rejudge([written(GOOD, tmp_path / "one")], [edited])
    assert [Verdict.UNKNOWN] == [one.verdict for one in told.judgements]


def test_values_that_are_no_numbers_are_nothing_seen(tmp_path: Path) -> None:
    """A workload whose every sample is NaN was not there to be judged."""
    series = tuple(
        msgspec.structs.replace(one, values=tuple(float("nan") for _ in one.values)) for one in GOOD.series
    )
    told = rejudge([written(msgspec.structs.replace(GOOD, series=series), tmp_path / "one")])
    assert [Verdict.UNKNOWN] == [one.verdict for one in told.judgements]


def test_rules_that_are_lost_are_unknown(tmp_path: Path) -> None:
    """Without the rules nobody knows what an alert was to say."""
    told = rejudge([written(msgspec.structs.replace(GOOD, rules="groups: []\n"), tmp_path / "one")])
    assert [Verdict.UNKNOWN] == [one.verdict for one in told.judgements]


def parts(folder: Path) -> dict[str, list[Any]]:
    """Return the JSON of a recording's parts, a value a line."""
    lines = {"series.jsonl.gz": gzip.decompress((folder / "series.jsonl.gz").read_bytes()).splitlines()}
    lines["events.jsonl"] = (folder / "events.jsonl").read_bytes().splitlines()
    lines["incident.json"] = [(folder / "incident.json").read_bytes()]
    return {name: [json.loads(line) for line in found] for name, found in lines.items()}


def places(value: Any) -> list[list[str | int]]:
    """Return the way to every value within a value, but for the many samples of a series."""
    if isinstance(value, dict):
        within = list(value.items())
    elif isinstance(value, list):
        within = list(enumerate(value[:8]))
    else:
        return []
    return [way for key, inner in within for way in ([key], *([key, *rest] for rest in places(inner)))]


PARTS = parts(Path(__file__).parent / "judge" / "good")
PLACES = [[name, *way] for name, found in PARTS.items() for way in places(found)]
ODD = [0, -1, 1.5, 1e300, -1e300, 10**400, "", "x", "\0", "5m", "NaN", "stale", "(", None, True, [], {}, [1]]
GONE = object()


@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from([*ODD, GONE])), min_size=1, max_size=3))
@settings(deadline=None, max_examples=300)
def test_any_damage_is_told_or_judged(hurts: list[tuple[list[Any], Any]]) -> None:
    """With any value of any part lost or another, a recording is a verdict that can be told or a sentence."""
    hurt = json.loads(json.dumps(PARTS))
    for way, value in hurts:
        inner = hurt
        try:
            for key in way[:-1]:
                inner = inner[key]
            if value is GONE:
                del inner[way[-1]]
            else:
                inner[way[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue  # an earlier one took it away
    with TemporaryDirectory() as folder:
        for name, found in hurt.items():
            raw = "\n".join(map(json.dumps, found or [])).encode()
            (Path(folder) / name).write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
        (Path(folder) / "rules.yaml").write_text(GOOD.rules)
        told = rejudge([Path(folder)])
    for render in (text.render, junit.render, json_report.render):
        assert render(told.judgements)
    assert all(len(str(error).splitlines()) == 1 for error in told.errors)
