"""The scenarios that ship can fail: their silences are looked at for long enough."""

import pytest

from alertdrill import durations, lab, rules
from alertdrill.names import TOUCHABLE
from alertdrill.rules import promql, touched
from alertdrill.scenario import Scenario
from alertdrill.scenario import files as scenario_files

SHIPPED = scenario_files.load(scenario_files.shipped())
RULES = lab.load_rules(lab.Options()).stated.rules


def test_a_silence_is_watched_for_longer_than_the_alert_waits() -> None:
    """An alert that gets pending and must not fire has the time to, or must be over before the end."""
    assert [] == [
        f"{scenario.name}: never({rule.name}) waits for {rule.hold}"
        for scenario in SHIPPED
        for rule in RULES
        if rule.name in (named(scenario, "never") & named(scenario, "pends")) - named(scenario, "resolves")
        and hold_of(rule) > durations.seconds(scenario.hold) + durations.seconds(scenario.settle)
    ]


@pytest.mark.parametrize("scenario", SHIPPED, ids=lambda one: one.name)
def test_a_silence_is_not_that_of_what_is_taken_down(scenario: Scenario) -> None:
    """What a forbidden alert reads is there while it must be silent; whether it is up may be asked of it."""
    down = frozenset[str]().union(*(TOUCHABLE[one] for one in scenario.touches))
    assert [] == [
        f"never({alert}) reads {promql.bare(node)}"
        for alert in sorted(named(scenario, "never"))
        for rule in touched.behind({alert}, RULES)
        if (tree := rule.tree()) is not None
        for node in promql.walk(tree)
        if isinstance(node, promql.VectorSelector)
        if promql.metric(node) != "up" and promql.jobs(node) & down
    ]


@pytest.mark.parametrize("scenario", SHIPPED, ids=lambda one: one.name)
def test_a_restart_on_purpose_is_looked_for(scenario: Scenario) -> None:
    """Where a fault restarts something, an alert must have seen that, or the rest would hold without it."""
    fault = scenario.fault
    restarts = fault is not None and (
        fault.name in {"restart_once", "crash_container"}
        or fault.args.get("how") == "restart"
        or fault.args.get("recovers")
    )
    seen = named(scenario, "pends") | named(scenario, "fires")
    assert not restarts or "PodRestartingTooMuch" in seen


def named(scenario: Scenario, kind: str) -> set[str]:
    """Return the alerts of which a scenario says this."""
    return {one.alert for one in scenario.expect if one.kind == kind}


def hold_of(rule: rules.Rule) -> float:
    """Return how long an alert is pending before it fires."""
    return durations.seconds(rule.hold) if rule.hold else 0.0
