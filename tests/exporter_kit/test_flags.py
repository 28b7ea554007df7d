"""Flags as Go programs take them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter_kit.flags import two_dashes

NO_VALUE = frozenset({"h", "help", "check"})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("-period=60s echo -n", "--period=60s echo -n"),
        ("-period 60s -timeout 5s -- cmd -period=1s", "--period 60s --timeout 5s -- cmd -period=1s"),
        ("--period 60s cmd -x", "--period 60s cmd -x"),
        ("-listen-addr=:80 -check cmd -check", "--listen-addr=:80 --check cmd -check"),
        ("-h", "-h"),
        ("-listen-addr -:80 cmd", "--listen-addr -:80 cmd"),
        ("- -x", "- -x"),
        ("-period", "--period"),
        ("", ""),
    ],
)
def test_one_dash_becomes_two_up_to_the_command(given: str, expected: str) -> None:
    """Our flags are rewritten, the command's own never."""
    assert expected.split() == two_dashes(given.split(), without_value=NO_VALUE)


@given(st.lists(st.text()), st.lists(st.text()))
def test_the_command_is_left_alone(words: list[str], more: list[str]) -> None:
    """Whatever follows `--` arrives unchanged."""
    assert ["--", *words, *more] == two_dashes(["--", *words, *more], without_value=NO_VALUE)


@given(st.lists(st.text()))
def test_no_word_is_lost(words: list[str]) -> None:
    """Only dashes are added."""
    assert [word.lstrip("-") for word in words] == [
        word.lstrip("-") for word in two_dashes(words, without_value=NO_VALUE)
    ]
