"""Text without the escapes that a terminal obeys, and the way back to where its letters stood."""

import re
from bisect import bisect_right
from collections.abc import Iterator

ESCAPE = "\x1b"
COLOUR = re.compile(r"\x1b\[[\d;:]*m")
_SEQUENCE = r"\x1b\[[0-?]*[ -/]*[@-~]"
# Titles and links hold text of their own. None of these can begin twice in the same letters: that keeps the
# search linear in hostile output.
_AS_READ = re.compile(rf"{_SEQUENCE}|\x1b[\]PX^_](?:[^\x1b\x07]*(?:\x1b\\|\x07))?|\x1b[ -/]*[0-~]|\x1b")
_WITH_TITLES = re.compile(rf"{_SEQUENCE}|(?<=\x1b)[\]PX^_\\]|\x1b[ -/]*(?![\]PX^_\\])[0-~]")


class Bare:
    """What is left of a text when all that a pattern matches is taken out."""

    def __init__(self, text: str, pattern: re.Pattern[str]) -> None:
        pieces: list[str] = []
        self._mine: list[int] = []
        self._theirs: list[int] = []
        at = length = 0
        for begins, ends in [*(match.span() for match in pattern.finditer(text)), (len(text), len(text))]:
            self._mine.append(length)
            self._theirs.append(at)
            pieces.append(text[at:begins])
            length += begins - at
            at = ends
        self.text = "".join(pieces)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where a part of `text` stood, escapes within it included, those around it not."""
        return self._place(start), self._place(end - 1) + 1

    def _place(self, at: int) -> int:
        piece = bisect_right(self._mine, at) - 1
        return self._theirs[piece] + at - self._mine[piece]


def bare(text: str) -> Iterator[Bare]:
    """Yield a text as it is read on a terminal, then once more with the words of its titles and links."""
    for pattern in (_AS_READ, _WITH_TITLES):
        yield Bare(text, pattern)
