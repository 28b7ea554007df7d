"""The forms people have rules in, told apart by what is written.

    a rule file            `groups:`, as Prometheus takes it; it reads the first document and no other
    a ruler's file         the same with a `namespace:`, each document one; or a ruler's answer, namespace → groups
    Kubernetes objects     PrometheusRule, alone, in a List or among others, as kustomize and kubectl write them
    a file of rule tests   `tests:` or `rule_files:`, which promtool runs
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from yaml.nodes import MappingNode, Node, ScalarNode

from alertdrill.errors import RulesError
from alertdrill.rules.documents import documents, field, is_null, items, line_of, word
from alertdrill.rules.values import Remark

Kind = Literal["rules", "tests", "objects", "other"]
OBJECT = "PrometheusRule"


@dataclass(frozen=True)
class Body:
    """A mapping that has `groups:`; `what` is its name in errors, `fields` those it may have beside them."""

    node: Node
    what: str
    fields: Sequence[str] = ()


@dataclass(frozen=True)
class Content:
    """What is in a file; `foreign` where Prometheus itself would not take it as it is.

    A file of `objects` has no rules among them, and one of kind `other` is nothing known.
    """

    kind: Kind
    bodies: Sequence[Body] = ()
    foreign: bool = False
    remarks: Sequence[Remark] = ()


def read(text: str, file: str) -> Content:
    """Return what is in a file's text; a text that is no YAML is a RulesError."""
    stream = documents(text, file)
    first = next(stream, None)
    if first is None or is_null(first):
        return _behind_nothing(stream)
    if word(first, "kind") and word(first, "apiVersion"):
        return _objects([first, *stream])
    if _is_ruler_file(first):
        bodies = [Body(one, "a ruler's file", ("namespace",)) for one in (first, *stream) if not is_null(one)]
        return Content("rules", bodies, foreign=True)
    if _is_ruler_answer(first):
        return _answer(first, file)
    if field(first, "groups") is None and (field(first, "tests") or field(first, "rule_files")):
        return Content("tests")
    kind: Kind = "other" if field(first, "groups") is None else "rules"
    return Content(kind, [Body(first, "a rule file")], remarks=_unread(stream, file))


def _behind_nothing(stream: Iterator[Node]) -> Content:
    """Return what follows an empty document: objects are read, and rules are not, as by Prometheus."""
    rest = [one for one in stream if not is_null(one)]
    if rest and word(rest[0], "kind") and word(rest[0], "apiVersion"):
        return _objects(rest)
    return Content("rules")


def _objects(found: Sequence[Node]) -> Content:
    specs = [
        Body(spec, f"the spec of a {OBJECT}")
        for one in _flat(found)
        if word(one, "kind") == OBJECT and (spec := field(one, "spec")) is not None
    ]
    return Content("rules" if specs else "objects", specs, foreign=True)


def _flat(found: Sequence[Node]) -> Iterator[Node]:
    for one in found:
        if word(one, "kind").endswith("List") and field(one, "items") is not None:
            yield from _flat(items(field(one, "items")))
        else:
            yield one


def _is_ruler_file(node: Node) -> bool:
    return field(node, "groups") is not None and field(node, "namespace") is not None


def _is_ruler_answer(node: Node) -> bool:
    """Say whether every field of a mapping is a list of groups, and none of them is called so."""
    values = [value for _, value in node.value] if isinstance(node, MappingNode) else []
    return bool(values and field(node, "groups") is None) and all(
        items(value) and all(field(one, "name") and field(one, "rules") for one in items(value))
        for value in values
    )


def _answer(node: Node, file: str) -> Content:
    """Return each namespace of a ruler's answer as a mapping that has its groups.

    The namespaces are said: a field of a rule file with a typing error would look like one.
    """
    bodies = []
    for key, groups in node.value:
        name = ScalarNode(key.tag, "groups", key.start_mark, key.end_mark)
        mapping = MappingNode(node.tag, [(name, groups)], key.start_mark, groups.end_mark)
        bodies.append(Body(mapping, "a ruler's answer"))
    names = ", ".join(str(key.value) for key, _ in node.value)
    said = Remark(file=file, line=line_of(node), sentence=f"read as a ruler's answer, of the namespaces {names}")
    return Content("rules", bodies, foreign=True, remarks=[said])


def _unread(stream: Iterator[Node], file: str) -> list[Remark]:
    """Return a remark where something follows the first document of a rule file."""
    sentence = "Prometheus reads the first document of a rule file only, and this is another; give it a file"
    try:
        other = next((one for one in stream if not is_null(one)), None)
    except RulesError as error:
        return [Remark(file=file, line=error.line, sentence=sentence)]
    return [Remark(file=file, line=line_of(other), sentence=sentence)] if other else []
