"""The forms people have rules in, told apart by what is written.

a rule file            `groups:`, as Prometheus takes it, which reads the first document and no other
a ruler's file         the same with a `namespace:`, each document one
a ruler's answer       namespaces with their groups, as Mimir and Loki tell what they have
Kubernetes objects     PrometheusRule, and ConfigMap with rule files in it; alone, in a List or among
                       others, as kustomize and kubectl write them
a file of rule tests   `tests:` or `rule_files:`, which promtool runs
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from yaml.nodes import MappingNode, Node, ScalarNode

from alertdrill.errors import RulesError
from alertdrill.rules.documents import documents, field, is_null, items, line_of, word
from alertdrill.rules.values import Remark

Kind = Literal["rules", "tests", "objects", "other"]
OBJECT = "PrometheusRule"
SUFFIXES = (".yaml", ".yml")
RULES = re.compile(r".*\.rules\.ya?ml")
THESE_ARE_TESTS = "these are tests of rules and no rules; `alertdrill rules` runs them"
NAMES_MAX = 5  # of a file that is none of these, so many fields are told


@dataclass(frozen=True)
class Body:
    """A mapping that has `groups:`; `what` is its name in errors, `fields` those it may have beside them."""

    node: Node
    what: str
    fields: Sequence[str] = ()


@dataclass(frozen=True)
class Content:
    """What is in a file; `foreign` where Prometheus itself would not take it as it is.

    Of all kinds but `rules` there is a sentence about what is there instead, and its line: other Kubernetes
    objects, tests, or nothing known.
    """

    kind: Kind
    bodies: Sequence[Body] = ()
    foreign: bool = False
    remarks: Sequence[Remark] = ()
    instead: str = ""
    line: int = 0


def read(text: str, file: str) -> Content:
    """Return what is in a file's text; a text that is no YAML is a RulesError."""
    stream = documents(text, file)
    first = next(stream, None)
    if first is None or is_null(first):
        return _behind_nothing(stream, file)
    if _is_object(first):
        return _objects([first, *stream], file)
    if field(first, "groups") is not None:
        return _rule_file(first, stream, file)
    return _answer(first, file) if _is_ruler_answer(first) else _no_rules(first)


def _rule_file(first: Node, stream: Iterator[Node], file: str) -> Content:
    """Return a rule file, a ruler's if it has a namespace."""
    if field(first, "namespace") is None:
        return Content("rules", [Body(first, "a rule file")], remarks=_unread(stream, file))
    documents_ = [one for one in (first, *stream) if not is_null(one)]
    return Content("rules", [Body(one, "a ruler's file", ("namespace",)) for one in documents_], foreign=True)


def _no_rules(node: Node) -> Content:
    """Return that this is no rule file, and what it is instead."""
    if field(node, "tests") or field(node, "rule_files"):
        return Content("tests", instead=THESE_ARE_TESTS)
    pairs = node.value if isinstance(node, MappingNode) else []
    names = [str(key.value) if isinstance(key, ScalarNode) else "{…}" for key, _ in pairs]
    there = f"it has {', '.join(names[:NAMES_MAX])}" if names else "it is no mapping"
    more = " …" if len(names) > NAMES_MAX else ""
    if word(node, "kind") == OBJECT:
        more += ", but no `apiVersion`"
    sentence = f"this is no rule file: {there}{more}, and neither `groups` nor a {OBJECT}"
    return Content("other", instead=sentence, line=line_of(node))


def _is_object(node: Node) -> bool:
    return bool(word(node, "kind") and word(node, "apiVersion"))


def _behind_nothing(stream: Iterator[Node], file: str) -> Content:
    """Return what follows an empty document: objects are read, and rules are not, as by Prometheus."""
    second = next((one for one in stream if not is_null(one)), None)
    if second is not None and _is_object(second):
        return _objects([second, *stream], file)
    return Content("rules", remarks=[_second_document(second, file)] if second else [])


def _objects(found: Sequence[Node], file: str) -> Content:
    bodies: list[Body] = []
    for one in _flat(found):
        if word(one, "kind") == OBJECT and (spec := field(one, "spec")) is not None:
            bodies.append(Body(spec, f"the spec of a {OBJECT}"))
        elif word(one, "kind") == "ConfigMap":
            bodies += _files_within(field(one, "data"), file)
    if bodies:
        return Content("rules", bodies, foreign=True)
    return Content("objects", instead=f"no {OBJECT}, and no rule file, is among these Kubernetes objects")


def _files_within(data: Node | None, file: str) -> Iterator[Body]:
    """Yield the rule files that a ConfigMap holds; what a block says stands as many lines below its `|`."""
    for key, value in data.value if isinstance(data, MappingNode) else []:
        if isinstance(value, ScalarNode) and str(key.value).endswith(SUFFIXES) and "groups" in value.value:
            above = "\n" * (value.start_mark.line + (value.style == "|"))
            try:
                within = read(above + value.value, file)
            except RulesError:
                if RULES.fullmatch(key.value):
                    raise
                continue
            yield from within.bodies


def _flat(found: Sequence[Node]) -> Iterator[Node]:
    for one in found:
        if word(one, "kind").endswith("List") and field(one, "items") is not None:
            yield from _flat(items(field(one, "items")))
        else:
            yield one


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
    sentence = f"read as a ruler's answer, of the namespaces {names}"
    said = Remark(file=file, line=line_of(node), sentence=sentence)
    return Content("rules", bodies, foreign=True, remarks=[said])


def _unread(stream: Iterator[Node], file: str) -> list[Remark]:
    """Return a remark where something follows the first document of a rule file."""
    try:
        other = next((one for one in stream if not is_null(one)), None)
    except RulesError as error:
        return [_second_document(error, file)]
    return [_second_document(other, file)] if other else []


def _second_document(there: Node | RulesError, file: str) -> Remark:
    line = there.line if isinstance(there, RulesError) else line_of(there)
    sentence = "Prometheus reads only the first document of a rule file, and this is another; give it a file"
    return Remark(file=file, line=line, sentence=sentence)
