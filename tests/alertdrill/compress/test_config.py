"""Prometheus' own configuration at speed."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from alertdrill import data, durations
from alertdrill.compress import alertmanager_config, prometheus_config
from alertdrill.errors import RulesError, UsageError

BASE = data.path("manifests", "base", "prometheus", "prometheus.yaml")
ALERTMANAGER = data.path("manifests", "base", "alertmanager", "alertmanager.yaml")
TIMERS = ("group_wait", "group_interval", "repeat_interval")


def timing(text: str) -> dict[str, dict[str, str]]:
    """Return the intervals and timeouts of a configuration by job, "" being the global part."""
    config = yaml.safe_load(text)
    places = {"": config["global"]} | {job["job_name"]: job for job in config.get("scrape_configs") or []}
    return {
        name: {key: value for key, value in place.items() if key.endswith(("_interval", "_timeout"))}
        for name, place in places.items()
    }


def rest(text: str) -> Any:
    """Return a configuration without its intervals and timeouts."""
    config = yaml.safe_load(text)
    for place in [config["global"], *config.get("scrape_configs", [])]:
        for key in ("scrape_interval", "scrape_timeout", "evaluation_interval"):
            place.pop(key, None)
    return config


@given(st.floats(1, 200))
@settings(max_examples=25, deadline=None)
def test_only_intervals_and_timeouts_change(speed: float) -> None:
    """Of the shipped configuration everything else is read back as it was."""
    assert rest(BASE.read_text()) == rest(prometheus_config(BASE.read_text(), speed))


@given(st.integers(1, 3600), st.integers(1, 3600), st.floats(1, 200))
@settings(deadline=None)
def test_a_timeout_fits_its_interval(interval: int, timeout: int, speed: float) -> None:
    """Prometheus refuses a timeout longer than its interval, so none is, in any job."""
    text = yaml.safe_dump(
        {
            "global": {"scrape_interval": f"{interval}s"},
            "scrape_configs": [
                {"job_name": "a", "scrape_timeout": f"{min(timeout, interval)}s"},
                {"job_name": "b"},
                {"job_name": "c", "scrape_interval": f"{timeout}s"},
            ],
        }
    )
    for place in timing(prometheus_config(text, speed)).values():
        seconds = {key: durations.seconds(value) for key, value in place.items()}
        assert 0 < seconds["scrape_timeout"] <= seconds["scrape_interval"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "global: {scrape_interval: 15s, evaluation_interval: 30s, scrape_timeout: 10s}",
            {"": {"scrape_interval": "750ms", "scrape_timeout": "750ms", "evaluation_interval": "1s500ms"}},
        ),
        ("{}", {"": {"scrape_interval": "3s", "scrape_timeout": "2s", "evaluation_interval": "3s"}}),
        (
            "scrape_configs: [{job_name: a, scrape_interval: 10m, scrape_timeout: 5m}, {job_name: b}]",
            {
                "": {"scrape_interval": "3s", "scrape_timeout": "2s", "evaluation_interval": "3s"},
                "a": {"scrape_interval": "30s", "scrape_timeout": "15s"},
                "b": {"scrape_interval": "3s", "scrape_timeout": "2s"},
            },
        ),
        (
            "{global: {scrape_interval: 15s}, scrape_configs: [{job_name: a, scrape_timeout: 1s}]}",
            {
                "": {"scrape_interval": "750ms", "scrape_timeout": "750ms", "evaluation_interval": "3s"},
                "a": {"scrape_interval": "750ms", "scrape_timeout": "750ms"},
            },
        ),
    ],
)
def test_known_configurations(text: str, expected: dict[str, dict[str, str]]) -> None:
    """What is not said has Prometheus' default; a timeout stays above what a program needs to answer."""
    assert expected == timing(prometheus_config(text, 20))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a: [", RulesError),
        ("- a", RulesError),
        ("", RulesError),
        ("global: {scrape_interval: soon}", RulesError),
        ("global: {scrape_interval: 1ms}", UsageError),
    ],
)
def test_a_bad_configuration_is_one_sentence(text: str, error: type[UsageError]) -> None:
    """What is no configuration, no duration, or would vanish is the user's mistake."""
    with pytest.raises(error):
        prometheus_config(text, 20)


def routes(route: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a route and all below it."""
    return [route, *(one for below in route.get("routes", []) for one in routes(below))]


def timers(text: str) -> list[dict[str, str]]:
    """Return the timers of each route of a configuration, in order."""
    every = routes(yaml.safe_load(text)["route"])
    return [{name: route[name] for name in TIMERS if name in route} for route in every]


def without_timers(text: str) -> Any:
    """Return an Alertmanager configuration without its timers."""
    config = yaml.safe_load(text)
    config.pop("global", None)
    for route in routes(config["route"]):
        for name in TIMERS:
            route.pop(name, None)
    return config


@given(st.floats(1, 200))
@settings(max_examples=25, deadline=None)
def test_only_alertmanager_s_timers_change(speed: float) -> None:
    """Who is told, of what, in which words and what silences what are read back as they were."""
    text = ALERTMANAGER.read_text()
    assert without_timers(text) == without_timers(alertmanager_config(text, speed))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "route: {receiver: a}",
            [dict(zip(TIMERS, ("1s500ms", "15s", "12m"), strict=True))],
        ),
        (
            "route: {group_wait: 1m, group_interval: 10m, repeat_interval: 1d, routes: [{group_wait: 0s}]}",
            [
                {"group_wait": "3s", "group_interval": "30s", "repeat_interval": "1h12m"},
                {"group_wait": "0s"},
            ],
        ),
    ],
)
def test_timers_that_are_not_said_are_alertmanager_s_own(text: str, expected: list[dict[str, str]]) -> None:
    """They are written down for the route that all alerts take; one below it has its parent's."""
    assert expected == timers(alertmanager_config(text, 20))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "alertmanager.yaml: this is no YAML"),
        ("- a", "alertmanager.yaml:1: this is no Alertmanager configuration"),
        ("receivers: []", "alertmanager.yaml:1: this configuration has no route"),
        ("route:\n  group_wait: soon", "alertmanager.yaml:2: group_wait: 'soon' is no duration"),
    ],
)
def test_a_bad_alertmanager_configuration_is_told_with_its_line(text: str, said: str) -> None:
    """What is no configuration, or no duration, is the user's mistake."""
    with pytest.raises(RulesError, match=said):
        alertmanager_config(text, 20)
