"""One rule file's YAML nodes → groups and rules; problems are collected, not raised."""

import re
from collections.abc import Iterator

import promql_parser
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from alertdrill import durations
from alertdrill.errors import RulesError, UsageError
from alertdrill.rules import promql, template
from alertdrill.rules.values import Group, Rule

FILE_FIELDS = ("groups",)
GROUP_FIELDS = ("name", "interval", "query_offset", "limit", "labels", "rules")
ALERT_FIELDS = ("alert", "expr", "for", "keep_firing_for", "labels", "annotations")
RECORD_FIELDS = ("record", "expr", "labels")
LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")

NOTHING = ScalarNode("tag:yaml.org,2002:null", "")

Fields = dict[str, Node]


class Reader:
    """Reads one file; `problems` fills as it goes."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[RulesError] = []

    def problem(self, node: Node, sentence: str) -> None:
        """Note what is wrong at a node."""
        self.problems.append(RulesError(sentence, file=self.file, line=_line(node)))

    def groups(self, root: Node) -> tuple[Group, ...]:
        """Return the groups of the file's root node."""
        fields = self._fields(root, "a rule file", FILE_FIELDS)
        if "groups" not in fields:
            if isinstance(root, MappingNode):
                self.problem(root, "this rule file has no `groups:`; write at least one group")
            return ()
        groups = tuple(self._group(node) for node in self._items(fields["groups"], "groups"))
        names: set[str] = set()
        for group in groups:
            if group.name in names:
                self.problems.append(
                    RulesError(
                        f"the group {group.name} is in this file twice; rename one",
                        file=self.file,
                        line=group.line,
                    )
                )
            names.add(group.name)
        return groups

    def _group(self, node: Node) -> Group:
        fields = self._fields(node, "a group", GROUP_FIELDS)
        name = self._text(fields, "name")
        if not name:
            self.problem(node, "this group has no name; give it one")
        rules = self._items(fields["rules"], "rules") if "rules" in fields else ()
        return Group(
            name=name,
            interval=self._duration(fields, "interval"),
            query_offset=self._duration(fields, "query_offset"),
            limit=self._number(fields, "limit"),
            labels=self._labels(fields, "labels"),
            rules=tuple(self._rule(rule) for rule in rules),
            file=self.file,
            line=_line(node),
            lines=_lines(fields),
        )

    def _rule(self, node: Node) -> Rule:
        pairs = node.value if isinstance(node, MappingNode) else []
        keys = {key.value for key, _ in pairs if isinstance(key, ScalarNode)}
        records = "record" in keys and "alert" not in keys
        what, allowed = ("a recording rule", RECORD_FIELDS) if records else ("an alert", ALERT_FIELDS)
        fields = self._fields(node, what, allowed)
        name = self._text(fields, allowed[0])
        if keys and not name:
            self.problem(node, "this rule has neither `alert:` nor `record:` with a name; give it one")
        elif records and not METRIC_NAME.fullmatch(name):
            self.problem(fields["record"], f"{name!r} is no metric name; use letters, digits, _ and :")
        return Rule(
            kind="record" if records else "alert",
            name=name,
            expr=self._expression(node, fields, name),
            hold=self._duration(fields, "for"),
            keep_firing_for=self._duration(fields, "keep_firing_for"),
            labels=self._labels(fields, "labels"),
            annotations=self._labels(fields, "annotations"),
            file=self.file,
            line=_line(node),
            lines=_lines(fields),
        )

    def _expression(self, node: Node, fields: Fields, name: str) -> str:
        text = self._text(fields, "expr")
        if not text.strip():
            if fields and isinstance(fields.get("expr", NOTHING), ScalarNode):
                self.problem(fields.get("expr", node), f"{name or 'this rule'} has no `expr:`; write one")
            return ""
        try:
            tree = promql.parse(text)
        except UsageError as error:
            self.problem(fields["expr"], f"{name}: {error}")
            return text
        if isinstance(
            tree, promql_parser.MatrixSelector | promql_parser.StringLiteral | promql_parser.SubqueryExpr
        ):
            self.problem(
                fields["expr"], f"{name}: a rule needs one value for each series, not a range or a text"
            )
        return text

    def _labels(self, fields: Fields, field: str) -> dict[str, str]:
        """Read labels or annotations: names and templates."""
        if field not in fields:
            return {}
        found = {}
        for key, value in self._pairs(fields[field], field):
            text = self._scalar(value, f"{field}.{key}")
            if not LABEL_NAME.fullmatch(key) or (field == "labels" and key == "__name__"):
                self.problem(value, f"{key!r} is no name in {field}; use letters, digits and _")
            for mistake in template.mistakes(text):
                self.problem(value, f"{field}.{key}: {mistake}")
            found[key] = text
        return found

    def _duration(self, fields: Fields, field: str) -> str:
        text = self._text(fields, field)
        if text:
            try:
                durations.seconds(text)
            except UsageError as error:
                self.problem(fields[field], f"{field}: {error}")
        return text

    def _number(self, fields: Fields, field: str) -> int:
        text = self._text(fields, field)
        if text and not re.fullmatch(r"[0-9]{1,9}", text):
            self.problem(fields[field], f"{field}: {text!r} is no whole number")
            return 0
        return int(text or 0)

    def _text(self, fields: Fields, field: str) -> str:
        return self._scalar(fields[field], field) if field in fields else ""

    def _scalar(self, node: Node, what: str) -> str:
        """Return a scalar as it is written, as Prometheus does: `severity: 1` is the text "1"."""
        if not isinstance(node, ScalarNode):
            self.problem(node, f"{what} must be a text")
            return ""
        return "" if node.tag == "tag:yaml.org,2002:null" else str(node.value)

    def _items(self, node: Node, what: str) -> list[Node]:
        if isinstance(node, SequenceNode):
            return list(node.value)
        if not (isinstance(node, ScalarNode) and node.tag == "tag:yaml.org,2002:null"):
            self.problem(node, f"{what} must be a list")
        return []

    def _fields(self, node: Node, what: str, allowed: tuple[str, ...]) -> Fields:
        fields = dict(self._pairs(node, what))
        for key in fields.keys() - set(allowed):
            self.problem(fields[key], f"{what} has no field {key!r}; it has {', '.join(allowed)}")
        return {key: value for key, value in fields.items() if key in allowed}

    def _pairs(self, node: Node, what: str) -> Iterator[tuple[str, Node]]:
        """Yield the keys and values of a mapping; a key twice is a problem, and so is a merge."""
        if not isinstance(node, MappingNode):
            if not (isinstance(node, ScalarNode) and node.tag == "tag:yaml.org,2002:null"):
                self.problem(node, f"{what} must be a mapping of names to values")
            return
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self.problem(key, f"a name in {what} must be a text")
                continue
            name = self._scalar(key, f"a name in {what}")
            if key.tag == "tag:yaml.org,2002:merge":
                self.problem(key, "`<<` is not read here; write the fields out")
                continue
            if name in seen:
                self.problem(key, f"{what} has the field {name!r} twice; remove one")
            seen.add(name)
            yield name, value


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _lines(fields: Fields) -> dict[str, int]:
    return {name: _line(node) for name, node in fields.items()}
