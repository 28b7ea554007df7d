"""`pace.yaml`, beside rule files: what the metrics of a workload really are when a lab runs faster.

    metrics:
      - metric: shop_orders_total
        is: paced-by-lab
        reason: The load of our scenarios is scaled with the lab.
      - pattern: node_vmstat_.+
        is: own-pace
        every: 1s
        reason: The kernel counts as ever, and while it counts it counts every second.

`metric` is a whole name, `pattern` a regular expression that must match one whole; a name wins over a pattern
and a pattern over those after it. `is` says one of KINDS. `unit: number` says of a paced metric that it is
no time although its name speaks of time. `every` says of an own-pace metric that while it counts at all it
counts at least so often.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, get_args

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from alertdrill import durations
from alertdrill.errors import RulesError, UsageError
from alertdrill.model import Value

NAME = "pace.yaml"
SIZE_MAX = 1024 * 1024  # bytes
FIELDS = ("metric", "pattern", "is", "unit", "every", "reason")
METRIC_NAME = re.compile(r"[^\s\"'{}]+")

Kind = Literal["paced-by-lab", "own-pace", "seconds", "level"]
KINDS: tuple[Kind, ...] = get_args(Kind)
PACES = ("paced-by-lab", "own-pace")


class Declaration(Value, frozen=True, kw_only=True):
    """What somebody says of a metric, or of those whose whole name a pattern matches."""

    metric: str = ""
    pattern: str = ""
    kind: Kind
    is_number: bool = False  # whatever words of time stand in its name
    every: float | None = None  # seconds
    reason: str
    file: str = ""
    line: int = 0

    @property
    def about(self) -> str:
        """Return the name or the pattern."""
        return self.metric or self.pattern

    @property
    def place(self) -> str:
        """Return where it stands."""
        return f"{self.file}:{self.line}"

    def matches(self, metric: str) -> bool:
        """Say whether it is about a metric."""
        return self.metric == metric or bool(self.pattern and re.fullmatch(self.pattern, metric))


def chosen(declarations: Sequence[Declaration], metric: str) -> Declaration | None:
    """Return what is said of a metric: by its name, else by the first pattern."""
    by_name_first = sorted(declarations, key=lambda one: not one.metric)
    return next((one for one in by_name_first if one.matches(metric)), None)


def beside(files: Sequence[Path]) -> tuple[tuple[Declaration, ...], list[RulesError]]:
    """Return what stands in the `pace.yaml` beside these rule files, and what is wrong with it."""
    found: list[Declaration] = []
    problems: list[RulesError] = []
    for path in dict.fromkeys(file.parent / NAME for file in files):
        if not path.exists():
            continue
        try:
            text = path.read_bytes()[: SIZE_MAX + 1].decode()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text in UTF-8"
            problems.append(RulesError(f"can't read what is declared here: {why}", file=str(path)))
            continue
        those, wrong = parse(text, str(path))
        found += those
        problems += wrong
    return tuple(found), [*problems, *_twice(found)]


def parse(text: str, file: str) -> tuple[tuple[Declaration, ...], list[RulesError]]:
    """Return the declarations of one file's text, and what is wrong with it, each with its line."""
    try:
        root = yaml.compose(text, yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        why = getattr(error, "problem", None) or "it can't be parsed"
        return (), [RulesError(f"this is no YAML: {why}", file=file, line=mark.line + 1 if mark else 0)]
    reader = _Reader(file)
    declarations = tuple(reader.declarations(root))
    return declarations, reader.problems


def written(declarations: Sequence[Declaration]) -> str:
    """Return the text of one file that declares the same, `""` where nothing is declared."""
    listed = [
        {
            name: value
            for name, value in {
                "metric": one.metric,
                "pattern": one.pattern,
                "is": one.kind,
                "unit": "number" if one.is_number else "",
                "every": "" if one.every is None else durations.text(one.every),
                "reason": one.reason,
            }.items()
            if value
        }
        for one in declarations
    ]
    whole = {"metrics": listed}
    return str(yaml.safe_dump(whole, sort_keys=False, allow_unicode=True, width=1_000_000)) if listed else ""


def _twice(declarations: Sequence[Declaration]) -> Iterator[RulesError]:
    first: dict[str, Declaration] = {}
    for one in declarations:
        earlier = first.setdefault(one.about, one)
        if earlier is not one:
            yield RulesError(
                f"{one.about} is declared at {earlier.place} already; remove one",
                file=one.file,
                line=one.line,
            )


class _Reader:
    """Reads one file; `problems` fills as it goes."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[RulesError] = []

    def declarations(self, root: Node | None) -> Iterator[Declaration]:
        """Yield what can be read."""
        whole = self._fields(root, ("metrics",)) if root is not None else {}
        listed = whole.get("metrics")
        if isinstance(listed, SequenceNode) and listed.value:
            for node in listed.value:
                if (one := self._declaration(node)) is not None:
                    yield one
        elif not self.problems:
            self._problem(root, "nothing is declared here; write `metrics:` with a list, or remove the file")

    def _declaration(self, node: Node) -> Declaration | None:
        before = len(self.problems)
        fields = self._fields(node, FIELDS)
        texts = {name: self._text(field, name) for name, field in fields.items()}
        metric, pattern, kind = (texts.get(name, "") for name in ("metric", "pattern", "is"))
        if bool(metric) == bool(pattern):
            self._problem(node, "this names no metric; write either `metric:` or `pattern:`")
        elif metric and not METRIC_NAME.fullmatch(metric):
            self._problem(fields["metric"], f"{metric!r} is no metric name")
        if kind not in KINDS:
            said = f"{kind!r} says nothing of a metric" if kind else "this does not say what the metric is"
            self._problem(fields.get("is", node), f"{said}; write `is:` with one of {', '.join(KINDS)}")
        if not texts.get("reason", "").strip():
            self._problem(node, "this gives no reason; write `reason:` with a sentence")
        self._check_pattern(fields, pattern)
        number, every = self._unit(fields, texts), self._every(fields, texts)
        if len(self.problems) > before:
            return None
        return Declaration(
            metric=metric,
            pattern=pattern,
            kind=next(one for one in KINDS if one == kind),
            is_number=number,
            every=every,
            reason=texts["reason"].strip(),
            file=self.file,
            line=int(node.start_mark.line) + 1,
        )

    def _check_pattern(self, fields: dict[str, Node], pattern: str) -> None:
        try:
            re.compile(pattern)
        except re.error as error:
            self._problem(fields["pattern"], f"{pattern!r} is no regular expression: {error}")

    def _unit(self, fields: dict[str, Node], texts: dict[str, str]) -> bool:
        if "unit" not in texts:
            return False
        if texts["unit"] != "number" or texts.get("is") not in PACES:
            self._problem(fields["unit"], f"`unit:` can only be `number`, with {' or '.join(PACES)}")
        return True

    def _every(self, fields: dict[str, Node], texts: dict[str, str]) -> float | None:
        if "every" not in texts:
            return None
        if texts.get("is") != "own-pace":
            self._problem(fields["every"], "`every:` is for what is own-pace; remove it")
        try:
            return durations.seconds(texts["every"])
        except UsageError as error:
            self._problem(fields["every"], f"every: {error}")
            return None

    def _fields(self, node: Node | None, allowed: Sequence[str]) -> dict[str, Node]:
        if not isinstance(node, MappingNode):
            self._problem(node, f"here must be a mapping; it can have {', '.join(allowed)}")
            return {}
        fields: dict[str, Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if name not in allowed:
                self._problem(key, f"there is no field {name!r} here; there are {', '.join(allowed)}")
            elif name in fields:
                self._problem(key, f"{name!r} stands here twice; remove one")
            fields[name] = value
        return fields

    def _text(self, node: Node, name: str) -> str:
        if not isinstance(node, ScalarNode):
            self._problem(node, f"{name} must be a text")
            return ""
        return str(node.value)

    def _problem(self, node: Node | None, sentence: str) -> None:
        line = int(node.start_mark.line) + 1 if node is not None else 1
        self.problems.append(RulesError(sentence, file=self.file, line=line))
