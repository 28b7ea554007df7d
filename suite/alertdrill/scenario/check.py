"""What of a scenario can be known to be wrong before anything starts."""

import re

import msgspec

from alertdrill import durations
from alertdrill.errors import ScenarioError, UsageError
from alertdrill.scenario.values import Expectation, Like, Scenario

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 /-]*[A-Za-z0-9])?")
SLUG_LENGTH_MAX = 52  # a namespace's name has at most 63 characters, `drill-` and `-1a2b` among them


def check_shape(scenario: Scenario) -> None:
    """Raise ScenarioError for a field of another type, which Python lets pass, and for a name of no use.

    A scenario's name is also its folder's, its namespace's, and a pattern that chooses it.
    """
    name = str(scenario.name)
    if isinstance(scenario.expect, Expectation):
        raise ScenarioError(
            f"scenario {name}: `expect` must be a tuple, and is one expectation; add a comma behind it"
        )
    try:
        msgspec.json.decode(msgspec.json.encode(scenario), type=Scenario)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$.")
        field = where.rstrip("`") or "a field"
        raise ScenarioError(f"scenario {name}: {field} is of another type: {what}") from error
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ScenarioError(f"scenario {name}: it can't be written down as JSON: {error}") from error
    if not NAME.fullmatch(name):
        raise ScenarioError(
            f"scenario {name!r}: this is no name for a scenario; use ASCII letters, digits, dashes, spaces, /"
        )
    if len(scenario.slug) > SLUG_LENGTH_MAX:
        raise ScenarioError(
            f"scenario {name}: the name has {len(name)} characters, and a namespace's name has room for"
            f" {SLUG_LENGTH_MAX}; shorten it"
        )


def check(scenario: Scenario, alerts: frozenset[str]) -> None:
    """Raise ScenarioError for what can't be played: an unknown alert, a bad duration, a window past the hold.

    `alerts` are the names the rule files define.
    """
    check_shape(scenario)
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
    matches = [*expectation.labels.values(), *expectation.annotations.values()]
    for match in [*matches, expectation.says, expectation.link]:
        if isinstance(match, Like):
            _check_pattern(match.like)
    if expectation.kind in {"never", "unnotified"}:
        return
    if expectation.kind == "notified":
        _check_message(expectation)
    within, after = durations.seconds(expectation.within), durations.seconds(expectation.after)
    if expectation.kind in {"fires", "pends"} and not after <= within <= hold:
        raise ScenarioError(
            f"{expectation.kind}({expectation.alert}) has the window {expectation.after} to"
            f" {expectation.within}, which must lie inside the hold of {durations.text(hold)}"
        )


def _check_message(expectation: Expectation) -> None:
    if not expectation.receiver or expectation.times < 1 or expectation.alerts < 0:
        raise ScenarioError(
            f"notified({expectation.alert}) must name a receiver, and at least one message; none at all is"
            f" unnotified({expectation.alert})"
        )
    if expectation.resolved:
        durations.seconds(expectation.resolved)


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ScenarioError(f"{pattern!r} is no regular expression: {error}") from error
