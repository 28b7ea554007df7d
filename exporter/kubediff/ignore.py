"""Drift that is known and meant: rules by path, object and manager; each counts what it took."""

import datetime as dt
import fnmatch
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from exporter_kit import yaml_file
from exporter_kit.errors import ConfigError, UsageError
from kubediff.results import Difference, Item, Subject

ANNOTATION = "kubediff/ignore"
SENSITIVE = "kubediff/sensitive"


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Ignore a path and all below it, on objects that match; without a path, whatever happens to them.

    `*` matches anything. After `until` the rule is over.
    """

    path: str = "*"
    kind: str = "*"
    namespace: str = "*"
    name: str = "*"
    manager: str = "*"
    reason: str = ""
    until: dt.date | None = None

    def __str__(self) -> str:
        """Write the rule as --ignore takes it, with its manager behind an @."""
        where = [self.kind]
        if (self.namespace, self.name) != ("*", "*"):
            where += [self.namespace, self.name]
        by = f"@{self.manager}" if self.manager != "*" else ""
        return f"{'/'.join(where)}:{self.path}{by}"

    def concerns(self, subject: Subject) -> bool:
        """Return whether it is about an object."""
        return (
            _matches(subject.kind, self.kind)
            and _matches(subject.namespace, self.namespace)
            and _matches(subject.name, self.name)
        )

    def takes(self, difference: Difference) -> bool:
        """Return whether it is about a difference of such an object."""
        manager = difference.author.manager if difference.author else ""
        return _matches(manager, self.manager) and covers(self.path, difference.path)


def parse(text: str) -> Rule:
    """Read [KIND[/NAMESPACE/NAME]:]PATH[@MANAGER]; what is not such is a UsageError."""
    where, colon, rest = text.partition(":")
    if not colon:
        where, rest = "*", text
    path, at, manager = rest.rpartition("@")
    if not at:
        path, manager = rest, "*"
    words = where.split("/")
    if len(words) not in {1, 3} or not all((*words, path, manager)):
        raise UsageError(f"--ignore {text!r} is not [KIND[/NAMESPACE/NAME]:]PATH[@MANAGER]")
    kind, namespace, name = (*words, "*", "*")[:3]
    return Rule(path, kind, namespace, name, manager)


def load(file: Path) -> list[Rule]:
    """Read rules from a YAML list; a rule there must say why."""
    tree = yaml_file.read(file, "the rules") or []
    try:
        rules = msgspec.convert(tree, list[Rule])
    except ValueError as error:
        raise ConfigError(file, f"the rules have a mistake: {' '.join(str(error).split())}") from None
    for rule in rules:
        if not rule.reason:
            raise ConfigError(file, f"the rule {rule} has no reason; say why it is meant")
    return rules


class Rules:
    """All rules of a run, and what each has taken."""

    def __init__(self, rules: Iterable[Rule], today: dt.date) -> None:
        self._rules = [rule for rule in rules if not (rule.until and rule.until < today)]
        self.over = [str(rule) for rule in rules if rule.until and rule.until < today]
        self.hits: Counter[str] = Counter({str(rule): 0 for rule in self._rules})

    def judge(self, item: Item, own: Sequence[str] = ()) -> tuple[Item | None, Item | None]:
        """Return what is left of an object's drift, and what rules took; `own` are its annotation's paths."""
        rules = [rule for rule in self._rules if rule.concerns(item.subject)]
        annotated = [Rule(path) for path in own]
        for rule in annotated:
            self.hits[_own(item.subject, rule)] += 0
        if item.state != "differs":
            taking = [rule for rule in rules if rule.path == "*" and rule.manager == "*"]
            self.hits.update(str(rule) for rule in taking)
            return (None, item) if taking else (item, None)
        left: list[Difference] = []
        taken: list[Difference] = []
        for difference in item.differences:
            names = [str(rule) for rule in rules if rule.takes(difference)]
            names += [_own(item.subject, rule) for rule in annotated if rule.takes(difference)]
            self.hits.update(names)
            (taken if names else left).append(difference)
        return _with(item, left), _with(item, taken)


def _own(subject: Subject, rule: Rule) -> str:
    return f"{subject}:{rule.path} (annotation)"


def _with(item: Item, differences: list[Difference]) -> Item | None:
    if not differences:
        return None
    return Item(item.subject, item.state, item.place, differences)


def covers(pattern: str, path: str) -> bool:
    """Match a path and all below it."""
    if pattern == "*":
        return True
    literal = _literal(pattern)
    return any(fnmatch.fnmatchcase(path, literal + below) for below in ("", ".*", "[[]*"))


def annotated(annotations: object, name: str) -> list[str]:
    """Return the paths that an object's own annotation names."""
    said = annotations.get(name) if isinstance(annotations, dict) else None
    return [word for word in re.split(r"[,\s]+", said) if word] if isinstance(said, str) else []


def _matches(said: str, pattern: str) -> bool:
    return pattern == "*" or fnmatch.fnmatchcase(said, _literal(pattern))


def _literal(pattern: str) -> str:
    """Let only `*` be special: paths hold brackets that are meant as such."""
    return "".join(f"[{letter}]" if letter in "[?" else letter for letter in pattern)
