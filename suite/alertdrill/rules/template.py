"""Mistakes in the Go templates of labels and annotations, which Prometheus shows only when an alert fires.

This reads the words of each `{{ … }}`: an unknown variable, function or field, and a block that is not
closed. Of types it knows those of an alert's own data: `.` where no `with` and no `range` has changed it,
`$`, and the four variables. Labels are texts and have no fields; a value may be a histogram, which has.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

VARIABLES = ("$labels", "$value", "$externalLabels", "$externalURL")
FIELDS = (".Labels", ".Value", ".ExternalLabels", ".ExternalURL")
OPENING = frozenset({"if", "range", "with", "define", "block"})
KEYWORDS = OPENING | {"else", "end", "template", "break", "continue", "nil", "true", "false"}
# fmt: off
OF_GO = frozenset({
    "and", "call", "html", "index", "slice", "js", "len", "not", "or", "print", "printf", "println",
    "urlquery", "eq", "ge", "gt", "le", "lt", "ne",
})
OF_PROMETHEUS = frozenset({
    "query", "first", "label", "value", "strvalue", "args", "reReplaceAll", "safeHtml", "match", "title",
    "toUpper", "toLower", "graphLink", "tableLink", "sortByLabel", "stripPort", "stripDomain", "humanize",
    "humanize1024", "humanizeDuration", "humanizePercentage", "humanizeTimestamp", "toTime", "toDuration",
    "now", "pathPrefix", "externalURL", "parseDuration", "urlQueryEscape",
})
# fmt: on
KNOWN = KEYWORDS | OF_GO | OF_PROMETHEUS

# How many names may follow: a label's name, and nothing.
DEPTHS = {"Labels": 1, "ExternalLabels": 1, "ExternalURL": 0}
DEPTHS_OF_VARIABLES = {"$labels": 1, "$externalLabels": 1, "$externalURL": 0}
CONTROLS = OPENING | {"else", "end"}

ACTION = re.compile(
    r"\{\{(?P<body>(?:\"(?:\\.|[^\"\\\n])*\"|`[^`]*`|/\*.*?\*/|(?!\}\})[^\"`])*)\}\}", re.DOTALL
)
TOKEN = re.compile(
    r"(?P<skip>\s+|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|`[^`]*`|'(?:\\.|[^'\\\n])+'|[-+]?\.?\d[\w.+]*|=(?!=)|[|(,-]"
    r"|\)(?:\.\w+)*)"
    r"|(?P<declare>\$\w*(?=\s*(?::=|,\s*\$\w+\s*:=)))"
    r"|(?P<walrus>:=)"
    r"|(?P<variable>\$\w*)(?P<of_variable>(?:\.\w+)*)"
    r"|(?P<field>\.\w*(?:\.\w+)*)"
    r"|(?P<word>[^\W\d]\w*)(?:\.\w+)*",
    re.DOTALL,
)
OUTSIDE = re.compile(r"\$(?:labels?|values?|external(?:Labels?|URL))\b")


@dataclass(frozen=True)
class Word:
    """What matters in an action; `kind` is a group of TOKEN, or "bad" for what no template knows."""

    kind: str
    text: str
    names: tuple[str, ...] = ()  # the fields that follow a variable


@dataclass
class Scope:
    """What is known at a place: the variables, the open blocks, and whether `.` and `$` are the alert's data.

    `open` has for each block what it began with, and whether `.` was the alert's data before it.
    """

    declared: set[str] = field(default_factory=lambda: {"$"})
    open: list[tuple[str, bool]] = field(default_factory=list)
    dot: bool = True
    root: bool = True

    def enter(self, words: Sequence[Word]) -> bool:
        """Follow the blocks that an action opens and closes; False for an end of nothing."""
        controls = [word.text for word in words if word.kind == "word" and word.text in CONTROLS]
        control = controls[0] if controls else ""
        if control in OPENING:
            self.open.append((control, self.dot))
            self._change(control)
        elif control == "else" and self.open:
            self.dot = self.open[-1][1]
            self._change(controls[1] if len(controls) > 1 else "")
        elif control == "end":
            if not self.open:
                return False
            kind, self.dot = self.open.pop()
            self.root = self.root or kind in {"define", "block"}
        return True

    def _change(self, control: str) -> None:
        if control in {"with", "range", "define", "block"}:
            self.dot = False
        if control in {"define", "block"}:
            self.root = False


def mistakes(text: str) -> list[str]:
    """Return a sentence for every mistake in a template; `[]` is a good one."""
    if "{{" in ACTION.sub("", text):
        return ["{{ is never closed; add }}"]
    found: list[str] = []
    scope = Scope()
    for action in ACTION.finditer(text):
        words = list(_words(action["body"]))
        scope.declared.update(word.text for word in words if word.kind == "declare")
        found += _unknown(words, scope)
        if not scope.enter(words):
            found.append("{{ end }} closes nothing; remove it")
    if scope.open:
        found.append("a block is never closed; add {{ end }}")
    return found


def doubts(text: str, *, of_label: bool) -> list[str]:
    """Return a sentence for what Prometheus takes, and nobody means."""
    found = [
        f"{outside} stands outside of {{{{ }}}} and is shown as it is; put it inside"
        for outside in OUTSIDE.findall(ACTION.sub("", text))
    ]
    if of_label and any(_shows_value(list(_words(action["body"]))) for action in ACTION.finditer(text)):
        found.append(
            "each new value makes another instance of the alert, whose `for` begins anew; say the value in an"
            " annotation"
        )
    return found


def _shows_value(words: Sequence[Word]) -> bool:
    """Say whether an action writes the value itself; one that decides by it makes few labels."""
    if any(word.kind == "declare" or word.text in CONTROLS for word in words):
        return False
    return any(
        word.text == ".Value" or (word.text, *word.names) in {("$value",), ("$", "Value")} for word in words
    )


def _words(body: str) -> Iterator[Word]:
    body = body.removeprefix("-").removesuffix("-")
    position = 0
    while position < len(body):
        token = TOKEN.match(body, position)
        if not token:
            yield Word("bad", body[position])
            return
        if token["variable"] is not None:
            yield Word("variable", token["variable"], tuple(filter(None, token["of_variable"].split("."))))
        elif token.lastgroup and token.lastgroup not in {"skip", "walrus"}:
            yield Word(token.lastgroup, token[token.lastgroup])
        position = token.end()


def _unknown(words: Sequence[Word], scope: Scope) -> Iterator[str]:
    for word in words:
        if word.kind == "variable" and word.text not in {*scope.declared, *VARIABLES}:
            yield f"there is no variable {word.text}{_meant(word.text, VARIABLES)}"
        elif word.kind == "variable" and word.text == "$" and scope.root:
            yield from _unknown_field(word.names)
        elif word.kind == "variable" and word.text not in scope.declared:
            yield from _too_deep(word.text, word.names, DEPTHS_OF_VARIABLES)
        elif word.kind == "field" and scope.dot:
            yield from _unknown_field(tuple(filter(None, word.text.split("."))))
        elif word.kind == "word" and word.text not in KNOWN:
            yield f"there is no template function {word.text}{_meant(word.text, sorted(KNOWN))}"
        elif word.kind == "bad":
            yield f"the character {word.text!r} has no meaning inside {{{{ }}}}"


def _unknown_field(names: Sequence[str]) -> Iterator[str]:
    """Yield what is wrong with a field of an alert's data."""
    if names and f".{names[0]}" not in FIELDS:
        yield f"an alert has no .{names[0]}, and the whole text breaks; it has {', '.join(FIELDS)}"
    elif names:
        yield from _too_deep(f".{names[0]}", names[1:], {f".{name}": depth for name, depth in DEPTHS.items()})


def _too_deep(what: str, names: Sequence[str], depths: Mapping[str, int]) -> Iterator[str]:
    depth = depths.get(what, len(names))
    if len(names) > depth:
        whole = ".".join([what, *names[:depth]])
        yield f"{whole} has no .{names[depth]}, and the whole text breaks; {_remedy(what, names)}"


def _remedy(what: str, names: Sequence[str]) -> str:
    return (
        f'write {{{{ index {what} "{".".join(names)}" }}}} for a name with dots'
        if "abels" in what
        else "remove it"
    )


def _meant(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"; write {near[0]}" if near else "; Prometheus would refuse the template"
