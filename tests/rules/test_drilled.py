"""Every shipped alert is drilled: it is seen to fire, to resolve, and to stay silent."""

from pathlib import Path

from alertdrill import rules
from alertdrill.scenario import files as scenario_files

ROOT = Path(__file__).parents[2]
KINDS = frozenset({"fires", "resolves", "never"})
# What no drill has fire, and the test that has its metric say what it asks for.
UNDRILLED = {
    # A stack has no budget of series, so nothing is left out for want of room.
    "KubeApiExporterDropsObjects": (
        "tests/kube_api_exporter/watch/test_reader_kinds.py",
        "test_the_series_budget_is_kept_and_what_it_drops_is_counted",
    ),
    # No API server can be asked to lose an event.
    "KubeApiExporterLostEvents": (
        "tests/kube_api_exporter/watch/test_audit.py",
        "test_a_lost_delete_is_gone_after_one_audit",
    ),
    # A stack is scraped over plain HTTP behind its network policies, so there is no file to refuse.
    "KubeApiExporterWebConfigRefused": (
        "tests/kube_api_exporter/test_cli.py",
        "test_a_refused_web_config_is_a_metric",
    ),
    # It always fires: a run in which it does not is unknown.
    "Watchdog": ("tests/alertdrill/judge/test_assumptions.py", "test_a_lab_that_was_not_fit_is_unknown"),
}


def drilled() -> dict[str, set[str]]:
    """Return what scenarios expect of each alert that they name, silence only where something is broken."""
    found: dict[str, set[str]] = {}
    for scenario in scenario_files.load(scenario_files.shipped()):
        for expectation in scenario.expect:
            if expectation.kind != "never" or scenario.fault is not None:
                found.setdefault(expectation.alert, set()).add(expectation.kind)
    return found


def alerts() -> set[str]:
    """Return the shipped alerts."""
    found = rules.of(rules.find([ROOT / "rules"]))
    return {rule.name for rule in found.rules if rule.kind == "alert"}


def test_every_alert_fires_resolves_and_stays_silent_in_the_drill() -> None:
    """At least one scenario of each kind for each alert, but for those that can't be had in a lab."""
    expected = drilled()
    lacking = {alert: KINDS - expected.get(alert, set()) for alert in alerts() - UNDRILLED.keys()}
    assert {} == {alert: sorted(kinds) for alert, kinds in lacking.items() if kinds}


def test_what_is_not_drilled_is_an_alert_that_no_scenario_names() -> None:
    """An excuse is over when its alert is, or when a scenario speaks of it."""
    assert set() == UNDRILLED.keys() - (alerts() - drilled().keys())


def test_what_is_not_drilled_is_proved_by_a_test() -> None:
    """The test that an excuse rests on is there."""
    missing = [
        alert
        for alert, (file, test) in UNDRILLED.items()
        if f"\ndef {test}(" not in (ROOT / file).read_text()
    ]
    assert [] == missing
