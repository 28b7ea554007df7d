"""Whole rule sets x k; a rule that can't be scaled is left out, with the place and the reason."""

import math

import msgspec

from alertdrill import durations
from alertdrill.compress.arithmetic import Refused
from alertdrill.compress.expression import duration, scale
from alertdrill.compress.quantity import Quantity, of_metric, unknown
from alertdrill.errors import UsageError
from alertdrill.model import Value
from alertdrill.rules import Group, Rule, RuleSet


class Refusal(Value, frozen=True, kw_only=True):
    """Why a rule can't be scaled, and where it stands; `alert` may be the name of a recording rule."""

    file: str
    line: int
    alert: str
    reason: str

    def __str__(self) -> str:
        """Read as compilers write: place, name, reason."""
        return f"{self.file}:{self.line}: {self.alert}: {self.reason}"


class Compressed(Value, frozen=True, kw_only=True):
    """The rules for a live run, without those that were refused."""

    rules: RuleSet
    refusals: tuple[Refusal, ...] = ()


def compress(ruleset: RuleSet, speed: float) -> Compressed:
    """Return the rules for a run in which time passes `speed` times as fast; 1 leaves them as they are."""
    check_speed(speed)
    if speed == 1:
        return Compressed(rules=ruleset)
    return _Compressor(ruleset, speed).whole()


def check_speed(speed: float) -> None:
    """Raise UsageError for a speed nothing can be played at."""
    if not (math.isfinite(speed) and speed >= 1):
        raise UsageError(f"the speed is {speed:g}, and must be 1 or more; 20 is the usual one")


class _Compressor:
    """One run over a rule set: recording rules first, wherever their consumers stand."""

    def __init__(self, ruleset: RuleSet, speed: float) -> None:
        self.ruleset = ruleset
        self.speed = speed
        self.refusals: list[Refusal] = []
        self.records: dict[str, list[Rule]] = {}
        for rule in ruleset.rules:
            if rule.kind == "record":
                self.records.setdefault(rule.name, []).append(rule)
        self.recorded: dict[str, Quantity] = {}

    def whole(self) -> Compressed:
        files = {
            file: tuple(group for one in groups if (group := self._group(one)) is not None)
            for file, groups in self.ruleset.files.items()
        }
        return Compressed(rules=RuleSet(files=files), refusals=tuple(self.refusals))

    def _group(self, group: Group) -> Group | None:
        """Return the scaled group; None when its own durations vanish, which refuses all its rules."""
        changes = {}
        for field in ("interval", "query_offset"):
            try:
                changes[field] = self._duration(getattr(group, field))
            except Refused as why:
                for rule in group.rules:
                    self._refuse(rule, group.line_of(field), f"{field} of its group: {why}")
                return None
        rules = tuple(scaled for rule in group.rules if (scaled := self._rule(rule)) is not None)
        return msgspec.structs.replace(group, rules=rules, **changes)

    def _rule(self, rule: Rule) -> Rule | None:
        changes = {}
        for field, name in (("hold", "for"), ("keep_firing_for", "keep_firing_for"), ("expr", "expr")):
            try:
                if field == "expr":
                    changes[field] = scale(rule.expr, self.speed, self._metric).text
                else:
                    changes[field] = self._duration(getattr(rule, field))
            except Refused as why:
                self._refuse(rule, rule.line_of(name), str(why))
                return None
        return msgspec.structs.replace(rule, **changes)

    def _duration(self, text: str) -> str:
        return duration(durations.seconds(text), self.speed) if text else ""

    def _refuse(self, rule: Rule, line: int, reason: str) -> None:
        self.refusals.append(Refusal(file=rule.file, line=line, alert=rule.name, reason=reason))

    def _metric(self, name: str) -> Quantity:
        """Return what a series measures; one that a recording rule makes is followed to its source."""
        if name not in self.records:
            return of_metric(name)
        if name not in self.recorded:
            self.recorded[name] = unknown(f"the recording rule {name} reads itself")
            self.recorded[name] = self._measured(name)
        quantity = self.recorded[name]
        if quantity.power is None:
            raise Refused(quantity.why)
        return quantity

    def _measured(self, name: str) -> Quantity:
        """Return what the recording rules of one name have in common."""
        found = []
        for rule in self.records[name]:
            try:
                found.append(scale(rule.expr, self.speed, self._metric).quantity)
            except Refused as why:
                return unknown(f"the recording rule {name} ({rule.file}:{rule.line}) can't be scaled: {why}")
        powers = {(quantity.power, quantity.instant) for quantity in found}
        if len(powers) > 1:
            return unknown(f"the recording rules named {name} measure different things")
        return msgspec.structs.replace(found[0], constant=False, zero=False)
