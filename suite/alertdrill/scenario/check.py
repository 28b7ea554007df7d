"""What of a scenario can be known to be wrong before anything starts."""

import re

from alertdrill import durations
from alertdrill.errors import ScenarioError, UsageError
from alertdrill.scenario.values import Expectation, Like, Scenario


def check(scenario: Scenario, alerts: frozenset[str]) -> None:
    """Raise ScenarioError for what can't be played: an unknown alert, a bad duration, a window past the hold.

    `alerts` are the names the rule files define.
    """
    try:
        hold = durations.seconds(scenario.hold)
        durations.seconds(scenario.settle)
        for expectation in scenario.expect:
            _check_expectation(expectation, hold, alerts)
    except ScenarioError as error:
        raise ScenarioError(f"scenario {scenario.name}: {error}") from None
    except UsageError as error:
        raise ScenarioError(f"scenario {scenario.name}: {error}") from error


def _check_expectation(expectation: Expectation, hold: float, alerts: frozenset[str]) -> None:
    if expectation.alert not in alerts:
        known = ", ".join(sorted(alerts)) or "none"
        raise ScenarioError(f"no rule defines the alert {expectation.alert}; the rules define: {known}")
    for match in [*expectation.labels.values(), *expectation.annotations.values()]:
        if isinstance(match, Like):
            _check_pattern(match.like)
    if expectation.kind == "never":
        return
    within, after = durations.seconds(expectation.within), durations.seconds(expectation.after)
    if expectation.kind in {"fires", "pends"} and not after <= within <= hold:
        raise ScenarioError(
            f"{expectation.kind}({expectation.alert}) has the window {expectation.after} to"
            f" {expectation.within}, which must lie inside the hold of {durations.text(hold)}"
        )


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ScenarioError(f"{pattern!r} is no regular expression: {error}") from error
