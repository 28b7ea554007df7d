"""The rules a server runs, as /api/v1/rules tells them, and how often it evaluates."""

from collections.abc import Sequence

import msgspec
import yaml

from alertdrill import durations
from alertdrill.backtest.server import NotServedError, Server
from alertdrill.errors import LabError, UsageError
from alertdrill.rules import Group, Rule, RuleSet

WHAT = "asking for the rules that are deployed"
INTERVAL = 60.0  # Prometheus' own default


class _Rule(
    msgspec.Struct, rename={"keep_firing_for": "keepFiringFor", "kept_firing_for": "keep_firing_for"}
):
    name: str
    query: str
    type: str
    duration: float = 0.0
    keep_firing_for: float = 0.0
    kept_firing_for: float = 0.0  # so vmalert calls it
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class _Group(msgspec.Struct):
    name: str
    rules: list[_Rule]
    file: str = ""
    interval: float = 0.0
    limit: int = 0


class _Groups(msgspec.Struct):
    groups: list[_Group]


def rules(server: Server) -> RuleSet:
    """Return what the server runs; a server that does not tell is a NotServedError or a LabError."""
    try:
        found = msgspec.convert(server.json(WHAT, "rules"), _Groups)
    except msgspec.ValidationError as error:
        raise LabError(f"{WHAT}: the answer is not understood: {error}") from error
    files: dict[str, list[Group]] = {}
    number = 0
    for group in found.groups:
        made = []
        for rule in group.rules:
            number += 1  # in place of a line: what tells one from the other
            made.append(_rule(rule, group.file, number))
        files.setdefault(group.file, []).append(
            Group(
                name=group.name,
                interval=durations.text(group.interval) if group.interval else "",
                limit=group.limit,
                rules=tuple(made),
                file=group.file,
                line=number,
            )
        )
    return RuleSet(files={file: tuple(groups) for file, groups in files.items()})


def _rule(rule: _Rule, file: str, number: int) -> Rule:
    kept = rule.keep_firing_for or rule.kept_firing_for
    return Rule(
        kind="alert" if rule.type == "alerting" else "record",
        name=rule.name,
        expr=rule.query,
        hold=durations.text(rule.duration) if rule.duration else "",
        keep_firing_for=durations.text(kept) if kept else "",
        labels=rule.labels,
        annotations=rule.annotations,
        file=file,
        line=number,
    )


def interval(server: Server, deployed: RuleSet | None) -> tuple[float, str]:
    """Return how often groups without an interval of their own are evaluated, and who says so."""
    try:
        text = server.json("asking for its configuration", "status/config")["yaml"]
        stated = yaml.safe_load(text).get("global", {}).get("evaluation_interval")
        return durations.seconds(str(stated)), "the server's configuration"
    except (NotServedError, LabError, UsageError, yaml.YAMLError):
        pass
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError, RecursionError):
        pass  # whatever it may be, it is no configuration
    told = [group.interval for group in (deployed.groups if deployed else ()) if group.interval]
    if told:
        most = max(sorted(set(told)), key=told.count)
        return durations.seconds(most), "most of the groups that are deployed"
    return INTERVAL, "Prometheus' default, since the server does not say"


def named(ruleset: RuleSet, names: frozenset[str]) -> RuleSet:
    """Return the groups with their recording rules, and of the alerts those of these names."""
    files: dict[str, tuple[Group, ...]] = {}
    for file, groups in ruleset.files.items():
        kept = [_with(group, names) for group in groups]
        files[file] = tuple(group for group in kept if group.rules)
    return RuleSet(files=files)


def _with(group: Group, names: frozenset[str]) -> Group:
    rest: Sequence[Rule] = [rule for rule in group.rules if rule.kind == "record" or rule.name in names]
    return msgspec.structs.replace(group, rules=tuple(rest))
