"""What rule files say, with the lines where they say it; and back to YAML."""

from collections.abc import Sequence
from typing import Any, Literal

import yaml

from alertdrill.errors import RulesError, UsageError
from alertdrill.model import Value
from alertdrill.rules import promql
from alertdrill.rules.pace import Declaration


class Remark(Value, frozen=True, kw_only=True):
    """What Prometheus takes and a person should look at; `line` is 0 where the file as a whole is meant."""

    file: str
    line: int
    sentence: str

    def __str__(self) -> str:
        """Read as compilers write: place, what it is, sentence."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: warning: {self.sentence}"


class BadRulesError(RulesError):
    """Everything that is wrong with the rules, one sentence a line, and then what else is to be said of them.

    `problems` has what is wrong, one by one.
    """

    def __init__(self, problems: Sequence[RulesError], remarks: Sequence[Remark] = ()) -> None:
        super().__init__("", file=problems[0].file, line=problems[0].line)
        self.args = ("\n".join(map(str, (*problems, *remarks))),)
        self.problems = tuple(problems)


class Rule(Value, frozen=True, kw_only=True):
    """An alert or a recording rule; durations are texts as in the file, `""` where there is none.

    `lines` says where in `file` a field stands, by the field's name; `line` is where the rule starts.
    """

    kind: Literal["alert", "record"]
    name: str
    expr: str
    hold: str = ""  # the field `for`, which Python keeps to itself
    keep_firing_for: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    file: str = ""
    line: int = 0
    lines: dict[str, int] = {}

    def line_of(self, field: str) -> int:
        """Return the line of a field, else the rule's own."""
        return self.lines.get(field, self.line)

    def tree(self) -> promql.Expr | None:
        """Return the expression's tree, None where only Prometheus can read it."""
        try:
            return promql.parse(self.expr)
        except UsageError:
            return None

    def document(self) -> dict[str, Any]:
        """Return the rule as a rule file writes it."""
        fields = {
            self.kind: self.name,
            "expr": self.expr,
            "for": self.hold,
            "keep_firing_for": self.keep_firing_for,
            "labels": dict(self.labels),
            "annotations": dict(self.annotations),
        }
        return {name: value for name, value in fields.items() if value}


class Group(Value, frozen=True, kw_only=True):
    """Rules that are evaluated together, one after the other; `limit` is text as in the file."""

    name: str
    interval: str = ""
    query_offset: str = ""
    limit: int = 0
    labels: dict[str, str] = {}
    rules: tuple[Rule, ...] = ()
    file: str = ""
    line: int = 0
    lines: dict[str, int] = {}

    def line_of(self, field: str) -> int:
        """Return the line of a field, else the group's own."""
        return self.lines.get(field, self.line)

    def document(self, name: str) -> dict[str, Any]:
        """Return the group as a rule file writes it, under this name."""
        fields = {
            "interval": self.interval,
            "query_offset": self.query_offset,
            "limit": self.limit,
            "labels": dict(self.labels),
        }
        return {
            "name": name,
            **{key: value for key, value in fields.items() if value},
            "rules": [rule.document() for rule in self.rules],
        }


class RuleSet(Value, frozen=True, kw_only=True):
    """All rule files that are loaded together: file name, as the user gave it, → its groups.

    `foreign` are the files that are not in Prometheus' own form; `remarks` are about all of them;
    `declarations` say what paces the metrics they read.
    """

    files: dict[str, tuple[Group, ...]] = {}
    foreign: frozenset[str] = frozenset()
    remarks: tuple[Remark, ...] = ()
    declarations: tuple[Declaration, ...] = ()

    @property
    def groups(self) -> tuple[Group, ...]:
        """Return every group, in the order of the files."""
        return tuple(group for groups in self.files.values() for group in groups)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Return every rule, in the order of the files."""
        return tuple(rule for group in self.groups for rule in group.rules)

    @property
    def alerts(self) -> frozenset[str]:
        """Return the names of the alerts."""
        return frozenset(rule.name for rule in self.rules if rule.kind == "alert")

    @property
    def jobs(self) -> frozenset[str]:
        """Return the scrape jobs the rules select by `job="…"`, as far as their expressions can be read."""
        trees = [tree for rule in self.rules if (tree := rule.tree()) is not None]
        return frozenset(job for tree in trees for job in promql.jobs(tree))

    @property
    def unread(self) -> tuple[Remark, ...]:
        """Return a remark for each expression that only Prometheus can read."""
        found = []
        for rule in self.rules:
            try:
                promql.parse(rule.expr)
            except UsageError as error:
                sentence = f"{rule.name} can be neither scaled nor mutated: {error}"
                found.append(Remark(file=rule.file, line=rule.line_of("expr"), sentence=sentence))
        return tuple(found)

    def named(self) -> dict[str, Group]:
        """Return every group by a name of its own.

        Two files, or objects, may each have a group of one name; one file may not, so the later one gets
        its place added to its name.
        """
        found: dict[str, Group] = {}
        for group in self.groups:
            names = [group.name, f"{group.name} ({group.file})", f"{group.name} ({group.file}:{group.line})"]
            found[next((one for one in names if one not in found), f"{names[-1]} {len(found)}")] = group
        return found

    def document(self) -> dict[str, Any]:
        """Return one rule file that says what all of them say."""
        return {"groups": [group.document(name) for name, group in self.named().items()]}

    def to_yaml(self) -> str:
        """Return the document as a rule file's text."""
        return str(yaml.safe_dump(self.document(), sort_keys=False, allow_unicode=True, width=1_000_000))
