"""One rule file's YAML nodes → groups and rules; problems and remarks are collected, not raised."""

import re
from collections.abc import Iterator, Sequence

import msgspec
import promql_parser
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from alertdrill import durations
from alertdrill.errors import RulesError, UsageError
from alertdrill.rules import promql, template
from alertdrill.rules.documents import MERGE, NULL, is_null, items, line_of
from alertdrill.rules.forms import Body
from alertdrill.rules.values import Group, Remark, Rule

GROUP_FIELDS = ("name", "interval", "query_offset", "limit", "labels", "rules")
# Fields of Thanos, Mimir and Loki, which Prometheus has not.
GROUP_FIELDS_OF_OTHERS = (
    "partial_response_strategy",
    "source_tenants",
    "evaluation_delay",
    "align_evaluation_time_on_interval",
    "remote_write",
)
RULE_FIELDS = ("record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations")
ONLY_OF_ALERTS = ("for", "keep_firing_for", "annotations")

NOTHING = ScalarNode(NULL, "")

Fields = dict[str, Node]


class Reader:
    """Reads one file; `problems` and `remarks` fill as it goes."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[RulesError] = []
        self.remarks: list[Remark] = []
        self.left_out = False  # something that Prometheus has not is left out

    def problem(self, node: Node, sentence: str) -> None:
        """Note what is wrong at a node."""
        self.problems.append(RulesError(sentence, file=self.file, line=line_of(node)))

    def remark(self, node: Node, sentence: str) -> None:
        """Note what Prometheus takes at a node, and a person should look at."""
        self.remarks.append(Remark(file=self.file, line=line_of(node), sentence=sentence))

    def groups(self, body: Body) -> tuple[Group, ...]:
        """Return the groups of a file's body."""
        fields = self._fields(body.node, body.what, ("groups", *body.fields))
        groups = tuple(map(self._group, self._items(fields, "groups")))
        names: set[str] = set()
        for group in groups:
            if group.name in names:
                self.problems.append(
                    RulesError(
                        f"the group {group.name or 'without a name'} is in this file twice; rename one",
                        file=self.file,
                        line=group.line,
                    )
                )
            names.add(group.name)
        return groups

    def _group(self, node: Node) -> Group:
        fields = self._fields(node, "a group", GROUP_FIELDS, GROUP_FIELDS_OF_OTHERS)
        name = self._text(fields, "name")
        if not name:
            self.problem(node, "this group has no name; give it one")
        return Group(
            name=name,
            interval=self._duration(fields, "interval"),
            query_offset=self._duration(fields, "query_offset"),
            limit=self._number(fields, "limit"),
            labels=self._labels(fields, "labels"),
            rules=tuple(map(self._rule, self._items(fields, "rules"))),
            file=self.file,
            line=line_of(node),
            lines=_lines(fields),
        )

    def _rule(self, node: Node) -> Rule:
        if is_null(node):
            self.problem(node, "there is no rule here; write one, or remove the dash")
        fields = self._fields(node, "a rule", RULE_FIELDS)
        alert, record = self._text(fields, "alert"), self._text(fields, "record")
        if fields and not (alert or record):
            self.problem(node, "this rule has neither `alert:` nor `record:` with a name; give it one")
        elif alert and record:
            self.problem(
                fields["record"], f"this rule is both the alert {alert} and a recording rule; split it"
            )
        elif record:
            self._check_record(fields, record)
        rule = Rule(
            kind="alert" if alert or not record else "record",
            name=alert or record,
            expr=self._expression(node, fields, alert or record),
            hold=self._duration(fields, "for"),
            keep_firing_for=self._duration(fields, "keep_firing_for"),
            labels=self._labels(fields, "labels", templates=bool(alert)),
            annotations=self._labels(fields, "annotations", templates=bool(alert)),
            file=self.file,
            line=line_of(node),
            lines=_lines(fields),
        )
        if record:
            # What is nothing may be there: `for: 0s`.
            return msgspec.structs.replace(rule, hold="", keep_firing_for="", annotations={})
        return rule

    def _check_record(self, fields: Fields, record: str) -> None:
        if "{" in record or "}" in record:
            self.problem(fields["record"], f"{record!r} is no metric name; labels stand in `labels:`")
        for field in ONLY_OF_ALERTS:
            node = fields.get(field, NOTHING)
            zero = isinstance(node, ScalarNode) and not re.search(r"[^0ywdhms]", node.value)
            if node.value and not is_null(node) and not zero:
                self.problem(node, f"a recording rule has no field {field!r}; only alerts have")

    def _expression(self, node: Node, fields: Fields, name: str) -> str:
        text = self._text(fields, "expr")
        if not text.strip():
            if fields and isinstance(fields.get("expr", NOTHING), ScalarNode):
                self.problem(fields.get("expr", node), f"{name or 'this rule'} has no `expr:`; write one")
            return ""
        try:
            tree = promql.parse(text)
        except UsageError:
            return text  # for Prometheus to say; who needs the tree says that there is none
        if isinstance(
            tree, promql_parser.MatrixSelector | promql_parser.StringLiteral | promql_parser.SubqueryExpr
        ):
            sentence = "is a range or a text, and not one value for each series; each evaluation will fail"
            self.remark(fields["expr"], f"the expression of {name} {sentence}")
        return text

    def _labels(self, fields: Fields, field: str, *, templates: bool = False) -> dict[str, str]:
        """Read labels or annotations, which are templates in alerts."""
        if field not in fields:
            return {}
        found = {}
        for key, value in self._pairs(fields[field], field):
            text = self._scalar(value, f"{field}.{key}")
            if not key or (field == "labels" and key == "__name__"):
                self.problem(value, f"{key!r} is no name in {field}; choose another")
            if templates:
                self._check_template(value, text, f"{field}.{key}", of_label=field == "labels")
            found[key] = text
        return found

    def _check_template(self, node: Node, text: str, where: str, *, of_label: bool) -> None:
        for mistake in template.mistakes(text):
            self.problem(node, f"{where}: {mistake}")
        for doubt in template.doubts(text, of_label=of_label):
            self.remark(node, f"{where}: {doubt}")

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
        if text and not re.fullmatch(r"[-+]?[0-9][0-9_]{0,17}", text):
            self.problem(fields[field], f"{field}: {text!r} is no whole number")
            return 0
        return int(text.replace("_", "") or 0)

    def _text(self, fields: Fields, field: str) -> str:
        return self._scalar(fields[field], field) if field in fields else ""

    def _scalar(self, node: Node, what: str) -> str:
        """Return a scalar as it is written, as Prometheus does: `severity: 1` is the text "1"."""
        if not isinstance(node, ScalarNode):
            self.problem(node, f"{what} must be a text")
            return ""
        return "" if is_null(node) else str(node.value)

    def _items(self, fields: Fields, field: str) -> list[Node]:
        node = fields.get(field, NOTHING)
        if not isinstance(node, SequenceNode) and not is_null(node):
            self.problem(node, f"{field} must be a list")
        return items(node)

    def _fields(self, node: Node, what: str, allowed: Sequence[str], others: Sequence[str] = ()) -> Fields:
        fields = dict(self._pairs(node, what))
        for key in fields.keys() - set(allowed):
            if key in others:
                self.left_out = True
                self.remark(fields[key], f"{what} has no field {key!r} in Prometheus; it is left out")
            else:
                self.problem(fields[key], f"{what} has no field {key!r}; it has {', '.join(allowed)}")
        return {key: value for key, value in fields.items() if key in allowed}

    def _pairs(self, node: Node, what: str) -> Iterator[tuple[str, Node]]:
        """Yield the keys and values of a mapping, merged ones behind its own; a key twice is a problem."""
        if not isinstance(node, MappingNode):
            if not is_null(node):
                self.problem(node, f"{what} must be a mapping of names to values")
            return
        seen: set[str] = set()
        merged: list[Node] = []
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self.problem(key, f"a name in {what} must be a text")
                continue
            if key.tag == MERGE:
                merged += items(value) or [value]
                continue
            name = self._scalar(key, f"a name in {what}")
            if name in seen:
                self.problem(key, f"{what} has the field {name!r} twice; remove one")
            seen.add(name)
            yield name, value
        for other in merged:
            for name, value in self._pairs(other, what):
                if name not in seen:
                    seen.add(name)
                    yield name, value


def _lines(fields: Fields) -> dict[str, int]:
    return {name: line_of(node) for name, node in fields.items()}
