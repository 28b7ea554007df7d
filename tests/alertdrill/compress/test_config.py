"""Prometheus' own configuration at speed."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from alertdrill import data, durations
from alertdrill.compress import prometheus_config
from alertdrill.errors import RulesError, UsageError

BASE = data.path("manifests", "base", "prometheus", "prometheus.yaml")


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
