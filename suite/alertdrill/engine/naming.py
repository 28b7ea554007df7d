"""Which metrics an expression names, and the same expression with others in their place.

By its words, not by its tree: what is recorded must be found in every expression that Prometheus takes, also
in those that no other parser reads.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

TOKEN = re.compile(
    r"""(?P<skip>\s+|\#[^\n]*|(?<![\w:.])[0-9][\w.]*)
    |(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`]*`)
    |(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)
    |(?P<match>=~|!~|!=|==|<=|>=|<|>)
    |(?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)
GROUPING = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})


class Named(NamedTuple):
    """A place in an expression that says which metrics it reads.

    `pattern` is None where one is named; else a regular expression for whole names, `""` for all of them.
    """

    start: int
    end: int
    name: str
    pattern: str | None = None


class _Word(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


def reads(expression: str, names: Iterable[str]) -> frozenset[str]:
    """Return those of the names that an expression may read."""
    found = list(_named(expression))
    return frozenset(name for name in names if any(_takes(one, name) for one in found))


def by_pattern(expression: str, names: Iterable[str]) -> frozenset[str]:
    """Return those of the names that an expression may read without saying them."""
    found = [one for one in _named(expression) if one.pattern is not None]
    return frozenset(name for name in names if any(_takes(one, name) for one in found))


def renamed(expression: str, names: Mapping[str, str]) -> str:
    """Return the expression with each metric that `names` has under its other name."""
    parts, rest = [], 0
    for one in _named(expression):
        if one.pattern is None and one.name in names:
            quoted = expression[one.start] in "\"'`"
            other = json.dumps(names[one.name]) if quoted else names[one.name]
            parts += [expression[rest : one.start], other]
            rest = one.end
    return "".join([*parts, expression[rest:]])


def _takes(one: Named, name: str) -> bool:
    if one.pattern is None:
        return one.name == name
    try:
        return re.fullmatch(one.pattern or ".*", name, re.DOTALL) is not None
    except re.error:  # in words that only Go knows
        return True


def _words(expression: str) -> list[_Word]:
    found = []
    for token in TOKEN.finditer(expression):
        kind = token.lastgroup or ""
        if kind != "skip":
            found.append(_Word(kind, token[0], token.start(), token.end()))
    return found


def _named(expression: str) -> Iterator[Named]:
    words = _words(expression)
    place = 0
    while place < len(words):
        word = words[place]
        after = words[place + 1].text if place + 1 < len(words) else ""
        if word.kind == "name" and word.text in GROUPING and after == "(":
            while place < len(words) and words[place].text != ")":
                place += 1
        elif word.kind == "name" and after != "(":
            yield Named(word.start, word.end, word.text)
            if after == "{":
                place = _closing(words, place + 1)
        elif word.text == "{":
            closing = _closing(words, place)
            yield from _within(words[place + 1 : closing])
            place = closing
        place += 1


def _closing(words: list[_Word], place: int) -> int:
    while place < len(words) and words[place].text != "}":
        place += 1
    return place


def _within(words: list[_Word]) -> Iterator[Named]:
    """Yield what the braces of a selector without a name before them say of its name."""
    said = False
    for place, word in enumerate(words):
        before = words[place - 1].text if place else ","
        after = words[place + 1].text if place + 1 < len(words) else ","
        if word.kind == "text" and before == "," and after == ",":
            said = True
            yield Named(word.start, word.end, _content(word))
        elif word.text.strip("\"'`") == "__name__" and after in {"=", "=~"} and place + 2 < len(words):
            said = True
            value = words[place + 2]
            if after == "=":
                yield Named(value.start, value.end, _content(value))
            else:
                yield Named(value.start, value.end, "", _content(value))
    if not said and words:
        yield Named(words[0].start, words[-1].end, "", "")


def _content(word: _Word) -> str:
    if word.text.startswith("`"):
        return word.text[1:-1]
    try:
        return str(json.loads(f'"{word.text[1:-1]}"'))
    except ValueError:
        return word.text[1:-1]
