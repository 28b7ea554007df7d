"""What VictoriaMetrics does in its own way, by a stand-in that does the same before a real Prometheus.

`nox -s servers` holds a real VictoriaMetrics against the same (suite/e2e/test_servers.py).
"""

import itertools
import json
import math
from typing import Any
from urllib.parse import parse_qs

import cramjam
import pytest
import requests

from alertdrill.backtest import raw, selector, served
from alertdrill.backtest.access import Access
from alertdrill.backtest.server import Server
from alertdrill.errors import LabError
from alertdrill.incident import STALE, Series
from alertdrill.prometheus import remote_read
from alertdrill.rules import promql
from alertdrill.testing import ManualClock

from .conftest import DEPLOYED, Front, Past, Runner

Answer = tuple[int, dict[str, str], bytes]
NO_READ: Answer = (400, {}, b'unsupported path requested: "/api/v1/read"')
GAVE_UP = (
    b'{"status":"error","errorType":"422","error":"error when exporting data: cannot process more than 2000'
    b' samples per series; either increase -search.maxSamplesPerSeries or reduce time range for the query"}'
)
ENDS = """
groups:
- name: g
  interval: 500ms
  rules:
  - {alert: Alone, expr: "count(up) < 2"}
  - {alert: Changed, expr: "changes(up[2s]) > 0"}
"""


class Victoria:
    """Answers as VictoriaMetrics does: raw samples with their markers, as NaN; NaN is no value to it."""

    def __init__(self, past: Past) -> None:
        self.past = past
        self.bodies: list[dict[str, str]] = []

    def __call__(self, path: str, body: bytes) -> Answer | None:
        """Answer a path, or leave it to Prometheus."""
        if path == "read":
            return NO_READ
        if path != "query":
            return None
        asked = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        self.bodies.append(asked)
        if asked["query"] == "count(vector(NaN))":
            return 200, {}, b'{"status":"success","data":{"resultType":"vector","result":[]}}'
        if not asked["query"].endswith("ms]"):
            return None
        wanted, _, length = asked["query"].removesuffix("ms]").rpartition("[")
        last = round(float(asked["time"]) * 1000)
        rows = [_row(one) for one in self._read(wanted, last - int(length) + 1, last)]
        return (
            200,
            {},
            json.dumps({"status": "success", "data": {"resultType": "matrix", "result": rows}}).encode(),
        )

    def _read(self, wanted: str, first: int, last: int) -> list[Series]:
        node: Any = promql.parse(wanted)
        asked = bytes(
            cramjam.snappy.decompress_raw(remote_read.request(selector.of(node).matchers, first, last))
        )
        body = bytes(cramjam.snappy.compress_raw(asked.removesuffix(remote_read.ACCEPTED)))
        url = f"{self.past.prometheus.url}/api/v1/read"
        reply = requests.post(url, body, headers=remote_read.HEADERS, timeout=30)
        return list(remote_read.sampled(reply.content))


def _row(one: Series) -> dict[str, object]:
    values = ["NaN" if value == STALE else str(value) for value in one.values]
    times = [ms / 1000 for ms in one.timestamps]
    return {"metric": one.labels, "values": list(zip(times, values, strict=True))}


@pytest.mark.parametrize("text", [DEPLOYED, ENDS])
def test_markers_among_the_samples_are_markers(run: Runner, front: Front, past: Past, text: str) -> None:
    """Where NaN is no value, a NaN ends its series: alerts say to the evaluation what Prometheus' own say."""
    front.answer = Victoria(past)
    found, expected = run(text, url=front.url), run(text)
    assert "marked" == found.plan.way
    assert [one.instances for one in expected.result.alerts] == [one.instances for one in found.result.alerts]
    assert expected.result.agreement == found.result.agreement


def test_whose_series_end_by_markers_needs_no_up(run: Runner, front: Front, past: Past) -> None:
    """Nothing is fetched to learn of ends that are told, and nothing is said to be unknown of them."""
    front.answer = victoria = Victoria(past)
    result = run("groups: [{name: g, rules: [{alert: Full, expr: used > 45}]}]", url=front.url).result
    assert not [one for one in victoria.bodies if one["query"].startswith("up[")]
    assert not [one for one in result.notes if "when they ended" in one]


