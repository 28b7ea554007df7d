"""Terminal output as HTML: colours become classes, everything else that a terminal obeys is dropped.

Written here because the one library for it is under the LGPL, and a hundred lines do.
"""

import re
from html import escape

# Control sequences, operating system commands (titles, links), and two-character escapes.
_ESCAPE = re.compile(
    r"\x1b\[(?P<sgr>[\d;:]*)m"
    r"|\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]PX^_](?s:.*?)(?:\x1b\\|\x07|\Z)"
    r"|\x1b[ -/]*[0-~]"
    r"|\x1b"
)
_CONTROL = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"} | {0x7F: 0x2421}
# A lone surrogate can't be sent as UTF-8.
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)
_FLAGS = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "strike"}
_UNSET = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("inverse",), 29: ("strike",)}
_CUBE = (0, 95, 135, 175, 215, 255)


def to_html(text: str) -> str:
    """Return text with its colours as <span class="…">; nothing else in it is markup."""
    pieces, style, at = [], Style(), 0
    text = overwritten(text)
    for match in _ESCAPE.finditer(text):
        pieces.append(_span(text[at : match.start()], style.classes()))
        if match["sgr"] is not None:
            style.apply(match["sgr"])
        at = match.end()
    pieces.append(_span(text[at:], style.classes()))
    return "".join(pieces)


def plain(text: str) -> str:
    """Return text without escapes, as it would be read on a terminal without colours."""
    return _printable(_ESCAPE.sub("", overwritten(text)))


def overwritten(text: str) -> str:
    """Return text as it stands after carriage returns: what a progress bar wrote last."""
    if "\r" not in text:
        return text
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)


def _printable(text: str) -> str:
    return text.translate(_CONTROL).translate(_SURROGATES)


def _span(text: str, classes: str) -> str:
    if not text:
        return ""
    shown = escape(_printable(text))
    return f'<span class="{classes}">{shown}</span>' if classes else shown


class Style:
    """What the escapes so far have set."""

    def __init__(self) -> None:
        self._flags: set[str] = set()
        self._fore: int | None = None
        self._back: int | None = None

    def classes(self) -> str:
        """Return the style as CSS classes."""
        names = sorted(self._flags)
        if self._fore is not None:
            names.append(f"f{self._fore}")
        if self._back is not None:
            names.append(f"b{self._back}")
        return " ".join(names)

    def apply(self, parameters: str) -> None:
        """Obey one `ESC [ … m`."""
        # Longer numbers mean nothing, and Python refuses to read very long ones.
        codes = [int(word) if word and len(word) < 6 else 0 for word in re.split("[;:]", parameters)]  # noqa: PLR2004
        while codes:
            code = codes.pop(0)
            if code in (38, 48):
                self._set_extended(code, codes)
            else:
                self._set(code)

    def _set(self, code: int) -> None:
        if code == 0:
            self.__init__()  # type: ignore[misc]
        elif code in _FLAGS:
            self._flags.add(_FLAGS[code])
        elif code in _UNSET:
            self._flags.difference_update(_UNSET[code])
        elif 30 <= code <= 39:  # noqa: PLR2004  # ECMA-48's numbers, here and below
            self._fore = None if code == 39 else code - 30  # noqa: PLR2004
        elif 40 <= code <= 49:  # noqa: PLR2004
            self._back = None if code == 49 else code - 40  # noqa: PLR2004
        elif 90 <= code <= 97:  # noqa: PLR2004
            self._fore = code - 90 + 8
        elif 100 <= code <= 107:  # noqa: PLR2004
            self._back = code - 100 + 8

    def _set_extended(self, code: int, codes: list[int]) -> None:
        kind = codes.pop(0) if codes else 0
        if kind == 5 and codes:  # noqa: PLR2004
            colour = min(codes.pop(0), 255)
        elif kind == 2 and len(codes) >= 3:  # noqa: PLR2004
            colour = nearest(*(min(codes.pop(0), 255) for _ in range(3)))
        else:
            codes.clear()
            return
        if code == 38:  # noqa: PLR2004
            self._fore = colour
        else:
            self._back = colour


def nearest(red: int, green: int, blue: int) -> int:
    """Return the entry of the 256-colour cube nearest to a colour, so that a class can name it."""
    steps = [min(range(6), key=lambda step: abs(_CUBE[step] - value)) for value in (red, green, blue)]
    return 16 + 36 * steps[0] + 6 * steps[1] + steps[2]


def stylesheet() -> str:
    """Return the CSS for the colours 16 to 255; the page's own sheet names the first sixteen."""
    rules = []
    for number in range(16, 256):
        if number < 232:  # noqa: PLR2004  # above it: greys
            cube = number - 16
            colour = tuple(_CUBE[step] for step in (cube // 36, cube // 6 % 6, cube % 6))
        else:
            colour = (8 + 10 * (number - 232),) * 3
        shown = "#{:02x}{:02x}{:02x}".format(*colour)
        rules.append(f".f{number}{{color:{shown}}}.b{number}{{background:{shown}}}")
    return "\n".join(rules) + "\n"
