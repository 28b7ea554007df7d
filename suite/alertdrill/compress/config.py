"""Configurations x k: Prometheus' intervals, Alertmanager's timers, and nothing else of them."""

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from alertdrill import durations
from alertdrill.compress.ruleset import check_speed
from alertdrill.errors import RulesError, UsageError

DEFAULTS = {"scrape_interval": "1m", "scrape_timeout": "10s", "evaluation_interval": "1m"}
# A target answers no faster than it ever did, so a timeout shrinks only to this, or to its interval.
TIMEOUT_SECONDS_MIN = 2.0
PROMETHEUS, ALERTMANAGER = "prometheus.yaml", "alertmanager.yaml"
# Of the route that all alerts take, where it does not say otherwise; a route below it has its parent's.
TIMERS = {"group_wait": "30s", "group_interval": "5m", "repeat_interval": "4h"}
RESOLVE_TIMEOUT = "5m"


def prometheus_config(text: str, speed: float) -> str:
    """Return the configuration for a run at `speed`; what is not an interval stays as it is written."""
    root = _root(text, speed, PROMETHEUS, "Prometheus")
    whole = _global(root)
    stated = {
        name: _seconds(whole, name, durations.seconds(text), PROMETHEUS) for name, text in DEFAULTS.items()
    }
    jobs = _field(root, "scrape_configs")
    for job in jobs.value if isinstance(jobs, SequenceNode) else []:
        if isinstance(job, MappingNode):
            interval = _seconds(job, "scrape_interval", stated["scrape_interval"], PROMETHEUS)
            default = min(stated["scrape_timeout"], interval)
            _set_scrape(job, interval, _seconds(job, "scrape_timeout", default, PROMETHEUS), speed)
    _set_scrape(whole, stated["scrape_interval"], stated["scrape_timeout"], speed)
    _set(whole, "evaluation_interval", _shrunk(stated["evaluation_interval"], speed))
    return _text(root)


def alertmanager_config(text: str, speed: float) -> str:
    """Return the configuration for a run at `speed`: all alerts' way, and what is sent, stay as written."""
    root = _root(text, speed, ALERTMANAGER, "Alertmanager")
    route = _field(root, "route")
    if not isinstance(route, MappingNode):
        raise RulesError("this configuration has no route", file=ALERTMANAGER, line=1)
    whole = _global(root)
    default = durations.seconds(RESOLVE_TIMEOUT)
    _set(whole, "resolve_timeout", _shrunk(_seconds(whole, "resolve_timeout", default, ALERTMANAGER), speed))
    for name, stated in TIMERS.items():
        if _field(route, name) is None:
            _set(route, name, durations.seconds(stated))
    _shrink_timers(route, speed)
    return _text(root)


def _shrink_timers(route: MappingNode, speed: float) -> None:
    for name in TIMERS:
        if _field(route, name) is not None:
            seconds = _seconds(route, name, 0.0, ALERTMANAGER)
            _set(route, name, _shrunk(seconds, speed) if seconds else 0.0)
    below = _field(route, "routes")
    for one in below.value if isinstance(below, SequenceNode) else []:
        if isinstance(one, MappingNode):
            _shrink_timers(one, speed)


def _root(text: str, speed: float, file: str, whose: str) -> MappingNode:
    check_speed(speed)
    try:
        root = yaml.compose(text, yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise RulesError(f"this is no YAML: {error}", file=file) from error
    if not isinstance(root, MappingNode):
        raise RulesError(f"this is no {whose} configuration", file=file, line=1)
    return root


def _global(root: MappingNode) -> MappingNode:
    whole = _field(root, "global")
    if not isinstance(whole, MappingNode):
        whole = MappingNode("tag:yaml.org,2002:map", [])
        root.value.insert(0, (_scalar("global"), whole))
    return whole


def _text(root: MappingNode) -> str:
    return str(yaml.serialize(root, Dumper=yaml.SafeDumper, allow_unicode=True, width=1_000_000))


def _set_scrape(place: MappingNode, interval: float, timeout: float, speed: float) -> None:
    shrunk = _shrunk(interval, speed)
    _set(place, "scrape_interval", shrunk)
    _set(place, "scrape_timeout", min(shrunk, max(timeout / speed, min(timeout, TIMEOUT_SECONDS_MIN))))


def _shrunk(seconds: float, speed: float) -> float:
    shrunk = round(seconds * 1000 / speed) / 1000
    if not shrunk:
        raise UsageError(
            f"an interval of {durations.text(seconds)} would vanish at speed {speed:g}; use a lower speed"
        )
    return shrunk


def _field(place: MappingNode, name: str) -> Node | None:
    return next((value for key, value in place.value if key.value == name), None)


def _seconds(place: MappingNode, name: str, default: float, file: str) -> float:
    node = _field(place, name)
    if node is None:
        return default
    try:
        return durations.seconds(str(node.value))
    except UsageError as error:
        line = node.start_mark.line + 1
        raise RulesError(f"{name}: {error}", file=file, line=line) from error


def _set(place: MappingNode, name: str, seconds: float) -> None:
    place.value = [pair for pair in place.value if pair[0].value != name]
    place.value.append((_scalar(name), _scalar(durations.text(seconds))))


def _scalar(text: str) -> ScalarNode:
    return ScalarNode("tag:yaml.org,2002:str", text)
