"""Drift that is known and meant: rules by address and attribute, each with a reason, some with an end."""

import datetime as dt
import fnmatch
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from exporter_kit import yaml_file
from exporter_kit.errors import ConfigError, UsageError
from terradiff.drift import Drift

# An empty variable must not ignore what was never meant: deletions, say.
WHOLE = "leave that out to ignore all of the resource"


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ignore addresses that match, or only some of their attributes; `*` matches anything.

    Without attributes the whole resource is ignored, whatever happens to it. After `until` it is not.
    """

    address: str
    attributes: tuple[str, ...] = ()
    reason: str = ""
    until: dt.date | None = None

    def __str__(self) -> str:
        """Write the rule as --ignore takes it."""
        return self.address + (f"#{','.join(self.attributes)}" if self.attributes else "")


@dataclass
class Verdict:
    """What is left after the rules, what they took, and how often each did."""

    left: list[Drift] = field(default_factory=list)
    ignored: list[Drift] = field(default_factory=list)
    hits: Counter[str] = field(default_factory=Counter)
    over: list[str] = field(default_factory=list)


def parse(text: str) -> Rule:
    """Read ADDRESS or ADDRESS#ATTRIBUTE,ATTRIBUTE; a # that nothing follows is a UsageError."""
    address, mark, attributes = text.partition("#")
    rule = Rule(address, tuple(word for word in attributes.split(",") if word))
    if mark and not rule.attributes:
        raise UsageError(f"--ignore {text}: no attribute follows the #; {WHOLE}")
    return rule


def load(file: Path) -> list[Rule]:
    """Read rules from a YAML list; a rule there must say why."""
    tree = yaml_file.read(file, "the rules") or []
    try:
        rules = msgspec.convert(tree, list[Rule])
    except ValueError as error:
        raise ConfigError(file, f"the rules have a mistake: {' '.join(str(error).split())}") from None
    for rule, given in zip(rules, tree, strict=True):
        if "attributes" in given and not rule.attributes:
            raise ConfigError(file, f"the rule for {rule} has no attribute below attributes; {WHOLE}")
        if not rule.reason:
            raise ConfigError(file, f"the rule for {rule} has no reason; say why it is meant")
    return rules


def judge(drifts: Sequence[Drift], rules: Sequence[Rule], today: dt.date) -> Verdict:
    """Take out what rules say is meant. A rule that has ended counts no more, and is named unless renewed."""
    verdict = Verdict()
    ended = [rule for rule in rules if rule.until and rule.until < today]
    live = [rule for rule in rules if rule not in ended]
    # A rule may have been renewed by another of the same address: then nothing has ended.
    renewed = {str(rule) for rule in live}
    verdict.over = [text for text in dict.fromkeys(map(str, ended)) if text not in renewed]
    verdict.hits.update({str(rule): 0 for rule in rules})
    for drift in drifts:
        _judge(drift, live, verdict)
    return verdict


def _judge(drift: Drift, rules: Sequence[Rule], verdict: Verdict) -> None:
    matching = [rule for rule in rules if fnmatch.fnmatchcase(drift.address, _literal(rule.address))]
    whole = [rule for rule in matching if not rule.attributes]
    if whole:
        verdict.hits.update({str(rule): 1 for rule in whole})
        verdict.ignored.append(drift)
        return
    kept = []
    for change in drift.changes:
        taking = [rule for rule in matching if any(_covers(each, change.path) for each in rule.attributes)]
        verdict.hits.update({str(rule): 1 for rule in taking})
        if not taking:
            kept.append(change)
    if drift.action == "update" and drift.changes and not kept:
        verdict.ignored.append(drift)
    else:
        # What creates, deletes or replaces is more than the sum of its attributes.
        left = tuple(kept) if drift.action == "update" else drift.changes
        verdict.left.append(Drift(drift.address, drift.action, left))


def _covers(pattern: str, path: str) -> bool:
    """Match an attribute and all below it."""
    return fnmatch.fnmatchcase(path, _literal(pattern)) or fnmatch.fnmatchcase(path, _literal(pattern) + ".*")


def _literal(pattern: str) -> str:
    """Let only `*` be special: addresses hold brackets, `web[0]`, that are meant as such."""
    return "".join(f"[{letter}]" if letter in "[?" else letter for letter in pattern)
