"""Secrets hidden in text, even where the text is cut."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from exporter_kit.escapes import COLOUR, ESCAPE, bare

HIDDEN = "•••"
# How far a secret may reach across a cut and still be hidden whole.
REACH = 8192
SECRET_VALUE_CHARS_MIN = 6

# What looks like a secret wherever it stands. The group called `keep`, where there is one, stays readable.
# Each begins where the text before it can't be part of it: that keeps the search linear in hostile output.
DEFAULT = (
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)",
    (
        r"(?i)(?P<keep>(?<![\w-])[\w-]*(?:passw(?:or)?d|secret|token|(?:api|access)[_-]?key)[\w-]{0,20}"
        r"\\{0,3}[\"']?\s{0,4}(?::=|=>|[:=])\s{0,4}\\{0,3}[\"']?)"
        # JSON within JSON, a text in quotes, a word.
        r"(?:(?<=\\[\"'])[^\"'\\\n]+|(?<=\")(?:[^\"\\\n]|\\.)+|(?<=')[^'\n]+|(?:[^\s\"',;}]|\}(?=\w))+)"
    ),
    # An option and its value as two words, as a shell or a list has them; '\'' is a quote within quotes.
    (
        r"(?i)(?P<keep>(?<![\w-])-[\w-]*(?:passw(?:or)?d|secret|token|(?:api|access)[_-]?key)[\w-]{0,20}"
        r"(?<!file)(?<!path)(?<!stdin)[\"']?,?[ \t]{1,4})(?!-)"
        r"(?:'\\''[^'\n]*(?:'\\'')?|'(?:[^'\n]|'\\'')*'?|\"(?:[^\"\\\n]|\\.)*\"?|[^\s\"']+)"
    ),
    r"(?i)(?P<keep>\b(?:bearer|basic)\s{1,4})[A-Za-z0-9+/=._~-]{8,}",
    r"(?i)(?P<keep>(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*://[^\s:/@]{0,200}:)[^\s/]{1,500}(?=@)",
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    r"\bgh[pousr]_[A-Za-z0-9]{20,}",
    r"\bglpat-[A-Za-z0-9_-]{20,}",
    r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*",
)
SECRET_NAME = re.compile(
    r"(?i)passw|passphrase|(?:^|_)pass(?:_|$)|_pwd(?:_|$)|secret|token|credential|api_?key|access_?key|private"
)


@dataclass(frozen=True)
class Masks:
    """A set of patterns; whatever one of them matches is hidden."""

    patterns: tuple[re.Pattern[str], ...] = ()

    @classmethod
    def of(cls, expressions: Iterable[str]) -> "Masks":
        """Compile expressions; one that can't be compiled is a ValueError that names it."""
        found = []
        for expression in expressions:
            try:
                found.append(re.compile(expression))
            except re.error as error:
                raise ValueError(f"the mask {expression!r} is not a regular expression: {error}") from None
        return cls(tuple(found))

    def with_values(self, values: Iterable[str]) -> "Masks":
        """Hide these texts too, wherever they stand."""
        longest_first = sorted({value for value in values if value}, key=len, reverse=True)
        return Masks((*self.patterns, *(re.compile(re.escape(value)) for value in longest_first)))

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return what must be hidden, in order, none touching another."""
        if ESCAPE not in text:
            return _merged(self._found(text))
        # A colour ends in a letter, which would be taken for the first one of the secret after it.
        return _merged(view.span(*found) for view in bare(text) for found in self._found(view.text))

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        for pattern in self.patterns:
            for match in pattern.finditer(text):
                start = match.end("keep") if "keep" in pattern.groupindex else match.start()
                if match.end() > start:
                    yield start, match.end()

    def hide(self, text: str, start: int = 0, end: int | None = None) -> str:
        """Return the part of a text from `start` to `end` with every secret hidden whole.

        A secret that reaches across a cut is hidden there, as all of the text is searched. The colours that
        change within one stay, for what follows it.
        """
        end = len(text) if end is None else end
        pieces, at = [], start
        for begins, ends in self.spans(text):
            if ends <= start or begins >= end:
                continue
            pieces += [text[at : max(begins, at)], HIDDEN]
            at = min(ends, end)
            pieces += COLOUR.findall(text, max(begins, start), at)
        pieces.append(text[at:end])
        return "".join(pieces)


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def secret_values(environment: Mapping[str, str]) -> Sequence[str]:
    """Return the values that an environment gives to names like PASSWORD or API_KEY."""
    return [
        value
        for name, value in environment.items()
        if SECRET_NAME.search(name) and len(value) >= SECRET_VALUE_CHARS_MIN
    ]
