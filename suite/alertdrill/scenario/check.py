"""What of a scenario can be known to be wrong before anything starts."""

import difflib
import re
from collections.abc import Iterator

import msgspec

from alertdrill import durations
from alertdrill.errors import ScenarioError, UsageError
from alertdrill.names import CANARY, TOUCHABLE
from alertdrill.scenario.values import Expectation, Like, Scenario

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 /-]*[A-Za-z0-9])?")
SLUG_LENGTH_MAX = 52  # a namespace's name has at most 63 characters, `drill-` and `-1a2b` among them
ALERTS_TOLD_MAX = 12


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
    """Raise ScenarioError for the first of `problems`."""
    for problem in problems(scenario, alerts):
        raise problem


def problems(scenario: Scenario, alerts: frozenset[str]) -> Iterator[ScenarioError]:
    """Yield why it can't be played: an unknown alert, a bad duration, a window past the hold.

    `alerts` are the names the rule files define.
    """
    try:
        check_shape(scenario)
    except ScenarioError as error:
        yield error
        return
    said = f"scenario {scenario.name}: "
    for what, named in (
        ("it touches", scenario.touches),
        ("it goes on without", scenario.without),
        ("it goes on regardless of", scenario.regardless_of),
    ):
        if unknown := sorted(set(named) - TOUCHABLE.keys()):
            yield ScenarioError(
                f"{said}{what} {', '.join(unknown)}, which is nothing of a lab; there are:"
                f" {', '.join(TOUCHABLE)}",
                about=(scenario.name, unknown[0]),
            )
    for field in ("hold", "settle", "touches_for"):
        try:
            durations.seconds(getattr(scenario, field) or "0s")
        except UsageError as error:
            yield ScenarioError(f"{said}{field}: {error}", about=(scenario.name, getattr(scenario, field)))
            return
    hold = durations.seconds(scenario.hold)
    for expectation in scenario.expect:
        try:
            _check_expectation(expectation, hold, alerts)
        except ScenarioError as error:
            yield ScenarioError(f"{said}{error}", about=error.about)


def _check_expectation(expectation: Expectation, hold: float, alerts: frozenset[str]) -> None:
    kind, alert = expectation.kind, expectation.alert
    if alert not in alerts:
        raise ScenarioError(f"no rule defines the alert {alert}; {_known(alert, alerts)}", about=(alert,))
    matches = [*expectation.labels.values(), *expectation.annotations.values()]
    for match in [*matches, expectation.says, expectation.link]:
        if isinstance(match, Like):
            _check_pattern(match.like)
    if kind in {"never", "unnotified"}:
        return
    if kind == "notified":
        _check_message(expectation)
    for text in (expectation.within, expectation.after, expectation.resolved or "0s"):
        try:
            durations.seconds(text)
        except UsageError as error:
            raise ScenarioError(f"{kind}({alert}): {error}", about=(alert, text)) from error
    within, after = durations.seconds(expectation.within), durations.seconds(expectation.after)
    if kind in {"fires", "pends"} and not after <= within <= hold:
        raise ScenarioError(
            f"{kind}({alert}) has the window {expectation.after} to {expectation.within}, which must lie"
            f" inside the hold of {durations.text(hold)}",
            about=(alert, expectation.within),
        )


def _check_message(expectation: Expectation) -> None:
    alert = expectation.alert
    if not expectation.receiver or expectation.times < 1 or expectation.alerts < 0:
        raise ScenarioError(
            f"notified({alert}) must name a receiver, and at least one message; none at all is"
            f" unnotified({alert})",
            about=(alert,),
        )


def _known(alert: str, alerts: frozenset[str]) -> str:
    """Say which alerts there are but for the lab's own; of many, those whose name is like this one's."""
    alerts -= {CANARY}
    if len(alerts) <= ALERTS_TOLD_MAX:
        return f"the rules define: {', '.join(sorted(alerts)) or 'none'}"
    near = difflib.get_close_matches(alert, sorted(alerts), n=5)
    return f"the rules define {len(alerts)} others" + (f", such as {', '.join(near)}" if near else "")


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ScenarioError(f"{pattern!r} is no regular expression: {error}", about=(pattern,)) from error
