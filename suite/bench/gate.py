"""Rules held against recordings: how long it takes, and beside a promtool test file per variant of a rule.

`python -m bench.gate` prints figures and ratios, and ends with 1 where one is missed. What a save takes is
the time from the save of a rule file to the last line that `alertdrill watch` says of it. The modelled
containers, of which every tenth is in a crash loop, are what promtool would be given by hand: each variant of
a rule, of its window or its threshold, needs its test file run anew, while the engine has the samples once
and is asked again.
"""

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import msgspec

from alertdrill import data, engine, incident, rules
from alertdrill.engine import Window, evaluate
from alertdrill.errors import LabError
from alertdrill.gate import gate
from alertdrill.incident import Series
from alertdrill.machine import tools
from alertdrill.replay import replay
from alertdrill.replay.export import written
from alertdrill.rules import RuleSet

GATE_SECONDS_MAX, REPLAY_SECONDS_MAX, SAVE_SECONDS_MAX, RATIO_MIN = 15.0, 1.5, 2.0, 50.0
CONTAINERS, LOOP, STEP, HOURS = 1000, 10, 15, 3  # every tenth loops
VARIANTS, PROMTOOL_RUNS = 100, 3
START = 1_600_000_000 // STEP * STEP
INCIDENTS = data.path("fixtures", "incidents")
RULES = data.path("rules")
SAVES = (
    ("for: 1h", "for: 61m"),
    ("for: 15m", "for: 16m"),
    ("[10m]", "[9m]"),
    ("severity: warning", "severity: info"),
    ("keeps restarting", "restarts"),
)


def seconds(run: Callable[[], object]) -> float:
    """Return how long something takes."""
    begun = time.monotonic()
    run()
    return time.monotonic() - begun


def saves() -> list[float]:
    """Return the seconds of each of a few saves of a file that `alertdrill watch` looks at."""
    command = [sys.executable, "-uc", "from alertdrill.entry import main; main()", "watch"]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "rules"
        shutil.copytree(RULES, folder)
        command += [str(folder), "--incidents", str(INCIDENTS)]
        quiet = subprocess.DEVNULL  # that it was interrupted
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=quiet, text=True) as watching:
            assert watching.stdout is not None
            try:
                _said(watching.stdout, "watching ")
                return [_saved(folder, watching.stdout, *words) for words in SAVES]
            finally:
                watching.send_signal(signal.SIGINT)


def _saved(folder: Path, said: IO[str], old: str, new: str) -> float:
    """Save a file as editors do, with some words replaced; return the seconds until it is told."""
    file, aside = folder / "pods.rules.yaml", folder.parent / "aside"
    text = (RULES / file.name).read_text()
    assert old in text
    aside.write_text(text.replace(old, new))

    def save() -> None:
        aside.replace(file)
        _said(said, "in ")

    return seconds(save)


def _said(stream: IO[str], first: str) -> None:
    """Wait for a line that begins so."""
    if not any(line.startswith(first) for line in stream):
        raise LabError(f"waited for alertdrill watch to say {first!r}, and it ended")


def restarts() -> list[Series]:
    """Return the restarts of containers; who loops does so every five minutes, from a moment of its own."""
    times = range(START, START + HOURS * 3600, STEP)
    return [
        Series(
            labels={"__name__": "restarts", "pod": f"web-{number}"},
            timestamps=tuple(t * 1000 for t in times),
            values=tuple(0.0 if number % LOOP else float((t - START + 7 * number) // 300) for t in times),
        )
        for number in range(CONTAINERS)
    ]


def variant(number: int) -> str:
    """Return a rule file: a rule of another window and another threshold."""
    window, threshold = divmod(number, 10)
    expression = f"rate(restarts[{window + 1}m]) > {threshold}/3600"
    return f"groups: [{{name: g, rules: [{{alert: A{number}, expr: '{expression}', for: 1h}}]}}]"


def ours(made: list[Series]) -> float:
    """Return the seconds for all variants, with the start of the engine and the writing of all samples."""

    def all_variants() -> None:
        files = {f"{one}.yaml": rules.parse(variant(one), f"{one}.yaml") for one in range(VARIANTS)}
        with engine.started() as running:
            running.write(made)
            window = Window(start=START, end=START + HOURS * 3600 - STEP, interval=STEP)
            evaluate(running, RuleSet(files=files), window)

    return seconds(all_variants)


def promtools(made: list[Series]) -> float:
    """Return the seconds of a test file for each variant: of a few, for all."""
    moved = [
        msgspec.structs.replace(one, timestamps=tuple(ms - START * 1000 for ms in one.timestamps))
        for one in made
    ]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        test = {
            "interval": f"{STEP}s",
            "input_series": [written(one, STEP * 1000) for one in moved],
            "alert_rule_test": [{"eval_time": "2h59m", "alertname": "nobody", "exp_alerts": []}],
        }
        document = {"rule_files": ["r.yaml"], "evaluation_interval": f"{STEP}s", "tests": [test]}
        (folder / "t.yaml").write_bytes(msgspec.json.encode(document))

        def one_variant(number: int) -> None:
            (folder / "r.yaml").write_text(variant(number))
            command = [str(tools.promtool()), "test", "rules", "t.yaml"]
            subprocess.run(command, cwd=folder, check=True, capture_output=True)

        each = [seconds(lambda: one_variant(number)) for number in range(PROMTOOL_RUNS)]  # noqa: B023
    return min(each) * VARIANTS


def main() -> int:
    """Print what it takes, and say whether it is what is promised."""
    recorded = [incident.read(one) for one in incident.find([INCIDENTS])]
    stated = rules.load([RULES])
    text = stated.to_yaml().replace("for: 5m", "for: 6m").replace("for: 1h", "for: 61m")
    other = RuleSet(files={"other.yaml": rules.parse(text, "other.yaml")}, declarations=stated.declarations)
    gated = seconds(lambda: gate(stated, other, recorded))
    slowest = max(seconds(lambda: replay(one)) for one in recorded)  # noqa: B023
    made = restarts()
    mine, theirs = ours(made), promtools(made)
    promised = [
        (f"gate of {len(stated.rules)} rules over {len(recorded)} recordings, s", gated, GATE_SECONDS_MAX, 1),
        ("replay of the slowest recording, s", slowest, REPLAY_SECONDS_MAX, 1),
        ("alertdrill watch, the slowest of a few saves, s", max(saves()), SAVE_SECONDS_MAX, 1),
        (f"{VARIANTS} variants beside a promtool test file each, times faster", theirs / mine, RATIO_MIN, -1),
    ]
    missed = False
    for what, measured, limit, sign in promised:
        bad = sign * measured > sign * limit
        missed = missed or bad
        bound = "≤" if sign > 0 else "≥"
        print(f"{what}: {measured:.2f} (promised {bound} {limit:g}){'  missed' if bad else ''}")  # noqa: T201
    print(f"ours {mine:.2f} s, promtool {theirs:.1f} s")  # noqa: T201
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
