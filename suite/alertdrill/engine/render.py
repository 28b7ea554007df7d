"""Labels and annotations of alerts, rendered by Prometheus itself.

The engine is given a rule for each: the alert's own templates over a series that has the labels and the value
its expression had then. What Prometheus shows of it is what it would have shown.
"""

import json
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import yaml

from alertdrill.clock import NotYet, WallClock, wait_for
from alertdrill.engine import moment
from alertdrill.engine.engine import Engine
from alertdrill.errors import LabError
from alertdrill.incident import Series
from alertdrill.model import Value
from alertdrill.prometheus import RuleState

SECONDS_MAX = 30.0
AT_ONCE_MAX = 2_000  # rules in the engine
METRIC = "alertdrill_rendered"
NUMBER = "alertdrill_number"  # the label by which a rule finds its series


class Wanted(Value, frozen=True, kw_only=True):
    """What is to be rendered: the templates, and what the expression had at the moment (since the epoch)."""

    alert: str
    labels: dict[str, str]
    annotations: dict[str, str]
    metric: dict[str, str]
    value: float
    at: float

    @property
    def is_plain(self) -> bool:
        """Say whether there is no template in it."""
        return all(map(moment.is_plain, (*self.labels.values(), *self.annotations.values())))


class Rendered(NamedTuple):
    """The labels of an alert, but for its name, and its annotations."""

    labels: dict[str, str]
    annotations: dict[str, str]


def render(engine: Engine, wanted: Sequence[Wanted]) -> list[Rendered]:
    """Return what each has in the end, in the same order."""
    found = {number: _as_it_is(one) for number, one in enumerate(wanted) if one.is_plain}
    rest = [number for number in range(len(wanted)) if number not in found]
    for place in range(0, len(rest), AT_ONCE_MAX):
        numbers = rest[place : place + AT_ONCE_MAX]
        those = _asked(engine, [wanted[number] for number in numbers])
        found.update(zip(numbers, those, strict=True))
    return [found[number] for number in range(len(wanted))]


def _as_it_is(one: Wanted) -> Rendered:
    labels = {name: value for name, value in one.metric.items() if name != "__name__"} | one.labels
    labels.pop("alertname", None)
    return Rendered({name: value for name, value in labels.items() if value}, one.annotations)


def _asked(engine: Engine, wanted: Sequence[Wanted]) -> list[Rendered]:
    clock = WallClock()
    now, batch = (
        round(clock.now() * 1000),
        os.urandom(4).hex(),
    )  # the series of earlier batches are there still
    engine.write(
        Series(
            labels=one.metric | {"__name__": METRIC, NUMBER: f"{batch}-{number}"},
            timestamps=(now,),
            values=(one.value,),
        )
        for number, one in enumerate(wanted)
    )
    rules = [_rule(f"{batch}-{number}", one) for number, one in enumerate(wanted)]
    group = {"name": METRIC, "interval": "50ms", "rules": rules}
    engine.run_rules(yaml.dump({"groups": [group]}, Dumper=yaml.CSafeDumper, sort_keys=False))
    try:
        states = wait_for(
            "the engine to render labels and annotations",
            lambda: _evaluated(engine),
            deadline=SECONDS_MAX,
            clock=clock,
            every=0.02,
        )
    finally:
        engine.run_rules("")
    return [_rendered(state) for state in states]


def _rule(number: str, one: Wanted) -> dict[str, Any]:
    """Return a rule whose expression has the labels and the value that the alert's had."""
    name = json.dumps(one.metric.get("__name__", "").replace("$", "$$"))
    expression = f'label_replace({METRIC}{{{NUMBER}="{number}"}} * 1, "{NUMBER}", "", "", "")'
    if "__name__" in one.metric:
        expression = f'label_replace({expression}, "__name__", {name}, "", "")'
    return {
        "alert": one.alert,
        "expr": expression,
        "labels": {key: moment.at(text, one.at) for key, text in one.labels.items()},
        "annotations": {key: moment.at(text, one.at) for key, text in one.annotations.items()},
    }


def _evaluated(engine: Engine) -> list[RuleState]:
    states = engine.prometheus.rules()
    # What Prometheus says of a rule may be from before and after an evaluation, half each.
    waiting = sum(
        state.health == "unknown" or (state.health == "ok" and not state.alerts) for state in states
    )
    if waiting or not states:
        raise NotYet(f"{waiting} of {len(states)} are not rendered yet")
    return states


def _rendered(state: RuleState) -> Rendered:
    if state.health != "ok" or len(state.alerts) != 1:
        why = state.error or f"it made {len(state.alerts)} alerts of one series"
        raise LabError(f"rendering the labels and annotations of {state.name}: {why}")
    (alert,) = state.alerts
    labels = {name: value for name, value in alert.labels.items() if name != "alertname"}
    return Rendered(labels, alert.annotations)