def test_an_answer_that_is_given_up_half_way_is_asked_for_in_less(
    run: Runner, front: Front, past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status 200 and a refusal behind half of the samples is a limit, as if it had been said at once."""
    monkeypatch.setattr("alertdrill.backtest.history.SHORTEST_MS", 1)
    victoria, numbers = Victoria(past), itertools.count()

    def answer(path: str, body: bytes) -> Answer | None:
        said = victoria(path, body)
        if said and path == "query" and b"ms%5D" in body and next(numbers) < 3:
            return 200, {}, said[2][: len(said[2]) // 2] + GAVE_UP
        return said

    front.answer = answer
    found, expected = run(DEPLOYED, url=front.url), run(DEPLOYED)
    assert [one.noise for one in expected.result.alerts] == [one.noise for one in found.result.alerts]
    assert next(numbers) > found.plan.requests


def test_an_answer_that_breaks_off_with_another_reason_is_told(run: Runner, front: Front, past: Past) -> None:
    """What is no limit is the end, in the server's own words."""
    victoria = Victoria(past)

    def answer(path: str, body: bytes) -> Answer | None:
        failed = b'{"status":"success","data":{"status":"error","error":"disk is on fire"}'
        return (200, {}, failed) if b"ms%5D" in body else victoria(path, body)

    front.answer = answer
    with pytest.raises(LabError, match=r'asking for .*: it gave up half-way: .*"error":"disk is on fire"'):
        run(DEPLOYED, url=front.url)


@pytest.mark.parametrize(
    "said",
    [
        b"error when exporting data for query=" + b"x" * 600 + b": cannot select more than 1000 samples",
        b"not enough memory for processing count(count_over_time(up[600s]))",
    ],
)
def test_a_limit_is_known_wherever_it_is_said(run: Runner, front: Front, past: Past, said: bytes) -> None:
    """Its reason may stand behind a long query, and is told; what can't be counted is fetched."""
    victoria = Victoria(past)
    front.answer = lambda path, body: (422, {}, said) if b"count_over_time" in body else victoria(path, body)
    found = run(DEPLOYED, url=front.url)
    assert {-1} == {one.samples for one in found.plan.shares}
    assert run(DEPLOYED).result.agreement == found.result.agreement
    assert Access(url="x").masked(said.decode()).endswith(said.decode()[-50:])


def test_of_what_was_written_twice_one_sample_counts() -> None:
    """The largest of a time, as VictoriaMetrics itself takes it, and a marker only where it is alone."""
    values = [
        [1, "1"],
        [1, "3"],
        [1, "2"],
        [2, "NaN"],
        [2, "4"],
        [3, "5"],
        [3, "NaN"],
        [4, "NaN"],
        [4, "NaN"],
    ]
    reply = {
        "status": "success",
        "data": {"resultType": "matrix", "result": [{"metric": {}, "values": values}]},
    }
    stored = raw.checked("asking", json.dumps(reply).encode(), 1000, 4000)
    (one,) = raw.series("asking", stored, 1000, marked=True)
    assert ((1000, 2000, 3000, 4000), (3.0, 4.0, 5.0, STALE)) == (one.timestamps, one.values)


def test_elsewhere_nan_is_a_value() -> None:
    """What a Prometheus answers as NaN somebody has measured."""
    values = [[1, "NaN"]]
    reply = {
        "status": "success",
        "data": {"resultType": "matrix", "result": [{"metric": {}, "values": values}]},
    }
    stored = raw.checked("asking", json.dumps(reply).encode(), 1000, 1000)
    (one,) = raw.series("asking", stored, 1000, marked=False)
    assert math.isnan(float(one.values[0]))


def test_a_server_that_tells_of_no_rules_has_not_said_that_there_are_none(run: Runner, front: Front) -> None:
    """VictoriaMetrics without its vmalert answers no groups; then it is --deployed that proves."""
    front.answer = lambda path, _body: (
        (200, {}, b'{"status":"success","data":{"groups":[]}}') if path == "rules" else None
    )
    result = run(DEPLOYED, url=front.url, interval=0.5).result
    assert result.proof == (
        "not proved: the server tells of no rules; name those that were deployed by --deployed"
    )
    named = run(DEPLOYED, url=front.url, deployed=DEPLOYED).result
    assert run(DEPLOYED).result.agreement == named.agreement


@pytest.mark.parametrize("name", ["keepFiringFor", "keep_firing_for"])
def test_vmalert_spells_keep_firing_for_in_its_own_way(front: Front, name: str) -> None:
    """How long an alert goes on is read in the words of Prometheus and in those of vmalert."""
    rule = {"name": "A", "query": "up == 0", "type": "alerting", "duration": 0, name: 90}
    groups = {"groups": [{"name": "g", "file": "f", "interval": 15, "rules": [rule]}]}
    front.answer = lambda _path, _body: (200, {}, json.dumps({"status": "success", "data": groups}).encode())
    server = Server(Access(url=front.url), lambda: front.url, ManualClock(), bytes_max=2**20)
    assert ["1m30s"] == [one.keep_firing_for for one in served.rules(server).rules]
