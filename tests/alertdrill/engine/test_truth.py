"""The engine's states are those of promtool, and of a Prometheus that evaluates the rules as time goes by."""

import itertools
import json
import random
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from alertdrill import engine, rules
from alertdrill.clock import WallClock
from alertdrill.engine import Engine, Evaluated, Window, evaluate, samples
from alertdrill.incident import STALE, Series
from alertdrill.machine import tools
from alertdrill.rules import RuleSet

STEP = 15
EVALUATIONS = 24
LIVE_STEP_MS = 250
LIVE_SECONDS = 8
TRIES_MAX = 4
SEEDS = (1, 2)
RULES = 20
MISSED = re.compile(r"^prometheus_rule_group_iterations_missed_total\{.*\} (\S+)$", re.MULTILINE)
WORDS = ["0", "1", "2", "_", "stale"]
# The states as seen live and as the engine says, and how many evaluations were missed.
Lived = tuple[dict[str, dict[int, str]], dict[str, dict[int, str]], float]
RUNS = itertools.count()  # each has a time of its own in the shared engine


def drawn(step: float) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Return rules over series that come and go, with durations that are multiples of the step and not."""
    durations = st.integers(0, 6).map(lambda count: f"{round(count * step * 500)}ms")
    return st.lists(
        st.fixed_dictionaries(
            {
                "values": st.lists(st.sampled_from(WORDS), min_size=EVALUATIONS, max_size=EVALUATIONS),
                "for": durations,
                "keep_firing_for": durations,
                "label": st.sampled_from(["", "{{ $value }}", "{{ $labels.a }}"]),
                "through": st.sampled_from(["", "before", "after"]),
            }
        ),
        min_size=12,
        max_size=12,
    )


def ruled(those: list[dict[str, Any]], **fields: str) -> str:
    """Return a rule file: an alert for each, some of them through a recording rule before or behind them."""
    group: list[dict[str, Any]] = []
    for number, one in enumerate(those):
        read = f"r:{number}" if one["through"] else f"m{number}"
        alert = {
            "alert": f"A{number}",
            "expr": f"{read} > 0",
            "for": one["for"],
            "keep_firing_for": one["keep_firing_for"],
            "labels": {"label": one["label"]},
        }
        record = {"record": f"r:{number}", "expr": f"m{number}"}
        group += {"": [alert], "before": [record, alert], "after": [alert, record]}[one["through"]]
    return json.dumps({"groups": [{"name": "g", **fields, "rules": group}]})


def series(those: list[dict[str, Any]], at: list[int]) -> list[Series]:
    """Return the series of each rule, with a sample at each of these milliseconds."""
    found = []
    for number, one in enumerate(those):
        there = [(ms, word) for ms, word in zip(at, one["values"], strict=True) if word != "_"]
        values: tuple[float | Literal["stale"], ...] = tuple(
            STALE if word == "stale" else float(word) for _, word in there
        )
        labels = {"__name__": f"m{number}", "a": "x"}
        found.append(Series(labels=labels, timestamps=tuple(ms for ms, _ in there), values=values))
    return found


def read(text: str) -> RuleSet:
    """Return the rules of a file."""
    return RuleSet(files={"r.yaml": rules.parse(text, "r.yaml")})


def states(found: Evaluated) -> dict[str, dict[int, str]]:
    """Return the state at each evaluation in milliseconds, by alert and label."""
    written: dict[str, dict[int, str]] = {}
    for alert in found.alerts:
        assert not alert.trouble
        for one in alert.instances:
            at = range(alert.first_ms, alert.last_ms + 1, alert.step_ms)
            key = f"{alert.rule.name} {one.labels.get('label', '')}"
            written[key] = {ms: state.value for ms, state, _ in samples.each(one.changes, at)}
    return {key: those for key, those in written.items() if those}


@given(drawn(STEP))
@settings(max_examples=5, deadline=None)
def test_states_are_those_of_promtool(
    shared: Engine, tmp_path_factory: Any, those: list[dict[str, Any]]
) -> None:
    """Evaluation by evaluation, whatever `for`, `keep_firing_for`, labels and recording rules do."""
    folder: Path = tmp_path_factory.mktemp("promtool")
    number_of_run = next(RUNS)
    text = ruled(those)
    start = (1_400_000_000 + number_of_run * 1_000_000) // STEP * STEP
    shared.write(series(those, [(start + STEP * i) * 1000 for i in range(EVALUATIONS)]))
    window = Window(start=start, end=start + STEP * (EVALUATIONS - 1), interval=STEP)
    found = states(evaluate(shared, read(text), window, tag=f"run{number_of_run}:"))
    (folder / "r.yaml").write_text(text)
    tests = [
        {
            "expr": "ALERTS",
            "eval_time": f"{STEP * i}s",
            "exp_samples": [
                {"labels": _alerts(key, at[(start + STEP * i) * 1000]), "value": 1}
                for key, at in found.items()
                if (start + STEP * i) * 1000 in at
            ],
        }
        for i in range(EVALUATIONS)
    ]
    inputs = [
        {"series": f'm{number}{{a="x"}}', "values": " ".join(one["values"])}
        for number, one in enumerate(those)
    ]
    document = {
        "rule_files": ["r.yaml"],
        "evaluation_interval": f"{STEP}s",
        "tests": [{"interval": f"{STEP}s", "input_series": inputs, "promql_expr_test": tests}],
    }
    (folder / "t.yaml").write_text(json.dumps(document))
    command = [str(tools.promtool()), "test", "rules", "t.yaml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert "  SUCCESS\n\n" == done.stdout + done.stderr


def _alerts(key: str, state: str) -> str:
    alert, _, label = key.partition(" ")
    more = f', label="{label}"' if label else ""
    return f'ALERTS{{a="x", alertname="{alert}", alertstate="{state}"{more}}}'


def at_random(seed: int) -> list[dict[str, Any]]:
    """Return rules whose series are there for a while, and then not; the same for each seed."""
    chance = random.Random(seed)  # noqa: S311  # examples, and no secrets
    found = []
    for _ in range(RULES):
        values: list[str] = []
        while len(values) < EVALUATIONS:
            values += [chance.choice(WORDS)] * chance.randint(1, 8)
        found.append(
            {
                "values": values[:EVALUATIONS],
                "for": f"{chance.randint(0, 6) * LIVE_STEP_MS // 2}ms",
                "keep_firing_for": f"{chance.randint(0, 6) * LIVE_STEP_MS // 2}ms",
                "label": chance.choice(["", "{{ $value }}", "{{ $labels.a }}"]),
                "through": chance.choice(["", "before", "after"]),
            }
        )
    return found


@pytest.fixture(scope="module")
def lives() -> Iterator[dict[int, Future[Lived]]]:
    """Begin both at once: they do little but wait."""
    with ThreadPoolExecutor(len(SEEDS)) as pool:
        yield {seed: pool.submit(lived_whole, at_random(seed)) for seed in SEEDS}


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_states_are_those_of_a_prometheus_as_time_goes_by(seed: int, lives: dict[int, Future[Lived]]) -> None:
    """What it wrote down at each of its evaluations is what the engine says of the same samples later."""
    seen, found, missed = lives[seed].result()
    assert len(found) > RULES / 2
    assert (seen, 0) == (found, missed)


def lived_whole(those: list[dict[str, Any]]) -> Lived:
    """Return what was lived, if need be again: too busy a machine leaves out evaluations, as in life."""
    for _ in range(TRIES_MAX - 1):
        one = lived(those)
        if not one[-1]:
            return one
    return lived(those)


def lived(those: list[dict[str, Any]]) -> Lived:
    """Return the states as seen live and as the engine says, and how many evaluations were missed."""
    clock = WallClock()
    with engine.started() as live:
        begun = round(clock.now() * 1000) + 1_500
        every = LIVE_SECONDS * 1000 // EVALUATIONS
        live.write(series(those, [begun + every * i for i in range(EVALUATIONS)]))
        text = ruled(those, interval=f"{LIVE_STEP_MS}ms")
        live.run_rules(text)
        clock.sleep(LIVE_SECONDS + 2)
        page = requests.get(f"{live.url}/metrics", timeout=10).text
        live.run_rules("")
        seen = live.prometheus.samples("ALERTS", start=begun / 1000 - 2, end=clock.now())
        at = sorted({ms for one in seen for ms in one.timestamps})
        window = Window(
            start=at[0] / 1000, end=at[-1] / 1000, interval=LIVE_STEP_MS / 1000, phases={"g": at[0] / 1000}
        )
        found = states(evaluate(live, read(text), window, tag="again:"))
    return _seen(seen), found, sum(float(one) for one in MISSED.findall(page))


def _seen(alerts: list[Series]) -> dict[str, dict[int, str]]:
    written: dict[str, dict[int, str]] = {}
    for one in alerts:
        key = f"{one.labels['alertname']} {one.labels.get('label', '')}"
        written.setdefault(key, {}).update(dict.fromkeys(one.timestamps, one.labels["alertstate"]))
    return written
