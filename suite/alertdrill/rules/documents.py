"""YAML as Prometheus reads it, which takes tabs between words and merged mappings; nodes know their line."""

import re
from collections.abc import Iterator

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from alertdrill.errors import RulesError

NULL = "tag:yaml.org,2002:null"
HELM = re.compile(r"^\s*\{\{-? *(?:/\*|if|range|with|define|include|\$|end)", re.MULTILINE)
MERGE = "tag:yaml.org,2002:merge"


class Loader(yaml.SafeLoader):
    """PyYAML's loader, with the tabs that YAML has as white space; PyYAML itself ends at each.

    Its sister in C takes them, and dies of very deep nesting.
    """

    def scan_to_next_token(self) -> None:
        """Skip what is between two tokens; at a line's start a tab would be an indentation, so it stays."""
        super().scan_to_next_token()
        while self.peek() == "\t" and (self.flow_level or not self.allow_simple_key):
            self.forward()
            super().scan_to_next_token()

    def scan_plain_spaces(self, indent: int, start_mark: yaml.Mark) -> list[str] | None:
        """Return the white space between two words of a text without quotes."""
        length = 0
        while self.peek(length) in " \t":
            length += 1
        blanks = self.prefix(length)
        self.forward(length)
        folded: list[str] | None = super().scan_plain_spaces(indent, start_mark)
        return [blanks] if folded == [] and blanks else folded


def documents(text: str, file: str) -> Iterator[Node]:
    """Yield the documents of a text one by one; where one can't be read, that is a RulesError."""
    try:
        loader = Loader(text)
        while loader.check_node():
            node = loader.get_node()
            assert node is not None, "it was there when we looked"
            yield node
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        why = " ".join(filter(None, (error.context, error.problem)))
        helm = "; a Helm template must be rendered first, by `helm template`" if HELM.search(text) else ""
        raise RulesError(f"this is no YAML: {why}{helm}", file=file, line=line) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise RulesError(
            f"this is no YAML: the character {error.character!r} is not allowed", file=file, line=line
        ) from error
    except RecursionError as error:
        raise RulesError("this YAML is nested too deeply for a rule file", file=file) from error


def line_of(node: Node) -> int:
    """Return the line a node starts at, counted from 1."""
    return int(node.start_mark.line) + 1


def is_null(node: Node) -> bool:
    """Say whether nothing is written here."""
    return isinstance(node, ScalarNode) and node.tag == NULL


def field(node: Node, name: str) -> Node | None:
    """Return the value of a mapping's field, None where it has none."""
    pairs = node.value if isinstance(node, MappingNode) else []
    return next((value for key, value in pairs if isinstance(key, ScalarNode) and key.value == name), None)


def word(node: Node, name: str) -> str:
    """Return a mapping's field where it is a text."""
    value = field(node, name)
    return str(value.value) if isinstance(value, ScalarNode) else ""


def items(node: Node | None) -> list[Node]:
    """Return the items of a list; anything else has none."""
    return list(node.value) if isinstance(node, SequenceNode) else []
