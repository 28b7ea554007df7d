"""Colours become classes; nothing else in output is markup."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prom_run.pages.ansi import nearest, plain, stylesheet, to_html

ESC = "\x1b"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("<b>&\"'", "&lt;b&gt;&amp;&quot;&#x27;"),
        (f"{ESC}[31mred{ESC}[0m.", '<span class="f1">red</span>.'),
        (f"{ESC}[1;32mok{ESC}[m", '<span class="bold f2">ok</span>'),
        (f"{ESC}[1mA{ESC}[22mB", '<span class="bold">A</span>B'),
        (f"{ESC}[97;44mx{ESC}[39;49my", '<span class="f15 b4">x</span>y'),
        (f"{ESC}[38;5;208mx", '<span class="f208">x</span>'),
        (f"{ESC}[48;2;255;0;0mx", '<span class="b196">x</span>'),
        (f"{ESC}[38;5mx", "x"),
        (f"a{ESC}[2Kb{ESC}[10;3Hc", "abc"),
        (f"{ESC}]0;title\x07a{ESC}]8;;http://x{ESC}\\link{ESC}]8;;{ESC}\\", "alink"),
        (f"{ESC}(Ba{ESC}=b{ESC}", "ab"),
        ("10%\r50%\r100%\ndone\r\n", "100%\ndone\n"),
        ("nul\0bel\x07del\x7f", "nul␀bel␇del␡"),
        (f"{ESC}[999999999999999999999999mx", "x"),
    ],
)
def test_escapes_become_classes_or_nothing(text: str, expected: str) -> None:
    """What a terminal shows is what the page shows."""
    assert expected == to_html(text)


class Strict(HTMLParser):
    """Collects text, and fails on anything but a classed span that is closed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.open = "", 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Allow a span with plain classes."""
        assert (tag, "class") == (tag, attrs[0][0])
        assert tag == "span"
        assert re.fullmatch(r"[a-z0-9 ]+", attrs[0][1] or "")
        assert len(attrs) == 1
        self.open += 1

    def handle_endtag(self, tag: str) -> None:
        """Count it off."""
        assert tag == "span"
        self.open -= 1

    def handle_data(self, data: str) -> None:
        """Collect."""
        self.text += data


terminal = st.lists(
    st.sampled_from([f"{ESC}[", f"{ESC}]", "31m", "38;5;9m", ";", "\r", "\n", "<i>", "&amp;", ESC, "x"])
)


@given(st.text() | terminal.map("".join))
@example(f"{ESC}]unfinished <script>")
def test_any_text_gives_well_formed_html(text: str) -> None:
    """Whatever a command prints, the page holds its text and spans, nothing else."""
    parser = Strict()
    parser.feed(to_html(text))
    parser.close()
    assert parser.open == 0
    assert plain(text) == parser.text
    assert plain(text) == unescape(re.sub(r"</?span[^>]*>", "", to_html(text)))


@given(st.binary())
def test_any_bytes_can_be_sent(raw: bytes) -> None:
    """HTML made of any bytes can be encoded, and holds no control character but tab and newline."""
    html = to_html(raw.decode("utf-8", "surrogateescape"))
    html.encode()
    assert not [letter for letter in html if letter < " " and letter not in "\t\n"]


@pytest.mark.parametrize(
    ("rgb", "number"), [((0, 0, 0), 16), ((255, 255, 255), 231), ((255, 0, 0), 196), ((10, 90, 140), 24)]
)
def test_a_colour_becomes_its_nearest_class(rgb: tuple[int, int, int], number: int) -> None:
    """Every colour has a class near to it."""
    assert number == nearest(*rgb)


def test_every_class_has_a_rule() -> None:
    """The sheet names the colours 16 to 255, fore and back."""
    sheet = stylesheet()
    assert "#ff0000" in next(line for line in sheet.splitlines() if ".f196{" in line)
    assert all(f".f{number}{{" in sheet and f".b{number}{{" in sheet for number in range(16, 256))
