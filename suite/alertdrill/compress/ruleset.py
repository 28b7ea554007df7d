"""Whole rule sets x k; a rule that can't be scaled is left out, with the place and the reason."""

import math

import msgspec

from alertdrill import durations
from alertdrill.compress import paced
from alertdrill.compress.expression import Scaler, duration, read
from alertdrill.compress.metrics import of_metric
from alertdrill.compress.quantity import Meaning, Quantity, Refused, Scaled, unknown
from alertdrill.errors import UsageError
from alertdrill.model import Claim, Value
from alertdrill.rules import Declaration, Group, Rule, RuleSet, pace, promql


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
    """The rules for a live run, without those that were refused, and the claims on which they rest.

    `unused` are the declarations that nothing here needed.
    """

    rules: RuleSet
    refusals: tuple[Refusal, ...] = ()
    claims: tuple[Claim, ...] = ()
    unused: tuple[Declaration, ...] = ()


def compress(ruleset: RuleSet, speed: float) -> Compressed:
    """Return the rules for a run in which time passes `speed` times as fast; 1 leaves them as they are."""
    check_speed(speed)
    if speed == 1:
        return Compressed(rules=ruleset)
    found, lost = _Compressor(ruleset, speed).whole(), frozenset[str]()
    while more := {one.alert for one in found.refusals} & ruleset.alerts - lost:
        lost |= more  # who reads these would read nothing
        found = _Compressor(ruleset, speed, lost).whole()
    return found


def why_unused(declaration: Declaration) -> str:
    """Return why a declaration is not needed, in a sentence."""
    if declaration.metric and (reason := paced.reason(declaration.metric)):
        return f"the lab paces {declaration.metric}, whatever is declared: {reason}"
    return f"no rule needs to know what {declaration.about} is; remove this, or mend the name"


def check_speed(speed: float) -> None:
    """Raise UsageError for a speed nothing can be played at."""
    if not (math.isfinite(speed) and speed >= 1):
        raise UsageError(f"the speed is {speed:g}, and must be 1 or more; 20 is the usual one")


class _Compressor:
    """One run over a rule set: recording rules first, wherever their consumers stand."""

    def __init__(self, ruleset: RuleSet, speed: float, lost: frozenset[str] = frozenset()) -> None:
        self.ruleset = ruleset
        self.speed = speed
        self.lost = lost  # alerts that are left out, of one rule at least
        self.refusals: list[Refusal] = []
        self.records: dict[str, list[Rule]] = {}
        for rule in ruleset.rules:
            if rule.kind == "record":
                self.records.setdefault(rule.name, []).append(rule)
        self.recorded: dict[str, Meaning] = {}
        self.used: set[Declaration] = set()
        self.claims: dict[tuple[str, str], tuple[Claim, list[str]]] = {}

    def whole(self) -> Compressed:
        files = {
            file: tuple(group for one in groups if (group := self._group(one)) is not None)
            for file, groups in self.ruleset.files.items()
        }
        stated = self.ruleset.declarations
        return Compressed(
            rules=RuleSet(files=files, declarations=stated),
            refusals=tuple(self.refusals),
            claims=tuple(
                msgspec.structs.replace(claim, rules=tuple(sorted(set(rules))))
                for _, (claim, rules) in sorted(self.claims.items())
            ),
            unused=tuple(one for one in stated if one not in self.used),
        )

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
        for field, name in (("hold", "for"), ("keep_firing_for", "keep_firing_for")):
            try:
                changes[field] = self._duration(getattr(rule, field))
            except Refused as why:
                self._refuse(rule, rule.line_of(name), str(why))
                return None
        try:
            scaled, claims = self._scaled(rule)
        except Refused as why:
            self._refuse(rule, rule.line_of("expr"), str(why))
            return None
        for claim in claims:
            self.claims.setdefault((claim.metric, claim.kind), (claim, []))[1].append(rule.name)
        return msgspec.structs.replace(rule, expr=scaled.text, **changes)

    def _scaled(self, rule: Rule) -> tuple[Scaled, tuple[Claim, ...]]:
        scaler = Scaler(self.speed, self._metric)
        tree = read(rule.expr)
        if those := promql.alerts_read(tree, sorted(self.lost)):
            raise Refused(f"it reads the alert {those[0]}, which can't be scaled")
        scaled = scaler.scale(tree)
        return scaled, tuple(scaler.claims.values())

    def _duration(self, text: str) -> str:
        return duration(durations.seconds(text), self.speed) if text else ""

    def _refuse(self, rule: Rule, line: int, reason: str) -> None:
        said = " ".join(reason.split())  # an expression may have lines, and a sentence has none
        self.refusals.append(Refusal(file=rule.file, line=line, alert=rule.name, reason=said))

    def _metric(self, name: str) -> Meaning:
        """Return what a series measures; one that a recording rule makes is followed to its source."""
        if name not in self.records:
            if (said := pace.chosen(self.ruleset.declarations, name)) and not paced.reason(name):
                self.used.add(said)
            return of_metric(name, self.ruleset.declarations)
        if name not in self.recorded:
            self.recorded[name] = Meaning(quantity=unknown(f"the recording rule {name} reads itself"))
            self.recorded[name] = self._measured(name)
        meaning = self.recorded[name]
        if meaning.quantity.power is None:
            raise Refused(meaning.quantity.why)
        return meaning

    def _measured(self, name: str) -> Meaning:
        """Return what the recording rules of one name have in common."""
        found: list[Quantity] = []
        claims: dict[str, Claim] = {}
        for rule in self.records[name]:
            try:
                scaled, those = self._scaled(rule)
            except Refused as why:
                place = f"{rule.file}:{rule.line}"
                return Meaning(
                    quantity=unknown(f"the recording rule {name} ({place}) can't be scaled: {why}")
                )
            found.append(scaled.quantity)
            claims.update({claim.metric: claim for claim in those})
        first = msgspec.structs.replace(found[0], constant=False, number=None)
        if any(msgspec.structs.replace(one, constant=False, number=None) != first for one in found):
            return Meaning(quantity=unknown(f"the recording rules named {name} measure different things"))
        return Meaning(quantity=first, claims=tuple(claims.values()))
