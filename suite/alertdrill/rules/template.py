"""Mistakes in the Go templates of labels and annotations, which Prometheus shows only when an alert fires.

This reads the words of each `{{ … }}`, not its types: an unknown variable or function, a block that is not
closed, and a variable that stands outside of braces and so reaches people as it is written.
"""

import difflib
import re
from collections.abc import Iterator, Sequence

VARIABLES = ("$labels", "$value", "$externalLabels", "$externalURL")
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
    "now", "pathPrefix", "externalURL", "parseDuration", "tmpl", "urlQueryEscape",
})
# fmt: on
KNOWN = KEYWORDS | OF_GO | OF_PROMETHEUS

ACTION = re.compile(
    r"\{\{(?P<body>(?:\"(?:\\.|[^\"\\\n])*\"|`[^`]*`|/\*.*?\*/|(?!\}\})[^\"`])*)\}\}", re.DOTALL
)
TOKEN = re.compile(
    r"(?P<skip>\s+|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|`[^`]*`|'(?:\\.|[^'\\\n])+'|[-+]?\.?\d[\w.+]*|=(?!=)|[|(),-])"
    r"|(?P<declare>\$\w*(?=\s*(?::=|,\s*\$\w+\s*:=)))"
    r"|(?P<walrus>:=)"
    r"|(?P<variable>\$\w*)(?:\.\w+)*"
    r"|(?P<field>\.\w*)(?:\.\w+)*"
    r"|(?P<word>[^\W\d]\w*)(?:\.\w+)*",
    re.DOTALL,
)
OUTSIDE = re.compile(r"\$(?:labels?|values?|external(?:Labels?|URL))\b")


def mistakes(text: str) -> list[str]:
    """Return a sentence for every mistake in a template; `[]` is a good one."""
    plain = ACTION.sub("", text)
    if "{{" in plain:
        return ["{{ is never closed; add }}"]
    found = [
        f"{outside} stands outside of {{{{ }}}} and is shown as it is; put it inside"
        for outside in OUTSIDE.findall(plain)
    ]
    declared = {"$"}
    depth = 0
    for action in ACTION.finditer(text):
        words = list(_words(action["body"]))
        declared.update(word for kind, word in words if kind == "declare")
        found += _unknown(words, declared)
        opening = next((word for kind, word in words if kind == "word"), "")
        depth += (opening in OPENING) - (opening == "end")
        if depth < 0:
            found.append("{{ end }} closes nothing; remove it")
            depth = 0
    if depth:
        found.append("a block is never closed; add {{ end }}")
    return found


def _words(body: str) -> Iterator[tuple[str, str]]:
    """Yield (kind, text) of what matters in an action; a character no template knows is kind "bad"."""
    body = body.removeprefix("-").removesuffix("-")
    position = 0
    while position < len(body):
        token = TOKEN.match(body, position)
        if not token:
            yield "bad", body[position]
            return
        if token.lastgroup and token.lastgroup not in {"skip", "walrus"}:
            yield token.lastgroup, token[token.lastgroup]
        position = token.end()


def _unknown(words: list[tuple[str, str]], declared: set[str]) -> Iterator[str]:
    for kind, word in words:
        if kind == "variable" and word not in declared and word not in VARIABLES:
            yield f"there is no variable {word}{_meant(word, VARIABLES)}"
        elif kind == "word" and word not in KNOWN:
            yield f"there is no template function {word}{_meant(word, sorted(KNOWN))}"
        elif kind == "bad":
            yield f"the character {word!r} has no meaning inside {{{{ }}}}"


def _meant(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"; write {near[0]}" if near else "; Prometheus would refuse the template"
