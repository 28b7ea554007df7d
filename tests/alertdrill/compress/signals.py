"""Signals as life shows them and as a lab does: what the lab paces, and what keeps its own pace.

A signal is a course in rule time, a value each 15 s for two hours. A lab sees what it paces in the same
course, only faster; of what is counted at its own pace it sees 1/k in the same rule time.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from alertdrill.engine import Engine
from alertdrill.incident import Series

STEP = 15
STEPS = 480
LIFE = 1_600_041_600  # a whole day: subqueries are aligned to the clock
LAB = LIFE + 86_400
EVALUATED = 5  # seconds of rule time after a sample
INSTANCES = ("a", "b")

runs = itertools.count()


@dataclass(frozen=True)
class Course:
    """Phases, each of so many steps and one value; `every` so many steps it has it, else zero."""

    phases: tuple[tuple[int, float], ...]
    every: int = 1

    @property
    def steps(self) -> list[float]:
        """Return a value for each step; the last phase goes on."""
        held = [value for steps, value in self.phases for _ in range(steps)]
        held = (held + [self.phases[-1][1]] * STEPS)[:STEPS]
        return [value if step % self.every == 0 else 0.0 for step, value in enumerate(held)]


@dataclass(frozen=True)
class Signal:
    """One metric's two instances.

    A level has the values of its course; else they are what is added: in each step for what the lab paces, in
    each second for what keeps its own pace.
    """

    kind: Literal["paced", "own", "level"]
    courses: tuple[Course, ...]
    whole: bool = True  # counts whole events

    def values(self, course: Course, share: float) -> list[float]:
        """Return a sample for each step; `share` is how much of it happens in the same rule time."""
        if self.kind == "level":
            return course.steps
        share = 1 if self.kind == "paced" else share
        seconds = 1 if self.kind == "paced" else STEP
        sums = [100 + share * seconds * grown for grown in itertools.accumulate(course.steps)]
        return [math.floor(value) if self.whole else value for value in sums]


def write(engine: Engine, signals: Mapping[str, Signal], speed: float) -> str:
    """Write what life and the lab see of the signals; return the value of their label x."""
    mark = str(next(runs))
    series = []
    for name, signal in signals.items():
        for instance, one in zip(INSTANCES, signal.courses, strict=False):
            for start, step, share in ((LIFE, STEP, 1.0), (LAB, STEP / speed, 1 / speed)):
                times = tuple(round((start + step * number) * 1000) for number in range(STEPS))
                labels = {"__name__": name, "x": mark, "i": instance}
                series.append(
                    Series(labels=labels, timestamps=times, values=tuple(signal.values(one, share)))
                )
    engine.write(series)
    return mark


Answer = dict[tuple[tuple[str, str], ...], dict[int, float]]


def asked(engine: Engine, promql: str, speed: float = 1) -> Answer:
    """Return what an expression was at each step, by its labels: in life, or in a lab of some speed."""
    start, step = (LIFE, float(STEP)) if speed == 1 else (LAB, STEP / speed)
    begin = start + EVALUATED / speed
    found = engine.ask(promql, start=begin, end=begin + step * (STEPS - 1), step=step, lookback=300 / speed)
    return {
        tuple(sorted((name, value) for name, value in one.labels.items() if name != "__name__")): {
            round((ms / 1000 - begin) / step): float(value)
            for ms, value in zip(one.timestamps, one.values, strict=True)
        }
        for one in found
    }


@dataclass(frozen=True)
class Leaf:
    """A comparison with a number: true or false of each series at each step."""

    measured: str
    operator: str
    number: str

    def __str__(self) -> str:
        """Return it as PromQL."""
        return f"({self.measured} {self.operator} {self.number})"

    def is_near(self, value: float, tolerance: float) -> bool:
        """Say whether a value is so near to the number that a lab need not agree."""
        number = float(self.number)
        return abs(value - number) <= (tolerance * abs(number) or 1e-12 * (value != 0))


def disagreements(
    engine: Engine,
    rule: str,
    leaves: Sequence[Leaf],
    scaled: str,
    *,
    speed: float,
    mark: str,
    tolerance: float,
    neighbours: bool,
) -> list[str]:
    """Return where a rule at life's speed and its scaled form in a lab don't agree, in words.

    Not told are steps at which a value is near its number, by the tolerance, and with `neighbours` those
    beside a change.
    """
    near: set[int] = set()
    for leaf in leaves:
        for steps in asked(engine, leaf.measured.replace("MARK", mark)).values():
            near |= {step for step, value in steps.items() if leaf.is_near(value, tolerance)}
    life = asked(engine, rule.replace("MARK", mark))
    lab = asked(engine, scaled.replace("MARK", mark), speed)
    found = []
    for labels in sorted(life.keys() | lab.keys()):
        true_in_life, true_in_lab = set(life.get(labels, {})), set(lab.get(labels, {}))
        for step in sorted(true_in_life ^ true_in_lab):
            around = {at in true_in_life for at in (step - 1, step, step + 1)}
            if step in near or (neighbours and len(around) > 1):
                continue
            found.append(
                f"{dict(labels)} at step {step}: life {step in true_in_life}, lab {step in true_in_lab}"
            )
    return found
