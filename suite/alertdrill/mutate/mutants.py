"""Rules → mutants: each is one rule with one thing changed, which somebody's test should notice."""

from collections import Counter
from collections.abc import Iterator

import msgspec

from alertdrill import durations
from alertdrill.errors import UsageError
from alertdrill.model import Value
from alertdrill.mutate import expression
from alertdrill.rules import Group, Rule, RuleSet, promql

OTHER_SEVERITY = {"critical": "warning", "warning": "critical", "info": "critical", "none": "critical"}


class Mutant(Value, frozen=True, kw_only=True):
    """A rule with one thing changed.

    `what` says which, and is another one for each mutant of a rule; `same` says why the change is none,
    `line` is where in the rule's file it would be made.
    """

    original: Rule
    changed: Rule
    group: str
    kind: str
    what: str
    line: int
    same: str = ""

    @property
    def place(self) -> str:
        """Return file:line of what is changed."""
        return f"{self.original.file}:{self.line}"


class Unread(Value, frozen=True, kw_only=True):
    """A rule whose expression can't be mutated, and why."""

    rule: Rule
    reason: str

    def __str__(self) -> str:
        """Read as compilers write: place, name, reason."""
        return f"{self.rule.file}:{self.rule.line_of('expr')}: {self.rule.name}: {self.reason}"


def of(ruleset: RuleSet) -> tuple[tuple[Mutant, ...], tuple[Unread, ...]]:
    """Return every mutant of the rules, in their order, and the rules that could not be mutated whole."""
    mutants: list[Mutant] = []
    unread = []
    for group in ruleset.groups:
        for rule in group.rules:
            try:
                mutants += _named(group, rule, _of_rule(rule))
            except UsageError as why:
                unread.append(Unread(rule=rule, reason=f"its expression can't be mutated: {why}"))
                mutants += _named(group, rule, _of_fields(rule))
    return tuple(mutants), tuple(unread)


Change = tuple[str, str, str, Rule, str]  # kind, what, field, the changed rule, why it is none


def _named(group: Group, rule: Rule, changes: Iterator[Change]) -> Iterator[Mutant]:
    """Give each change a name of its own among those of its rule; of two that are one, the first stays."""
    seen: set[bytes] = set()
    names: Counter[str] = Counter()
    for kind, what, field, changed, same in changes:
        content = msgspec.json.encode(changed.document())
        if content in seen:
            continue
        seen.add(content)
        names[what] += 1
        name = what if names[what] == 1 else f"{what} ({names[what]})"
        line = rule.line_of(field)
        yield Mutant(
            original=rule, changed=changed, group=group.name, kind=kind, what=name, line=line, same=same
        )


def _of_rule(rule: Rule) -> Iterator[Change]:
    tree = promql.parse(rule.expr)
    as_it_is = expression.plain(tree)
    for edit in expression.edits(tree):
        same = edit.same or ("it is the same expression" if _is_one(edit.text, as_it_is) else "")
        yield edit.kind, edit.what, "expr", msgspec.structs.replace(rule, expr=edit.text), same
    yield from _of_fields(rule)


def _is_one(text: str, other: str) -> bool:
    return text == other or expression.plain(promql.parse(text)) == other


def _of_fields(rule: Rule) -> Iterator[Change]:
    if rule.kind == "alert":
        yield from _of_durations(rule)
    for name, value in rule.labels.items():
        if name == "severity":
            other = OTHER_SEVERITY.get(value, "warning")
            labels = {**rule.labels, name: other}
            changed = msgspec.structs.replace(rule, labels=labels)
            yield "severity", f"severity {value} → {other}", "labels", changed, ""
        else:
            changed = msgspec.structs.replace(rule, labels=_without(rule.labels, name))
            yield "label", f"label {name} → nothing", "labels", changed, ""
    for name in rule.annotations:
        changed = msgspec.structs.replace(rule, annotations=_without(rule.annotations, name))
        yield "annotation", f"annotation {name} → nothing", "annotations", changed, ""


def _of_durations(rule: Rule) -> Iterator[Change]:
    hold = durations.seconds(rule.hold) if rule.hold else 0.0
    if hold:
        for other in (durations.text(hold / 2), durations.text(hold * 2), ""):
            changed = msgspec.structs.replace(rule, hold=other)
            yield "for", f"for {rule.hold} → {other or 'nothing'}", "for", changed, ""
    if rule.keep_firing_for and durations.seconds(rule.keep_firing_for):
        changed = msgspec.structs.replace(rule, keep_firing_for="")
        what = f"keep_firing_for {rule.keep_firing_for} → nothing"
        yield "keep_firing_for", what, "keep_firing_for", changed, ""


def _without(fields: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in fields.items() if key != name}
