"""What rule files say, with the lines where they say it; and back to YAML."""

from collections.abc import Sequence
from typing import Any, Literal

import yaml

from alertdrill.errors import RulesError
from alertdrill.model import Value
from alertdrill.rules import promql


class BadRulesError(RulesError):
    """Everything that is wrong with the rules, one sentence a line; `problems` has them one by one."""

    def __init__(self, problems: Sequence[RulesError]) -> None:
        super().__init__("", file=problems[0].file, line=problems[0].line)
        self.args = ("\n".join(str(problem) for problem in problems),)
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
    """All rule files that are loaded together: file name, as the user gave it, → its groups."""

    files: dict[str, tuple[Group, ...]] = {}

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
        """Return the scrape jobs the rules select by `job="…"`."""
        return frozenset(job for rule in self.rules for job in promql.jobs(promql.parse(rule.expr)))

    def to_yaml(self) -> str:
        """Return one rule file that says what all of them say.

        Two files may each have a group of one name; one file may not, so the later one gets its file's name.
        """
        documents: dict[str, dict[str, Any]] = {}
        for group in self.groups:
            name = group.name if group.name not in documents else f"{group.name} ({group.file})"
            documents[name] = group.document(name)
        return str(
            yaml.safe_dump(
                {"groups": list(documents.values())}, sort_keys=False, allow_unicode=True, width=1_000_000
            )
        )
